-- lost: t: The history of its rows is lost.
-- lost: t.a: Values are read as the new type, and written in its way.
CREATE TABLE t (id int PRIMARY KEY, a date NOT NULL);
