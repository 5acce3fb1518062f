CREATE TYPE place AS (number bigint, country text, street text);
CREATE TABLE shops (id integer PRIMARY KEY, at place);
