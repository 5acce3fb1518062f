CREATE TABLE t (id int PRIMARY KEY, a varchar(20), b text, c enum('x','y'), d char(5) CHARACTER SET ascii, j varbinary(9), KEY a (a), FULLTEXT KEY b (b)) DEFAULT CHARSET=latin1 COMMENT='old';
