-- from 15
CREATE TABLE t (a integer, b integer, c text COMPRESSION pglz, UNIQUE NULLS NOT DISTINCT (a, b));
CREATE UNIQUE INDEX loose ON t (b) NULLS NOT DISTINCT;
CREATE VIEW invoker WITH (security_invoker = true) AS SELECT a FROM t;
CREATE UNLOGGED SEQUENCE unlogged;
CREATE TYPE named AS RANGE (SUBTYPE = integer, MULTIRANGE_TYPE_NAME = many_named);
CREATE TABLE ranges (x many_named, y named);
CREATE FUNCTION atomic(a integer) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t WHERE t.a = atomic.a; END;
CREATE TABLE uses_atomic (id bigint DEFAULT atomic(1));
CREATE TABLE parts (id integer PRIMARY KEY, other integer REFERENCES parts ON DELETE SET NULL (other)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE SCHEMA sent;
CREATE PUBLICATION narrow FOR TABLE t (a, c) WHERE (a > 5), ranges;
CREATE PUBLICATION mixed FOR TABLE parts, TABLES IN SCHEMA sent;
CREATE STATISTICS by_expression ON (a + b), a FROM t;
