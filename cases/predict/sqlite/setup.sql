CREATE TABLE author (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  mail TEXT UNIQUE,
  mentor INTEGER REFERENCES author (id)
);
CREATE TABLE book (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  author_id INTEGER NOT NULL REFERENCES author (id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  shelf TEXT,
  pages INTEGER CHECK (pages > 0),
  twice INTEGER AS (pages * 2) VIRTUAL,
  note VARCHAR(20) DEFAULT 'none' COLLATE NOCASE,
  CONSTRAINT once UNIQUE (author_id, title)
);
CREATE INDEX book_title ON book (title);
CREATE INDEX book_pages ON book (pages DESC) WHERE pages > 10;
CREATE TABLE tag (name TEXT PRIMARY KEY, color TEXT) WITHOUT ROWID;
CREATE TABLE strict_one (id INTEGER PRIMARY KEY, text TEXT) STRICT;
CREATE TABLE loose (a, b, c, d);
CREATE TABLE child (id INTEGER PRIMARY KEY, loose_a REFERENCES loose (a), tag TEXT REFERENCES tag);
CREATE TABLE log (line TEXT);
CREATE VIEW titles AS SELECT title, shelf FROM book;
CREATE TRIGGER book_new AFTER INSERT ON book BEGIN INSERT INTO log VALUES (new.title); END;
