-- The server takes the unique index for the primary key as long as there is none.
-- contains: ALTER INDEX `k` INVISIBLE;
CREATE TABLE t (id int NOT NULL, a int NOT NULL, PRIMARY KEY (id), UNIQUE KEY k (a) INVISIBLE);
