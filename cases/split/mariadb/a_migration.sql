-- Accounts; their owners' mail.
CREATE TABLE accounts (
  id bigint unsigned NOT NULL AUTO_INCREMENT, -- never 0;
  name varchar(100) NOT NULL DEFAULT 'it''s; \'me\'',
  `order;no` int DEFAULT NULL COMMENT "a; b",
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

ALTER TABLE accounts ADD COLUMN mail varchar(255) /* UNIQUE; later */, ALGORITHM=INSTANT;
INSERT INTO accounts (name, mail) VALUES ('a;b', 'a@b.example'), ("c\";d", NULL);
# The old way of commenting; still there.
UPDATE accounts SET name = CONCAT(name, ';') WHERE id > 5--1;
CREATE VIEW names AS SELECT CASE WHEN a.name = ';' THEN 'none' ELSE a.name END AS `end` FROM accounts a;
