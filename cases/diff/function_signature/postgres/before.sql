CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$SELECT a + 1$$;
CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$SELECT a + 1$$;
CREATE TABLE t (id integer PRIMARY KEY, a integer DEFAULT f(1), b integer GENERATED ALWAYS AS (f(id)) STORED, CHECK (g(a) > 0));
CREATE INDEX t_f ON t (f(a));
CREATE VIEW v AS SELECT f(id) AS x, g(id) AS y FROM t;
