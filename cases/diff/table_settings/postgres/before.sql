CREATE TABLE t (id integer PRIMARY KEY, a text) WITH (fillfactor = 80, autovacuum_enabled = false);
CREATE UNLOGGED TABLE u (id integer PRIMARY KEY);
