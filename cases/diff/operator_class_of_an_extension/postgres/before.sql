CREATE TABLE recipient (id integer PRIMARY KEY, email text);
