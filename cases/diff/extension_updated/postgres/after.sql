CREATE EXTENSION hstore VERSION '1.6';
CREATE TABLE t (id integer PRIMARY KEY, a hstore);
