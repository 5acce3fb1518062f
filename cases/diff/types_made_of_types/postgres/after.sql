CREATE TYPE mood AS ENUM ('fine', 'good', 'great');
CREATE DOMAIN kept_mood AS mood CONSTRAINT not_great CHECK (VALUE <> 'great');
CREATE TYPE entry AS (at date, mood mood, size integer);
CREATE TABLE days (id integer PRIMARY KEY, mood mood DEFAULT 'fine', kept kept_mood, entry entry, entries entry[]);
CREATE VIEW good_days AS SELECT id, entry FROM days WHERE mood = 'good';
