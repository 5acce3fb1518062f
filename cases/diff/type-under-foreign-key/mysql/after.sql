-- Both sides of a foreign key get another type; the other foreign key stays up while its index changes.
-- contains: DROP FOREIGN KEY `to_p`
CREATE TABLE p (id bigint PRIMARY KEY, code varchar(10) NOT NULL, UNIQUE KEY code_2 (code));
CREATE TABLE c (id int PRIMARY KEY, p bigint, code varchar(10), KEY p (p), KEY code_and_id (code, id),
  CONSTRAINT to_p FOREIGN KEY (p) REFERENCES p (id), CONSTRAINT to_code FOREIGN KEY (code) REFERENCES p (code));
