CREATE TABLE upload (alias text NOT NULL);
