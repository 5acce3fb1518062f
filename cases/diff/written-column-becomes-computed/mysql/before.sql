CREATE TABLE t (a int PRIMARY KEY, v int, s int, x int GENERATED ALWAYS AS (a + 1) STORED, b int, KEY by_v (v, b), CONSTRAINT small CHECK (v < 10000000));
