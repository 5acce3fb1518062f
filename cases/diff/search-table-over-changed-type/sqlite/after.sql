create table [t3]( id INTEGER PRIMARY KEY AUTOINCREMENT,
   c1 REAL constraint there not null on conflict abort, c2 TEXT NOT NULL DEFAULT (lower('X')))STRICT;
CREATE TABLE "t9"( "id" INTEGER PRIMARY KEY, c7 INT, c8  NOT NULL DEFAULT 0);
CREATE VIRTUAL TABLE m4 USING fts5("c2", prefix='2 3', content="t3", content_rowid='id');
CREATE VIRTUAL TABLE m5 USING fts5("c1", content="t3", content_rowid='id');
create view [v6] AS SELECT -- ) '
 `id` , c1 , c2 FROM [t3] WHERE `id` = "no such name";
