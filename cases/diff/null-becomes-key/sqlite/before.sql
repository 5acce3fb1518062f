CREATE TABLE t2(
   id INTEGER primary key, "c1" INTEGER NOT NULL DEFAULT -1, g4 ANY generated always as (coalesce(id, -1)) STORED, CONSTRAINT k6 CHECK("c1" IS NOT NULL))STRICT;
create table `t11`( `id` INTEGER primary key, [c7] INT, camelCase INT COLLATE BINARY, c8 REAL default NULL, c9 TEXT, `c10` REAL)STRICT;
CREATE TABLE `t13`( -- ) '
 id INTEGER, c12 NUMERIC(10, 2) COLLATE BINARY, g16 INTEGER COLLATE RTRIM generated always as (coalesce(c12, -1)) VIRTUAL,
   CONSTRAINT `k14` UNIQUE (id), CONSTRAINT `k15` check(`c12` IS NOT NULL));
CREATE VIRTUAL TABLE m21 USING fts5("id", content="t11", content_rowid='id');
create index "i18" on [t11](c9) WHERE c9 <> "no such name";
CREATE INDEX [i20] ON "t13"(id) WHERE id <> "no such name";
CREATE INDEX i22 ON `t11`(`c8` collate nocase desc);
CREATE INDEX i24 on t11(`c10`) WHERE `c10` <> "no such name";
create view `v19` as select [id] , [c7] , camelCase from t11 WHERE [id] = "no such name";
CREATE VIEW v23 AS SELECT -- ) '
 id , c7 , camelCase FROM "t11" WHERE id = "no such name";
