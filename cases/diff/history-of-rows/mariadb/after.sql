-- lost: c: The history of its rows is lost.
-- contains: SET SESSION system_versioning_alter_history = KEEP
CREATE TABLE a (x int, y int) WITH SYSTEM VERSIONING;
CREATE TABLE b (x bigint, z varchar(5) DEFAULT 'q', y int WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING;
CREATE TABLE c (x int);
