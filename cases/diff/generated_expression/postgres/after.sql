CREATE TABLE t (id integer PRIMARY KEY, a integer, twice integer GENERATED ALWAYS AS (a + a) STORED, kept integer);
CREATE INDEX t_twice ON t (twice);
CREATE VIEW v AS SELECT id, twice FROM t;
