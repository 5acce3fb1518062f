CREATE TYPE used AS (a bigint, b text);
CREATE TABLE t (id integer PRIMARY KEY, x used);
