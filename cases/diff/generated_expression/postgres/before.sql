CREATE TABLE t (id integer PRIMARY KEY, a integer, twice integer GENERATED ALWAYS AS (a * 2) STORED, kept integer GENERATED ALWAYS AS (a + 1) STORED);
CREATE INDEX t_twice ON t (twice);
CREATE VIEW v AS SELECT id, twice FROM t;
