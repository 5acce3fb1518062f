CREATE TABLE "t2"( /* , ( */ `c1` REAL, -- ) '
 g4 REAL generated always as (coalesce(c1, -1)) STORED)strict;
CREATE TABLE t9( -- ) '
 "id" INTEGER PRIMARY KEY AUTOINCREMENT, `c6` TEXT DEFAULT -1, c7 DOUBLE PRECISION, `c8` DATETIME, /* , ( */ "größe" BLOB not null default 1.5, CONSTRAINT `k10` check([t9]."c7" <> 'never'));
CREATE TABLE `t15`( c11  DEFAULT 'it''s', c12 INT, c13 REAL,
   "c14" BOOLEAN, PRIMARY KEY (c11), CHECK(c14 is not null))WITHOUT ROWID;
CREATE TABLE t20( id INTEGER primary key,
   "c16" REAL, c17 TEXT constraint there not null on conflict abort DEFAULT CURRENT_TIMESTAMP, c18 INT constraint there not null on conflict abort DEFAULT (1 + 2), "c19" TEXT collate RTRIM, `g21` INT GENERATED ALWAYS AS (coalesce(id, -1)) VIRTUAL)strict;
CREATE VIRTUAL TABLE m23 USING fts5(title, body UNINDEXED, tokenize = 'porter ascii');
CREATE VIRTUAL TABLE m24 USING fts5(title, body UNINDEXED, tokenize = 'porter ascii');
CREATE VIRTUAL TABLE m25 USING fts5(title, body UNINDEXED);
CREATE VIRTUAL TABLE m28 USING fts5(title, body UNINDEXED, content='');
CREATE INDEX i30 ON t15(c13 COLLATE NOCASE DESC);
CREATE VIEW v27 AS SELECT `id` , "c16" , c17 FROM `t20` ORDER BY `id` DESC;
CREATE VIEW `v29` as select id FROM v27 ORDER BY id DESC;
CREATE TRIGGER [g26] AFTER DELETE ON [t9] for each row WHEN old.`größe` IS NULL BEGIN UPDATE t9 SET [id] = [id] WHERE [id] = old.`größe`; SELECT CASE WHEN 1 THEN 2 END; END;
