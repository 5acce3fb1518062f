-- Works on the empty database of the test suite.
ALTER TABLE note ADD COLUMN written_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP;
