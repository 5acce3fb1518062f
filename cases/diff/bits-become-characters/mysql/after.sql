-- lost: t.a: Bits are read as characters.
CREATE TABLE t (id int PRIMARY KEY, a char(8) NOT NULL);
