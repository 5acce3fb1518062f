CREATE TABLE author (
  id int unsigned NOT NULL AUTO_INCREMENT,
  name varchar(60) NOT NULL,
  email varchar(120) DEFAULT NULL,
  born date,
  bio text,
  rating decimal(4, 1) NOT NULL DEFAULT 0,
  active tinyint(1) NOT NULL DEFAULT 1,
  created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY author_email (email),
  KEY author_born (born, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE book (
  id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  author_id int unsigned NOT NULL,
  editor_id int unsigned,
  title varchar(200) NOT NULL,
  pages int,
  state enum('draft', 'done') NOT NULL DEFAULT 'draft',
  tags set('a', 'b'),
  data json,
  CONSTRAINT book_author FOREIGN KEY (author_id) REFERENCES author (id),
  CONSTRAINT book_pages CHECK (pages > 0)
);
CREATE TABLE loan (
  book_id int unsigned NOT NULL,
  day date NOT NULL,
  who varchar(40),
  PRIMARY KEY (book_id, day),
  CONSTRAINT loan_book FOREIGN KEY (book_id) REFERENCES book (id) ON DELETE CASCADE
);
CREATE TABLE plain (a int, b int, c varchar(20), d varchar(300), e char(4), f bigint unsigned);
CREATE TABLE old_text (id int PRIMARY KEY, t varchar(50), u text, KEY (t)) DEFAULT CHARSET=latin1;
CREATE TABLE three_bytes (id int PRIMARY KEY, t varchar(50), v varchar(30)) DEFAULT CHARSET=utf8mb3;
CREATE TABLE page (id int PRIMARY KEY, text text, FULLTEXT KEY page_text (text));
CREATE TABLE derived (a int, b int AS (a + 1) VIRTUAL, c int AS (a + 2) STORED, KEY derived_b (b));
CREATE TABLE queue (id int PRIMARY KEY, what varchar(20)) ENGINE=MyISAM;
CREATE VIEW active_author AS SELECT id, name FROM author WHERE active = 1;
