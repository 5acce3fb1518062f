CREATE TABLE t4( /* , ( */ id INTEGER PRIMARY KEY, c1 BLOB COLLATE RTRIM, `c2` ANY, c3 INT, [g5] INTEGER GENERATED ALWAYS AS (coalesce([c1], -1)) STORED, -- ) '
 `g9` REAL GENERATED ALWAYS AS (coalesce(c1, -1)) STORED, -- ) '
 CONSTRAINT "k7" CHECK([c1] IS NOT NULL))STRICT;
CREATE TABLE t15( id INTEGER, [c11] BLOB default NULL, /* , ( */ c12 REAL, c13 ANY, /* , ( */ c14 TEXT, /* , ( */ g16 INT COLLATE BINARY generated always as (coalesce(c11, -1)) VIRTUAL, CHECK([g16] IS NOT NULL), foreign key("c13") REFERENCES [t4] ("id") DEFERRABLE INITIALLY DEFERRED)strict;
create table `odd t22`( -- ) '
 [id] INTEGER, -- ) '
 c18  DEFAULT (lower('X')), /* , ( */ "c19"  DEFAULT 0, c20 TEXT, -- ) '
 c21 DATETIME DEFAULT NULL);
create table [odd t25]( c23 REAL,
   `order` ANY default (1 + 2), c24 INTEGER, `two words` INT, -- ) '
 CONSTRAINT k26 CHECK(length([order]) < 500), CONSTRAINT `k27` CHECK(length(`c23`) < 500))STRICT;
CREATE TRIGGER g28 BEFORE INSERT ON [odd t22] for each row WHEN new."c20" IS NULL BEGIN UPDATE t4 SET c1 = c1 WHERE c1 = new."c20"; SELECT CASE WHEN 1 THEN 2 END; END;
CREATE TRIGGER "g29" AFTER DELETE ON `t4` FOR EACH ROW WHEN old.c1 IS NULL BEGIN UPDATE t15 SET c13 = c13 WHERE c13 = old.c1; SELECT CASE WHEN 1 THEN 2 END; END;
