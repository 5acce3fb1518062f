CREATE TYPE used AS (a integer, b text, c date);
CREATE TYPE unused AS (a bigint, d text);
CREATE TABLE t (id integer PRIMARY KEY, x used);
