CREATE TABLE a (x date NOT NULL, y date NOT NULL);
