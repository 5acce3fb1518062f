-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY users_id ON users (id);
UPDATE users SET id = 3; UPDATE users
SET id = 4;

-- +migrate Down
DROP INDEX users_id;
