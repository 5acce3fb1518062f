-- The server can't change VIRTUAL into a written column; by way of a stored one the values stay.
CREATE TABLE t (a int PRIMARY KEY, v int COMMENT 'twice', s int, b int, KEY by_v (v));
