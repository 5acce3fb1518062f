-- contains: ADD PERIOD FOR `stay` (`x`, `y`)
-- contains: DROP PERIOD FOR `stay`
-- lost: d.y: All values of the column are lost.
CREATE TABLE a (x date NOT NULL, y date NOT NULL, PERIOD FOR stay (x, y));
CREATE TABLE b (id int NOT NULL, x date NOT NULL, y date NOT NULL, PERIOD FOR stay (x, y), UNIQUE KEY k (id, stay WITHOUT OVERLAPS));
CREATE TABLE c (id int NOT NULL, x date NOT NULL, y date);
CREATE TABLE d (x date NOT NULL, z date NOT NULL, PERIOD FOR stay (x, z));
