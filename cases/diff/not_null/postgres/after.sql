CREATE TABLE t (id integer PRIMARY KEY, a integer DEFAULT 1 NOT NULL, b text);
