-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY users_id ON users (id);
UPDATE users SET id = 3; UPDATE users SET id = 4;
