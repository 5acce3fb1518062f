-- contains: RENAME INDEX `old_name` TO `new_name`
-- contains: ALTER INDEX `shown` IGNORED
-- contains: DROP INDEX `replaced`
CREATE TABLE t (id int PRIMARY KEY, a int, b text, KEY new_name (a), KEY shown (a, id) IGNORED, KEY replaced (id, a), FULLTEXT KEY words (b) COMMENT 'y');
