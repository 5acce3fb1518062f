CREATE TABLE t (id integer PRIMARY KEY, a integer, b text);
CREATE INDEX replaced ON t (a DESC) INCLUDE (b) WHERE a > 0;
CREATE INDEX added ON t (lower(b));
CREATE INDEX filled ON t (a, b) WITH (fillfactor = 90);
