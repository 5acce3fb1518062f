-- from 18
CREATE TABLE t (id integer PRIMARY KEY, a integer CONSTRAINT new_name NOT NULL, b integer);
ALTER TABLE t ADD CONSTRAINT b_given NOT NULL b;
CREATE TABLE v (id integer PRIMARY KEY, a integer, twice integer GENERATED ALWAYS AS (a + a) VIRTUAL);
