CREATE TABLE t (id int PRIMARY KEY, a varbinary(9));
