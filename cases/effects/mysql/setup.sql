CREATE TABLE account (
  id bigint PRIMARY KEY AUTO_INCREMENT,
  email varchar(100) NOT NULL,
  name varchar(50),
  code varchar(40) CHARACTER SET latin1,
  age int,
  balance decimal(10, 2) DEFAULT 0,
  mood enum('sad', 'ok') DEFAULT 'ok',
  note text,
  score int NOT NULL DEFAULT 1,
  parity int GENERATED ALWAYS AS (age % 2) VIRTUAL,
  third int GENERATED ALWAYS AS (age % 3) STORED,
  UNIQUE KEY account_email (email),
  KEY account_name (name),
  CONSTRAINT account_score CHECK (score >= 0)
);
CREATE TABLE purchase (
  id bigint PRIMARY KEY,
  account_id bigint,
  amount int,
  buyer bigint,
  CONSTRAINT purchase_account FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE item (
  id bigint PRIMARY KEY,
  purchase_id bigint,
  CONSTRAINT item_purchase FOREIGN KEY (purchase_id) REFERENCES purchase (id) ON DELETE SET NULL
);
CREATE TABLE article (id bigint PRIMARY KEY, title varchar(200), body text);
CREATE TABLE place (id bigint PRIMARY KEY, spot point NOT NULL);
CREATE TABLE tally (a int, b int);
CREATE TABLE event (id bigint NOT NULL, day int NOT NULL, kind varchar(20), PRIMARY KEY (id, day))
  PARTITION BY RANGE (day) (PARTITION low VALUES LESS THAN (1000), PARTITION rest VALUES LESS THAN (2000000000));
CREATE TABLE old_style (id int PRIMARY KEY, a int) ENGINE=MyISAM;
CREATE TABLE audit (id bigint PRIMARY KEY AUTO_INCREMENT, what varchar(20));
CREATE TRIGGER item_gone AFTER DELETE ON item FOR EACH ROW INSERT INTO audit (what) VALUES ('item');
CREATE VIEW adult AS SELECT id, name FROM account WHERE age >= 18;
DELIMITER //
CREATE PROCEDURE add_flag()
BEGIN
  ALTER TABLE tally ADD COLUMN flag int;
  UPDATE tally SET flag = 1;
END//
DELIMITER ;
