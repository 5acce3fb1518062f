CREATE TYPE place AS (street text, number bigint, zip text);
CREATE TABLE shops (id integer PRIMARY KEY, at place, many place[]);
CREATE TABLE others (id integer PRIMARY KEY, at place);
