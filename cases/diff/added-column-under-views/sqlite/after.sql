CREATE TABLE `t2`( c1 REAL,
   "g4" REAL GENERATED ALWAYS AS (coalesce(c1, -1)) stored)strict;
create table "t9"( id INTEGER primary key autoincrement, -- ) '
 `c6` TEXT DEFAULT -1, c7 DOUBLE PRECISION, -- ) '
 [c8] DATETIME, `größe` BLOB NOT NULL DEFAULT 1.5, /* , ( */ CONSTRAINT k10 check(t9."c7" <> 'never'));
CREATE TABLE `t15`( c11  DEFAULT 'it''s',
   c12 INT, c13 REAL, c14 BOOLEAN, [c32] TEXT, PRIMARY KEY ("c11"), check(c14 is not null))WITHOUT ROWID;
create table "t20"(
   id INTEGER PRIMARY KEY, [c16] REAL, c17 TEXT CONSTRAINT there NOT NULL ON CONFLICT ABORT DEFAULT CURRENT_TIMESTAMP, /* , ( */ c18 INT constraint there not null on conflict abort default (1 + 2),
   c19 TEXT COLLATE RTRIM, -- ) '
 g21 INT GENERATED ALWAYS AS (coalesce(`id`, -1)) VIRTUAL)STRICT;
CREATE VIRTUAL TABLE m23 USING fts5(title, body UNINDEXED, tokenize = 'porter ascii');
CREATE VIRTUAL TABLE m24 USING fts5(title, body UNINDEXED, tokenize = 'porter ascii');
CREATE VIRTUAL TABLE m25 USING fts5(title, body UNINDEXED);
CREATE VIRTUAL TABLE m28 USING fts5(title, body UNINDEXED, content='');
CREATE INDEX i30 on t15(lower(c13), c13);
CREATE UNIQUE INDEX i31 ON `t9`(id collate nocase desc);
create view v27 AS SELECT /* , ( */ id , c16 , `c17` FROM [t20] order by id DESC;
CREATE VIEW v29 AS SELECT
   id FROM v27 ORDER BY id DESC;
create trigger `g26` AFTER DELETE ON "t9" FOR EACH ROW WHEN old.`größe` IS NULL BEGIN UPDATE t9 SET [id] = [id] WHERE [id] = old.`größe`; SELECT CASE WHEN 1 THEN 2 END; END;
