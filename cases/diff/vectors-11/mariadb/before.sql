CREATE TABLE t (id int PRIMARY KEY, e vector(4) NOT NULL);
