CREATE TABLE t (id integer PRIMARY KEY, a integer);
CREATE TABLE p (id integer, at date NOT NULL) PARTITION BY RANGE (at);
