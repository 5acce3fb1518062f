-- Down Migration
DROP INDEX users_id;
---- up migration, second
CREATE INDEX users_id ON users (id);
