CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE FUNCTION worse(m mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$SELECT m = 'sad'$$;
CREATE TABLE t (id integer PRIMARY KEY, mood mood NOT NULL DEFAULT 'sad', moods mood[] DEFAULT ARRAY[]::mood[], CHECK (mood <> 'happy'));
CREATE INDEX t_sad ON t (id) WHERE mood = 'sad';
CREATE VIEW sad AS SELECT id, mood FROM t WHERE mood = 'sad';
