CREATE TABLE t (id int PRIMARY KEY, a bit(4), v int GENERATED ALWAYS AS (id + 1) VIRTUAL, KEY old_name (v), KEY stays (v, id));
