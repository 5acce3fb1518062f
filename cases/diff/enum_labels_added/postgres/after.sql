CREATE TYPE mood AS ENUM ('angry', 'sad', 'it''s ok', 'happy', 'ecstatic');
CREATE TABLE t (id integer PRIMARY KEY, mood mood DEFAULT 'ecstatic');
