-- The key that a partitioning needs comes with it; a foreign key that it does not allow goes before.
CREATE TABLE a (id int NOT NULL, k int NOT NULL, PRIMARY KEY (id));
CREATE TABLE b (id int NOT NULL, k int NOT NULL, extra int, PRIMARY KEY (id, k)) PARTITION BY RANGE (k) (PARTITION p VALUES LESS THAN MAXVALUE);
CREATE TABLE c (id int NOT NULL, PRIMARY KEY (id)) PARTITION BY KEY (id) PARTITIONS 2;
CREATE TABLE d (id int NOT NULL, c int, PRIMARY KEY (id), KEY d_c (c));
CREATE TABLE e (id int NOT NULL, k int NOT NULL, PRIMARY KEY (id)) PARTITION BY KEY (id) PARTITIONS 5;
