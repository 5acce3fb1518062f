-- The index gets another name, and its column is dropped and added.
CREATE TABLE t (id int PRIMARY KEY, a bit(4), v int GENERATED ALWAYS AS (id + 1) STORED, KEY new_name (v), KEY stays (v, id));
