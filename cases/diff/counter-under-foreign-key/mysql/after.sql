-- Error 1833 while the foreign key is up.
-- contains: DROP FOREIGN KEY `of_parent`
CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, parent int, CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES t (id));
