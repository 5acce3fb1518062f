CREATE TYPE used AS (a integer, b text);
CREATE TYPE unused AS (a integer, b text);
CREATE TABLE t (id integer PRIMARY KEY, x used);
