
-- no-transaction
ALTER TABLE notes ADD COLUMN body text;
