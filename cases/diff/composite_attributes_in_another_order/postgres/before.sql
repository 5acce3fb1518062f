CREATE TYPE place AS (street text, number integer, gone date);
CREATE TABLE shops (id integer PRIMARY KEY, at place);
