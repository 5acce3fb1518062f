CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE words (id int PRIMARY KEY, p int, w varchar(20), FULLTEXT KEY w (w), CONSTRAINT words_p FOREIGN KEY (p) REFERENCES p (id));
CREATE TABLE plain (id int PRIMARY KEY, p int, CONSTRAINT plain_p FOREIGN KEY (p) REFERENCES p (id));
