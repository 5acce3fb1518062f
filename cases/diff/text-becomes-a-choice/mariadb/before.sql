CREATE TABLE t (id int PRIMARY KEY, a varchar(20) NOT NULL, b json NOT NULL);
