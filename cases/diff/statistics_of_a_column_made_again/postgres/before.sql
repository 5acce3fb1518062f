CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer);
CREATE STATISTICS s (ndistinct) ON a, b FROM t;
