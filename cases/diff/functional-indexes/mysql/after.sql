-- lost: t.a: All values of the column are lost.
-- contains: ALTER TABLE `t` ALGORITHM=INPLACE, LOCK=NONE, DROP INDEX `fa`
CREATE TABLE t (id int PRIMARY KEY, b varchar(30), c int, j json, KEY fb ((upper(b))), KEY fc ((c + 1) DESC), KEY m ((CAST(j->'$.y' AS UNSIGNED ARRAY))));
