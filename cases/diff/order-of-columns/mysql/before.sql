CREATE TABLE t (a int, b int, c int, d int, e int, id int NOT NULL, PRIMARY KEY (id));
