CREATE TYPE mood AS ENUM ('bad', 'fine', 'good');
CREATE DOMAIN kept_mood AS mood CONSTRAINT not_bad CHECK (VALUE <> 'bad');
CREATE TYPE entry AS (at date, mood mood, size integer);
CREATE TABLE days (id integer PRIMARY KEY, mood mood DEFAULT 'fine', kept kept_mood, entry entry, entries entry[]);
CREATE VIEW good_days AS SELECT id, entry FROM days WHERE mood = 'good';
