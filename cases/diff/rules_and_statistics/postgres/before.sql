CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer);
CREATE RULE replaced AS ON DELETE TO t WHERE old.id = 1 DO INSTEAD NOTHING;
CREATE RULE dropped AS ON UPDATE TO t WHERE old.id = 2 DO INSTEAD NOTHING;
CREATE STATISTICS replaced (ndistinct) ON a, b FROM t;
CREATE STATISTICS aimed (ndistinct) ON a, b FROM t;
