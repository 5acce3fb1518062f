CREATE TABLE p (id int PRIMARY KEY, code varchar(10) NOT NULL, UNIQUE KEY code (code));
CREATE TABLE c (id int PRIMARY KEY, p int, code varchar(10), KEY p (p), KEY code (code),
  CONSTRAINT to_p FOREIGN KEY (p) REFERENCES p (id), CONSTRAINT to_code FOREIGN KEY (code) REFERENCES p (code));
