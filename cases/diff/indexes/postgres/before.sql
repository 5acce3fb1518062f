CREATE TABLE t (id integer PRIMARY KEY, a integer, b text);
CREATE INDEX replaced ON t (a);
CREATE INDEX dropped ON t (b);
CREATE INDEX filled ON t (a, b) WITH (fillfactor = 70);
