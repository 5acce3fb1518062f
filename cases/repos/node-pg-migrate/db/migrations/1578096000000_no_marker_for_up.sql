ALTER TABLE users ADD COLUMN seen date;
-- Down Migration
ALTER TABLE users DROP COLUMN seen;
