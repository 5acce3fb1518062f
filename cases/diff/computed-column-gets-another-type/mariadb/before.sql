CREATE TABLE t (id int PRIMARY KEY, v bigint GENERATED ALWAYS AS (id + 9) VIRTUAL, KEY by_v (v));
