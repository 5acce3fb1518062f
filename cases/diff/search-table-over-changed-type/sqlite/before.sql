create table t3( [id] INTEGER PRIMARY KEY AUTOINCREMENT, c1 INT CONSTRAINT there NOT NULL ON CONFLICT ABORT DEFAULT 0, "c2" TEXT not null DEFAULT (lower('X')))STRICT;
CREATE VIRTUAL TABLE m4 USING fts5("c2", content="t3", content_rowid='id');
CREATE VIRTUAL TABLE m5 USING fts5("c1", content="t3", content_rowid='id');
