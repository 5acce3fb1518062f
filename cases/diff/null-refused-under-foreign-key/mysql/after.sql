-- contains: DROP FOREIGN KEY `words_p`
-- Where MySQL has to copy the table, because of its fulltext index, it refuses this while the foreign key is up.
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE words (id int PRIMARY KEY, p int NOT NULL, w varchar(20), FULLTEXT KEY w (w), CONSTRAINT words_p FOREIGN KEY (p) REFERENCES p (id));
CREATE TABLE plain (id int PRIMARY KEY, p int NOT NULL, CONSTRAINT plain_p FOREIGN KEY (p) REFERENCES p (id));
