-- Its index needs the new type, which it gets only after its values are written.
CREATE TABLE t (id int PRIMARY KEY, v blob, KEY by_v (v(6)));
