-- '1' is the first of the choices, in strict mode as well.
-- lost: t.a: A value that is the number of a choice becomes that choice.
CREATE TABLE t (id int PRIMARY KEY, a enum('a','b','c') NOT NULL);
