CREATE TABLE a (id integer PRIMARY KEY, x integer);
CREATE TABLE c (id integer PRIMARY KEY);
CREATE PUBLICATION altered FOR TABLE a, c WITH (publish = 'insert');
CREATE PUBLICATION emptied;
CREATE PUBLICATION added FOR TABLE c;
