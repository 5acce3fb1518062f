CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(10), j json, KEY fa ((a + 1)), KEY fb ((lower(b)), a), KEY m ((CAST(j->'$.x' AS UNSIGNED ARRAY))));
