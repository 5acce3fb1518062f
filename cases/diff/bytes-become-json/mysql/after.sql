-- lost: t.a: The server can't turn its values into the new type: all of them are lost.
CREATE TABLE t (id int PRIMARY KEY, a json);
