-- no-transaction
CREATE INDEX CONCURRENTLY notes_author ON notes (author);
