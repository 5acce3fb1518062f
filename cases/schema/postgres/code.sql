-- Views, routines, aggregates and triggers.
CREATE SCHEMA app;
CREATE TABLE people (id integer PRIMARY KEY, name text, boss integer, born date);
CREATE VIEW adults AS SELECT id, name AS "Full Name", born FROM people WHERE born < '2000-01-01' WITH LOCAL CHECK OPTION;
CREATE VIEW app.guarded WITH (security_barrier) AS SELECT * FROM adults;
ALTER VIEW app.guarded ALTER COLUMN born SET DEFAULT '1999-01-01';
CREATE VIEW grouped AS SELECT p.id, p.name, count(q.id) AS below FROM people p LEFT JOIN people q ON q.boss = p.id GROUP BY p.id;
CREATE RECURSIVE VIEW chain (id, depth) AS SELECT id, 0 FROM people WHERE boss IS NULL UNION ALL SELECT p.id, c.depth + 1 FROM people p JOIN chain c ON p.boss = c.id;
CREATE MATERIALIZED VIEW summed WITH (fillfactor = 90) AS SELECT boss, count(*) AS number FROM people GROUP BY boss;
CREATE UNIQUE INDEX summed_boss ON summed (boss);
ALTER MATERIALIZED VIEW summed CLUSTER ON summed_boss;
ALTER MATERIALIZED VIEW summed ALTER COLUMN number SET STATISTICS 50;
CREATE MATERIALIZED VIEW unfilled AS SELECT * FROM summed WITH NO DATA;
-- Views that need each other, by way of a function.
CREATE VIEW first AS SELECT 1 AS id, 'a'::text COLLATE "C" AS name;
CREATE FUNCTION through() RETURNS SETOF first LANGUAGE sql AS 'SELECT 1, ''a''::text';
CREATE VIEW second AS SELECT id, name FROM through();
CREATE OR REPLACE VIEW first AS SELECT id, name COLLATE "C" AS name FROM second;
CREATE FUNCTION app.add(a integer, b integer DEFAULT 2, OUT total integer, VARIADIC rest integer[] DEFAULT '{}') LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE COST 5 SET work_mem = '1MB' AS $$ SELECT a + b $$;
CREATE FUNCTION app."Odd(name"("Odd(arg" text) RETURNS TABLE (x integer, y text) LANGUAGE plpgsql SECURITY DEFINER STABLE ROWS 10 LEAKPROOF
    AS $body$ BEGIN RETURN QUERY SELECT 1, 'it''s; $$'; END $body$;
CREATE PROCEDURE app.act(INOUT a integer) LANGUAGE plpgsql AS $$ BEGIN a := a + 1; END $$;
CREATE FUNCTION app.before(state integer, value integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT coalesce(state, 0) + value';
CREATE AGGREGATE app.total(integer) (SFUNC = app.before, STYPE = integer, INITCOND = '0', PARALLEL = SAFE, COMBINEFUNC = app.before);
CREATE AGGREGATE app.highest(integer) (SFUNC = int4larger, STYPE = integer, SORTOP = >);
CREATE AGGREGATE app.counted(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE AGGREGATE app.sliding(double precision) (SFUNC = float8pl, STYPE = double precision, MSFUNC = float8pl, MINVFUNC = float8mi, MSTYPE = double precision, MSSPACE = 8);
CREATE AGGREGATE app.share(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE);
CREATE FUNCTION app.touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF name ON people FOR EACH ROW WHEN (NEW.name IS NOT NULL) EXECUTE FUNCTION app.touched('a', 'it''s');
CREATE TRIGGER seen AFTER UPDATE ON people REFERENCING OLD TABLE AS was NEW TABLE AS "Is" FOR EACH STATEMENT EXECUTE FUNCTION app.touched();
CREATE CONSTRAINT TRIGGER late AFTER DELETE ON people DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.touched();
CREATE TRIGGER instead INSTEAD OF INSERT ON grouped FOR EACH ROW EXECUTE FUNCTION app.touched();
ALTER TABLE people DISABLE TRIGGER touch, ENABLE ALWAYS TRIGGER seen, ENABLE REPLICA TRIGGER late;
CREATE EXTENSION citext SCHEMA app;
CREATE TABLE app.uses_extension (name app.citext PRIMARY KEY);
