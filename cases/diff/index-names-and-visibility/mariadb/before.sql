CREATE TABLE t (id int PRIMARY KEY, a int, b text, KEY old_name (a), KEY shown (a, id), KEY replaced (a), FULLTEXT KEY words (b) COMMENT 'x');
