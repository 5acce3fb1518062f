-- lost: t.s: The values that were written into it are lost: it is computed from now on.
-- lost: t.v: The values that were written into it are lost: it is computed from now on.
CREATE TABLE t (a int PRIMARY KEY, v int GENERATED ALWAYS AS (a DIV 1000) VIRTUAL, s int GENERATED ALWAYS AS (a DIV 1000) STORED, x int GENERATED ALWAYS AS (a + 1) VIRTUAL, b int, KEY by_v (v, b), CONSTRAINT small CHECK (v < 10000000));
