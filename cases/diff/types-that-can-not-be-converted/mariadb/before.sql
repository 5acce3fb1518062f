CREATE TABLE t (id int PRIMARY KEY, a point, b uuid, c int, d decimal(10,4));
