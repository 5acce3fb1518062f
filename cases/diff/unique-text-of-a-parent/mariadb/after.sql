-- MariaDB does not change what a unique key compares while a foreign key refers to the table: error 1834.
CREATE TABLE p (id int PRIMARY KEY, name text, UNIQUE KEY name (name(6))) DEFAULT CHARSET=latin1;
CREATE TABLE c (id int PRIMARY KEY, p int, CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id));
