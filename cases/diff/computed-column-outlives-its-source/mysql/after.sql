-- What was computed is written from now on and keeps its values; the columns that it came from go.
-- lost: t.a: All values of the column are lost.
-- lost: t.b: All values of the column are lost.
CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL DEFAULT 5, s bigint, CONSTRAINT small CHECK (s < 1000000000));
