-- contains: RENAME INDEX `old_name` TO `new_name`
-- contains: ALTER INDEX `shown` INVISIBLE
-- contains: DROP INDEX `replaced`
CREATE TABLE t (id int PRIMARY KEY, a int, b text, KEY new_name (a), KEY shown (a, id) INVISIBLE, KEY replaced (id, a), FULLTEXT KEY words (b) COMMENT 'y', FULLTEXT KEY grams (b) WITH PARSER ngram);
