CREATE TABLE base (id integer NOT NULL, a integer CHECK (a > 0), b text DEFAULT 'x');
CREATE TABLE derived (c integer) INHERITS (base);
CREATE TABLE other (id integer NOT NULL, a integer CHECK (a > 0), b text DEFAULT 'x');
