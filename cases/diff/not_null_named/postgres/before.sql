-- from 18
CREATE TABLE t (id integer PRIMARY KEY, a integer CONSTRAINT old_name NOT NULL, b integer);
CREATE TABLE v (id integer PRIMARY KEY, a integer, twice integer GENERATED ALWAYS AS (a * 2) VIRTUAL);
