-- migrate:up
ALTER TABLE users ADD COLUMN name text;
-- migrate:down
ALTER TABLE users DROP COLUMN name;
-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY users_name ON users (name);
-- migrate:down
DROP INDEX users_name;
