-- Types, domains and sequences.
CREATE SCHEMA app;
CREATE SCHEMA "Odd name";
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'it''s "fine"');
CREATE TYPE "Odd name"."Type" AS ENUM ();
CREATE TYPE app.place AS (street text COLLATE "C", "number" integer, moods app.mood[]);
CREATE TYPE app.span AS RANGE (SUBTYPE = timestamp with time zone);
CREATE TYPE app.words AS RANGE (SUBTYPE = text, COLLATION = "C", SUBTYPE_OPCLASS = pg_catalog.text_pattern_ops);
CREATE FUNCTION app.distance(a double precision, b double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE AS 'SELECT a - b';
CREATE TYPE app.numbers AS RANGE (SUBTYPE = double precision, SUBTYPE_DIFF = app.distance);
CREATE DOMAIN app.positive AS integer DEFAULT 1 NOT NULL CONSTRAINT above_zero CHECK (VALUE > 0) CHECK (VALUE < 1000);
CREATE DOMAIN app.code AS character varying(10) COLLATE "C" CHECK (VALUE ~ '^[a-z]+$');
ALTER DOMAIN app.code ADD CONSTRAINT later CHECK (length(VALUE) > 1) NOT VALID;
CREATE DOMAIN app.codes AS app.code[];
-- A check that calls a function that takes the domain.
CREATE DOMAIN app.circular AS text;
CREATE FUNCTION app.judge(value app.circular) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT value <> 'x' $$;
ALTER DOMAIN app.circular ADD CONSTRAINT judged CHECK (app.judge(VALUE));
CREATE SEQUENCE app.plain;
CREATE SEQUENCE app.special AS smallint START WITH 5 INCREMENT BY -2 MINVALUE -100 MAXVALUE 50 CACHE 7 CYCLE;
CREATE SEQUENCE app.descending INCREMENT BY -1;
-- A base type with a shell of its own.
CREATE TYPE app.base;
CREATE FUNCTION app.base_in(cstring) RETURNS app.base LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION app.base_out(app.base) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE app.base (INPUT = app.base_in, OUTPUT = app.base_out, LIKE = integer, DEFAULT = '7', CATEGORY = 'N');
CREATE TYPE app.shell;
