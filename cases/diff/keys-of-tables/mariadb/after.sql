-- lost: c.x: All values of the column are lost.
CREATE TABLE a (x int NOT NULL, y int NOT NULL, PRIMARY KEY (y), UNIQUE KEY x (x));
CREATE TABLE b (a int, CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (x) ON DELETE CASCADE);
CREATE TABLE c (z int NOT NULL AUTO_INCREMENT, PRIMARY KEY (z));
CREATE TABLE d (id bigint unsigned NOT NULL AUTO_INCREMENT, x int NOT NULL, PRIMARY KEY (id));
