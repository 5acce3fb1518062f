-- lost: a: All rows of the table are lost.
-- lost: b: All rows of the table are lost.
CREATE TABLE c (id int PRIMARY KEY, a int, KEY c_a (a));
CREATE TABLE d (id int PRIMARY KEY, e int);
CREATE TABLE e (id int PRIMARY KEY, d int, CONSTRAINT e_d FOREIGN KEY (d) REFERENCES d (id));
ALTER TABLE d ADD CONSTRAINT d_e FOREIGN KEY (e) REFERENCES e (id);
