-- lost: t.j: Values are converted to another kind of type, and may not be what they were.
CREATE TABLE t (id int PRIMARY KEY, j bit(4));
