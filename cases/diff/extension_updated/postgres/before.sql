CREATE EXTENSION hstore VERSION '1.4';
CREATE TABLE t (id integer PRIMARY KEY, a hstore);
