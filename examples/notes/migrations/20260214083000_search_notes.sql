CREATE VIRTUAL TABLE note_search USING fts5 (body, content = 'note', content_rowid = 'id');

CREATE TRIGGER note_search_insert AFTER INSERT ON note BEGIN
  INSERT INTO note_search (rowid, body) VALUES (new.id, new.body);
END;

CREATE TRIGGER note_search_delete AFTER DELETE ON note BEGIN
  INSERT INTO note_search (note_search, rowid, body) VALUES ('delete', old.id, old.body);
END;
