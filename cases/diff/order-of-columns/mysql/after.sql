-- lost: t.c: All values of the column are lost.
-- contains: ADD COLUMN `x` int
CREATE TABLE t (x int, id int NOT NULL, a int, y varchar(9) NOT NULL DEFAULT 'q', d int, b int, e int, z int, PRIMARY KEY (id));
