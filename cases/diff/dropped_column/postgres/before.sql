CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer, CHECK (a < b), UNIQUE (a, b));
CREATE INDEX t_b ON t (b);
CREATE VIEW v AS SELECT id, a, b FROM t;
