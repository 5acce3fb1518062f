CREATE TABLE base (id integer NOT NULL, a bigint CHECK (a > 0), b text DEFAULT 'y', d integer DEFAULT 3);
CREATE TABLE derived (c integer) INHERITS (base);
CREATE TABLE other (id integer NOT NULL, a integer, b text DEFAULT 'x');
