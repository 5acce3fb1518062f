CREATE TABLE t (id int PRIMARY KEY, a point, b vector(3), c int, d decimal(10,4));
