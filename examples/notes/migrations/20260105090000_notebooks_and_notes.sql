CREATE TABLE notebook (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL
);

CREATE TABLE note (
  id INTEGER PRIMARY KEY,
  notebook_id INTEGER NOT NULL REFERENCES notebook (id) ON DELETE CASCADE,
  body TEXT NOT NULL DEFAULT ''
);

CREATE INDEX note_notebook_id ON note (notebook_id);
