-- refused: t: The server can't change the storage engine of a table with a history. Drop the system versioning first, which loses the history, or make the table anew by hand.
CREATE TABLE t (x int) ENGINE=InnoDB WITH SYSTEM VERSIONING;
