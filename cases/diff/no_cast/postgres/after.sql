CREATE TABLE t (id integer PRIMARY KEY, a uuid);
CREATE TABLE p (id integer, at date NOT NULL) PARTITION BY RANGE (id);
