-- lost: t.a: The server can't turn its values into the new type: all of them are lost.
-- lost: t.b: The server can't turn its values into the new type: all of them are lost.
-- lost: t.c: The server can't turn its values into the new type: all of them are lost.
-- lost: t.d: Digits behind the point are rounded away.
CREATE TABLE t (id int PRIMARY KEY, a int, b int, c point, d decimal(10,2));
