CREATE TABLE t (id integer, a integer) PARTITION BY RANGE (id);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (100);
CREATE INDEX t_a ON t (a) WITH (fillfactor = 70);
