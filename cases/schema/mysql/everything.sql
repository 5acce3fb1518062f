-- Every kind of object and property that MySQL has in a database, so that rendering can lose none of them.
CREATE TABLE customer (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  name varchar(100) NOT NULL DEFAULT '' COMMENT 'as it is\nwritten, it''s "quoted" and \\ slashed',
  code char(8) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  kind enum('person','it''s a firm','x,y') DEFAULT 'person',
  flags set('a','b') NOT NULL DEFAULT 'a,b',
  mask bit(5) DEFAULT b'101',
  balance decimal(12,4) unsigned DEFAULT '1.5000',
  ratio double DEFAULT NULL,
  born date DEFAULT NULL,
  seen datetime(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  stamped timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  at time(3) DEFAULT '12:00:00.5',
  since year DEFAULT '2020',
  data json DEFAULT (json_object('a','it''s')),
  raw varbinary(20) DEFAULT 0x6162,
  picture blob,
  hidden int INVISIBLE DEFAULT 7,
  doubled decimal(14,4) GENERATED ALWAYS AS (balance * 2) VIRTUAL COMMENT 'twice',
  label varchar(120) GENERATED ALWAYS AS (concat(name, '-', kind)) STORED NOT NULL,
  fixed int COLUMN_FORMAT FIXED DEFAULT NULL,
  place point NOT NULL SRID 4326,
  plain geometry DEFAULT NULL,
  embedding vector(4) DEFAULT NULL,
  `we``ird, name (x)` int DEFAULT NULL,
  `order` int DEFAULT '0',
  PRIMARY KEY (id),
  UNIQUE KEY by_code (code) COMMENT 'one code, one customer',
  UNIQUE KEY by_name_start (name(10), kind),
  KEY downwards (born DESC, id),
  KEY by_label (label),
  KEY hidden_key (ratio) INVISIBLE,
  KEY functional ((lower(name)), ((`order` + 1)) DESC),
  KEY multi ((CAST(data->'$.tags' AS UNSIGNED ARRAY))),
  KEY odd (`we``ird, name (x)`),
  FULLTEXT KEY words (name, label),
  FULLTEXT KEY grams (name) WITH PARSER ngram,
  SPATIAL KEY places (place),
  CONSTRAINT positive CHECK (balance >= 0 AND name <> 'it''s'),
  CONSTRAINT someday CHECK (ratio < 1) NOT ENFORCED
) ENGINE=InnoDB AUTO_INCREMENT=1000 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_as_cs STATS_PERSISTENT=1 ROW_FORMAT=DYNAMIC COMMENT='who buys, it''s them';
CREATE TABLE orders (
  id int NOT NULL,
  part smallint NOT NULL,
  customer bigint unsigned DEFAULT NULL,
  replaced int DEFAULT NULL,
  replaced_part smallint DEFAULT NULL,
  note text COLLATE utf8mb4_bin,
  PRIMARY KEY (id, part),
  KEY of_customer (customer),
  CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT replaces FOREIGN KEY (replaced, replaced_part) REFERENCES orders (id, part) ON DELETE RESTRICT
) DEFAULT CHARSET=latin1;
CREATE TABLE chicken (id int PRIMARY KEY, egg int);
CREATE TABLE egg (id int PRIMARY KEY, chicken int, CONSTRAINT hatched FOREIGN KEY (chicken) REFERENCES chicken (id));
ALTER TABLE chicken ADD CONSTRAINT laid FOREIGN KEY (egg) REFERENCES egg (id);
CREATE TABLE squeezed (id int PRIMARY KEY, t text) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4;
CREATE TABLE zipped (id int PRIMARY KEY, t text) COMPRESSION='zlib';
CREATE TABLE old_style (id int NOT NULL, KEY (id)) ENGINE=MyISAM MAX_ROWS=1000 AVG_ROW_LENGTH=20 CHECKSUM=1 DELAY_KEY_WRITE=1 PACK_KEYS=1;
CREATE TABLE quick (id int NOT NULL, PRIMARY KEY (id) USING HASH, KEY b (id) USING BTREE) ENGINE=MEMORY;
CREATE TABLE without_key (a int, b int);
CREATE TABLE log (
  id int NOT NULL, at date NOT NULL, kind int, PRIMARY KEY (id, at)
) PARTITION BY RANGE (year(at)) SUBPARTITION BY HASH (to_days(at)) SUBPARTITIONS 2 (
  PARTITION old VALUES LESS THAN (2020) COMMENT = 'it''s old', PARTITION new VALUES LESS THAN MAXVALUE);
CREATE TABLE log_columns (a int, b varchar(10)) PARTITION BY RANGE COLUMNS (a, b) (
  PARTITION p0 VALUES LESS THAN (1, 'it''s'), PARTITION p1 VALUES LESS THAN (MAXVALUE, MAXVALUE));
CREATE TABLE log_list (a int) PARTITION BY LIST (a) (PARTITION odd VALUES IN (1, 3, NULL), PARTITION even VALUES IN (2, 4));
CREATE TABLE log_list_columns (a varchar(10)) PARTITION BY LIST COLUMNS (a) (PARTITION p VALUES IN ('x', 'it''s'));
CREATE TABLE log_hash (a int) PARTITION BY LINEAR HASH (a) PARTITIONS 3;
CREATE TABLE log_key (a int PRIMARY KEY) PARTITION BY KEY ALGORITHM = 1 (a) PARTITIONS 2;
CREATE TABLE log_named (a int) PARTITION BY HASH (a) (PARTITION x, PARTITION y COMMENT = 'c');
CREATE FUNCTION plus_one(x int) RETURNS int DETERMINISTIC NO SQL COMMENT 'it''s one more' RETURN x + 1;
CREATE FUNCTION same() RETURNS varchar(10) CHARSET latin1 READS SQL DATA SQL SECURITY INVOKER RETURN 'same';
CREATE PROCEDURE same() BEGIN SELECT 1; END;
CREATE PROCEDURE work(IN a int, INOUT b varchar(10), OUT c json) MODIFIES SQL DATA BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION SET c = NULL; IF a > 1 THEN INSERT INTO without_key VALUES (a, plus_one(a)); END IF; SET b = same(); END;
SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT';
CREATE PROCEDURE "quoted ""way" () SELECT 'a' || "b" FROM without_key;
SET SESSION sql_mode = DEFAULT;
CREATE VIEW z_base AS SELECT id, name, plus_one(id) AS next, 'it''s' AS quoted FROM customer WHERE balance > 0;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW a_on_base (x, `y z`) AS SELECT id, next FROM z_base WHERE id > 1 WITH CASCADED CHECK OPTION;
CREATE ALGORITHM=TEMPTABLE VIEW m_join AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT o.id, a.x, n.i FROM orders AS o JOIN a_on_base AS a ON a.x = o.customer JOIN n;
CREATE TRIGGER z_first BEFORE INSERT ON without_key FOR EACH ROW SET NEW.a = coalesce(NEW.a, 1);
CREATE TRIGGER a_second BEFORE INSERT ON without_key FOR EACH ROW BEGIN SET NEW.b = NEW.a + 1; END;
CREATE TRIGGER zero_th BEFORE INSERT ON without_key FOR EACH ROW PRECEDES z_first SET @zero = 1;
CREATE TRIGGER after_delete AFTER DELETE ON orders FOR EACH ROW INSERT INTO without_key VALUES (OLD.id, 1);
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY COMMENT 'it''s night' DO DELETE FROM without_key;
CREATE EVENT planned ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2038-01-01 00:00:00' ENDS '2039-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE DO BEGIN DELETE FROM without_key; END;
CREATE EVENT once ON SCHEDULE AT '2038-01-01 10:00:00' DO SELECT 1;
ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_bin;
