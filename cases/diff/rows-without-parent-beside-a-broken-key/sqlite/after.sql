CREATE TABLE t6( "c23" BLOB, id INTEGER, c1 BOOLEAN DEFAULT 1.5, `c2` INT, /* , ( */ c3 VARCHAR(20) DEFAULT NULL, -- ) '
 c4 BOOLEAN NOT NULL default 0, -- ) '
 [c5] INTEGER COLLATE RTRIM,
   CONSTRAINT k21 FOREIGN KEY(c1) REFERENCES t16 (id) ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE `odd t11`( id INTEGER PRIMARY KEY, [c7] INTEGER default -1 collate BINARY, c8 NUMERIC(10, 2) COLLATE BINARY, `c9` BOOLEAN, c10 INT, UNIQUE ([id]), constraint k20 foreign key(c10) references `odd t11`  ON DELETE SET NULL ON UPDATE CASCADE);
create table t13( -- ) '
 id INTEGER primary key autoincrement,
   c22 REAL, c12 VARCHAR(20) DEFAULT 0,
   "order" DATETIME, CHECK(length(c12) < 500), FOREIGN KEY([c12]) REFERENCES [t6]  ON DELETE SET NULL ON UPDATE CASCADE, -- ) '
 FOREIGN KEY(id) REFERENCES "t6"  ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE t16( [id] INTEGER primary key autoincrement, [c14] BLOB, c15 TEXT DEFAULT (lower('X')), [camelCase] BLOB DEFAULT (lower('X')), /* , ( */ CONSTRAINT k17 foreign key(c15) REFERENCES t6  on delete set null on update cascade);
CREATE VIRTUAL TABLE m18 USING fts5("c15", content="t16", content_rowid='id');
CREATE INDEX i19 ON t16(c15 collate nocase desc);
