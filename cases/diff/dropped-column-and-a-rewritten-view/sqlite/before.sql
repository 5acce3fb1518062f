CREATE TABLE "t6"( /* , ( */ id INTEGER PRIMARY KEY AUTOINCREMENT,
   `c1` INT DEFAULT NULL, "c2" INT, c3 REAL, "c4" REAL, c5 REAL, g8 TEXT GENERATED ALWAYS AS (coalesce(c4, -1)) virtual, UNIQUE (`c1`), CONSTRAINT k7 UNIQUE (c1) ON CONFLICT IGNORE)STRICT;
CREATE TABLE `odd t12`( `id` INTEGER, c10 DATETIME, `c11` INT);
CREATE VIRTUAL TABLE m18 USING rtree(id, low0, high0, low1, high1, low2, high2);
CREATE VIRTUAL TABLE m19 USING fts5("c2", content="t6", content_rowid='id');
create index `i15` ON [odd t12](c11) WHERE c11 IS NOT NULL;
CREATE INDEX [i17] ON `odd t12`(id COLLATE NOCASE DESC);
CREATE INDEX [i20] ON `odd t12`([c10]) WHERE [c10] IS NOT NULL;
create view v14 as select id , "c10" , c11 FROM "odd t12" order by id DESC;
CREATE VIEW v16 AS SELECT -- ) '
 id FROM v14;
