CREATE TABLE t (id integer PRIMARY KEY, price numeric(10,0), at date, doc jsonb, size integer);
