-- SQLite cannot add a constraint to a table, so the table is built anew.
PRAGMA foreign_keys = OFF;

CREATE TABLE notebook_new (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL UNIQUE
);

INSERT INTO notebook_new (id, title) SELECT id, title FROM notebook;
DROP TABLE notebook;
ALTER TABLE notebook_new RENAME TO notebook;

PRAGMA foreign_keys = ON;
