CREATE TABLE t6( id INTEGER PRIMARY KEY AUTOINCREMENT, -- ) '
 c1 INT DEFAULT NULL, c2 INT,
   [c4] REAL, [c5] REAL, "g8" TEXT GENERATED ALWAYS AS (coalesce(`c4`, -1)) VIRTUAL, UNIQUE ("c1"), CONSTRAINT k7 unique (c1) on conflict ignore)STRICT;
CREATE TABLE "odd t12"( id INTEGER, -- ) '
 [c10] DATETIME, /* , ( */ [c11] INT, [c21] BLOB);
CREATE TABLE t26( -- ) '
 id INTEGER, c22 REAL DEFAULT NULL, c23 BLOB, -- ) '
 c24 DOUBLE PRECISION DEFAULT 1.5,
   c25 DOUBLE PRECISION NOT NULL DEFAULT 'it''s', /* , ( */ n34 TEXT NOT NULL, PRIMARY KEY (`id`), /* , ( */ UNIQUE (c22))WITHOUT ROWID;
CREATE TABLE [t30]( /* , ( */ `id` INTEGER primary key, "c27" BLOB, `c28` REAL, "c29" TEXT NOT NULL DEFAULT (lower('X')), [g32] INT GENERATED ALWAYS AS (coalesce(c27, -1)) stored)STRICT;
CREATE VIRTUAL TABLE m18 USING rtree(id, low0, high0, low1, high1, low2, high2);
CREATE VIRTUAL TABLE m19 USING fts5("c2", content="t6", content_rowid='id');
CREATE INDEX i15 on `odd t12`(c11) WHERE c11 IS NOT NULL;
create index "i17" ON `odd t12`(id COLLATE NOCASE DESC);
CREATE INDEX i20 on [odd t12]([c10]) WHERE [c10] is not null;
create view "v14" AS SELECT "id" , [c10] , "c11" from `odd t12` ORDER BY "id" DESC;
CREATE VIEW v16 AS SELECT id FROM v14;
