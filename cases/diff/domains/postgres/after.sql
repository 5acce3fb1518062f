CREATE DOMAIN amount AS bigint CONSTRAINT positive CHECK (VALUE > 0);
CREATE DOMAIN code AS text DEFAULT 'x' NOT NULL CONSTRAINT short CHECK (length(VALUE) < 100);
CREATE TABLE t (id integer PRIMARY KEY, amount amount, code code);
CREATE VIEW v AS SELECT amount FROM t;
