CREATE TABLE a (x date NOT NULL, y date NOT NULL);
CREATE TABLE b (id int NOT NULL, x date, y date);
CREATE TABLE c (id int NOT NULL, x date NOT NULL, y date NOT NULL, PERIOD FOR stay (x, y), UNIQUE KEY k (id, stay WITHOUT OVERLAPS));
CREATE TABLE d (x date NOT NULL, y date NOT NULL, PERIOD FOR stay (x, y));
