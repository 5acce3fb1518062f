-- lost: c: The history of its rows is lost.
-- lost: d: The history of its rows is lost.
-- contains: SET SESSION system_versioning_alter_history = KEEP
CREATE TABLE a (x int, y int) WITH SYSTEM VERSIONING;
CREATE TABLE b (x bigint, z varchar(5) DEFAULT 'q', y int WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING;
CREATE TABLE c (x int);
CREATE TABLE d (x int) ENGINE=InnoDB;
CREATE TABLE e (x int) ENGINE=InnoDB WITH SYSTEM VERSIONING;
