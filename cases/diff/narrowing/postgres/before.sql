CREATE TABLE t (id integer PRIMARY KEY, price numeric(10,2), at timestamptz, doc json, size bigint);
CREATE TABLE gone (id integer PRIMARY KEY);
CREATE SEQUENCE lost;
