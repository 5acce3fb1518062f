CREATE TABLE `t2`( "id" INTEGER PRIMARY KEY, c1 INTEGER NOT NULL DEFAULT -1, [g4] ANY GENERATED ALWAYS AS (coalesce("id", -1)) stored, /* , ( */ constraint k6 CHECK(c1 is not null))STRICT;
CREATE TABLE t11( -- ) '
 id INTEGER PRIMARY KEY,
   c7 INT, camelCase INT COLLATE BINARY, c8 REAL DEFAULT NULL, c9 TEXT, `c10` REAL)STRICT;
CREATE TABLE "t13"( /* , ( */ "id" INTEGER, c12 NUMERIC(10, 2) COLLATE BINARY, g16 INTEGER collate rtrim generated always as (coalesce(c12, -1)) VIRTUAL, primary key (id),
   CONSTRAINT k14 UNIQUE ([id]), CONSTRAINT k15 CHECK(c12 IS NOT NULL));
CREATE VIRTUAL TABLE m21 USING fts5("id", content="t11", content_rowid='id');
CREATE INDEX i18 on t11("c9") WHERE "c9" <> "no such name";
CREATE INDEX [i20] ON t13(id) WHERE id <> "no such name";
CREATE INDEX [i22] ON t11("c8" collate nocase desc);
create index i24 ON t11(c10) WHERE c10 <> "no such name";
CREATE VIEW "v19" AS SELECT
   [id] , c7 , camelCase FROM t11 WHERE [id] = "no such name";
create view [v23] AS SELECT id , c7 , camelCase FROM "t11" WHERE id = "no such name";
