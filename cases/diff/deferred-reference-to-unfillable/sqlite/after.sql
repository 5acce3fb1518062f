create table `t4`( id INTEGER PRIMARY KEY, c1 BLOB collate rtrim, /* , ( */ `c2` ANY, c3 INT, g5 INTEGER generated always as (coalesce(c1, -1)) STORED, /* , ( */ g9 REAL GENERATED ALWAYS AS (coalesce([c1], -1)) STORED, CONSTRAINT k7 CHECK([c1] IS NOT NULL))strict;
CREATE TABLE t15( /* , ( */ [id] INTEGER, "c11" BLOB default NULL, c12 REAL, c13 ANY, `c14` TEXT, -- ) '
 [g16] INT COLLATE BINARY GENERATED ALWAYS AS (coalesce("c11", -1)) VIRTUAL, CHECK(g16 IS NOT NULL), FOREIGN KEY(`c13`) REFERENCES "t4" (id) DEFERRABLE INITIALLY DEFERRED)STRICT;
CREATE TABLE `odd t22`( id INTEGER, [c18]  default (lower('X')), "c19"  default 0, `c20` TEXT, -- ) '
 c21 DATETIME DEFAULT NULL);
create table "odd t25"( c23 REAL, `order` ANY DEFAULT (1 + 2), "c24" INTEGER, [two words] INT, /* , ( */ CONSTRAINT [k26] CHECK(length("order") < 500),
   CONSTRAINT k27 check(length(`c23`) < 500))STRICT;
CREATE VIRTUAL TABLE m30 USING fts5(title, body UNINDEXED);
CREATE INDEX "i31" ON [odd t22](id COLLATE NOCASE DESC);
CREATE TRIGGER g28 BEFORE INSERT ON "odd t22" FOR EACH ROW WHEN new.`c20` IS NULL BEGIN UPDATE t4 SET c1 = c1 WHERE c1 = new.`c20`; SELECT CASE WHEN 1 THEN 2 END; END;
create trigger [g29] AFTER DELETE ON t4 for each row WHEN old.`c1` IS NULL BEGIN UPDATE t15 SET c13 = c13 WHERE c13 = old.`c1`; SELECT CASE WHEN 1 THEN 2 END; END;
