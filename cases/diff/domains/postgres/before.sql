CREATE DOMAIN amount AS integer CONSTRAINT positive CHECK (VALUE > 0);
CREATE DOMAIN code AS text;
CREATE TABLE t (id integer PRIMARY KEY, amount amount, code code);
CREATE VIEW v AS SELECT amount FROM t;
