//! Small groups of objects of the rarer kinds, each in a few variants.

/// How many groups there are.
pub(super) const GROUPS: usize = 16;

/// How many variants a group has; one more stands for its absence.
pub(super) const VARIANTS: usize = 3;

/// The SQL of a group. `n` makes its names its own.
pub(super) fn sql(group: usize, n: usize, variant: usize, major: u32) -> String {
    if variant >= VARIANTS {
        return String::new();
    }
    let pick = |choices: [&str; VARIANTS]| choices[variant].replace("{n}", &n.to_string());
    let text = match group {
        0 => pick([
            "CREATE AGGREGATE app.ag{n} (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');",
            "CREATE AGGREGATE app.ag{n} (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '5');",
            "CREATE AGGREGATE app.ag{n} (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '5'); \
             COMMENT ON AGGREGATE app.ag{n} (integer) IS 'sum';",
        ]),
        1 => pick([
            "CREATE PROCEDURE app.pr{n}(a integer) LANGUAGE sql AS 'SELECT 1';",
            "CREATE PROCEDURE app.pr{n}(a integer) LANGUAGE sql AS 'SELECT 2';",
            "CREATE PROCEDURE app.pr{n}(b integer) LANGUAGE plpgsql AS 'BEGIN NULL; END'; \
             GRANT EXECUTE ON PROCEDURE app.pr{n}(integer) TO reader;",
        ]),
        2 => pick([
            "CREATE TYPE app.rg{n} AS RANGE (subtype = integer);",
            "CREATE TYPE app.rg{n} AS RANGE (subtype = bigint);",
            "CREATE TYPE app.rg{n} AS RANGE (subtype = text, collation = \"C\"); COMMENT ON TYPE app.rg{n} IS 'range';",
        ]),
        3 => pick([
            "CREATE COLLATION app.co{n} (lc_collate = 'C', lc_ctype = 'C');",
            "CREATE COLLATION app.co{n} (lc_collate = 'POSIX', lc_ctype = 'POSIX');",
            "CREATE COLLATION app.co{n} (lc_collate = 'C', lc_ctype = 'C'); COMMENT ON COLLATION app.co{n} IS 'bytes';",
        ]),
        4 => pick([
            "CREATE TABLE app.ba{n} (id integer NOT NULL, a integer DEFAULT 1 CHECK (a > 0)); \
             CREATE TABLE app.in{n} (b integer) INHERITS (app.ba{n});",
            "CREATE TABLE app.ba{n} (id integer NOT NULL, a bigint DEFAULT 2 CHECK (a > 0), c integer DEFAULT 3); \
             CREATE TABLE app.in{n} (b integer) INHERITS (app.ba{n});",
            "CREATE TABLE app.ba{n} (id integer NOT NULL, a integer DEFAULT 1); \
             CREATE TABLE app.in{n} (b integer) INHERITS (app.ba{n}); ALTER TABLE app.in{n} ALTER COLUMN a SET DEFAULT 9;",
        ]),
        5 => pick([
            "CREATE FUNCTION app.fc{n}() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
            "CREATE FUNCTION app.fc{n}() RETURNS integer LANGUAGE sql AS 'SELECT 1'; \
             REVOKE EXECUTE ON FUNCTION app.fc{n}() FROM PUBLIC; COMMENT ON FUNCTION app.fc{n}() IS 'one';",
            "CREATE FUNCTION app.fc{n}() RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = app AS 'SELECT 1'; \
             GRANT EXECUTE ON FUNCTION app.fc{n}() TO reader WITH GRANT OPTION;",
        ]),
        6 => pick([
            "CREATE SCHEMA s{n}; CREATE TABLE s{n}.t (id integer PRIMARY KEY);",
            "CREATE SCHEMA s{n}; GRANT USAGE ON SCHEMA s{n} TO reader; COMMENT ON SCHEMA s{n} IS 'empty';",
            "CREATE SCHEMA s{n}; CREATE TABLE s{n}.t (id bigint PRIMARY KEY); GRANT ALL ON s{n}.t TO writer; \
             CREATE VIEW s{n}.v AS SELECT id FROM s{n}.t;",
        ]),
        7 => pick([
            "CREATE TABLE app.ow{n} (id integer PRIMARY KEY);",
            "CREATE TABLE app.ow{n} (id integer PRIMARY KEY); ALTER TABLE app.ow{n} OWNER TO owner; \
             GRANT SELECT ON app.ow{n} TO reader;",
            "CREATE TABLE app.ow{n} (id integer PRIMARY KEY); ALTER TABLE app.ow{n} OWNER TO writer; \
             CREATE VIEW app.ov{n} AS SELECT id FROM app.ow{n}; ALTER VIEW app.ov{n} OWNER TO owner;",
        ]),
        8 => pick([
            "CREATE TABLE app.cg{n} (id integer, a integer); GRANT SELECT (id) ON app.cg{n} TO reader;",
            "CREATE TABLE app.cg{n} (id integer, a integer); GRANT SELECT (id), UPDATE (a) ON app.cg{n} TO reader; \
             GRANT INSERT ON app.cg{n} TO reader;",
            "CREATE TABLE app.cg{n} (id integer, a integer); GRANT UPDATE (a) ON app.cg{n} TO writer WITH GRANT OPTION; \
             GRANT SELECT ON app.cg{n} TO PUBLIC;",
        ]),
        9 => pick([
            "CREATE TABLE app.nv{n} (id integer, a integer); ALTER TABLE app.nv{n} ADD CONSTRAINT nvc{n} CHECK (a > 0) NOT VALID;",
            "CREATE TABLE app.nv{n} (id integer, a integer); ALTER TABLE app.nv{n} ADD CONSTRAINT nvc{n} CHECK (a > 0); \
             COMMENT ON CONSTRAINT nvc{n} ON app.nv{n} IS 'positive';",
            "CREATE TABLE app.nv{n} (id integer, a integer); ALTER TABLE app.nv{n} ADD CONSTRAINT nvc{n} CHECK (a > 0) NO INHERIT;",
        ]),
        10 => pick([
            "CREATE TABLE app.so{n} (id integer, other integer); CREATE SEQUENCE app.sq{n} OWNED BY app.so{n}.id;",
            "CREATE TABLE app.so{n} (id integer, other integer); CREATE SEQUENCE app.sq{n} AS integer OWNED BY app.so{n}.other;",
            "CREATE TABLE app.so{n} (id integer); CREATE SEQUENCE app.sq{n} START 5; GRANT USAGE ON SEQUENCE app.sq{n} TO reader;",
        ]),
        11 => pick([
            "CREATE TABLE app.vt{n} (id integer, a integer); \
             CREATE FUNCTION app.vf{n}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
             CREATE VIEW app.vv{n} AS SELECT id FROM app.vt{n}; \
             CREATE TRIGGER vg{n} INSTEAD OF INSERT ON app.vv{n} FOR EACH ROW EXECUTE FUNCTION app.vf{n}();",
            "CREATE TABLE app.vt{n} (id bigint, a integer); \
             CREATE FUNCTION app.vf{n}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
             CREATE VIEW app.vv{n} AS SELECT id FROM app.vt{n}; ALTER VIEW app.vv{n} ALTER COLUMN id SET DEFAULT 5; \
             CREATE TRIGGER vg{n} INSTEAD OF INSERT ON app.vv{n} FOR EACH ROW EXECUTE FUNCTION app.vf{n}(); \
             COMMENT ON COLUMN app.vv{n}.id IS 'key'; GRANT SELECT ON app.vv{n} TO reader;",
            "CREATE TABLE app.vt{n} (id integer, a integer); \
             CREATE FUNCTION app.vf{n}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'; \
             CREATE VIEW app.vv{n} WITH (check_option = local) AS SELECT id, a FROM app.vt{n} WHERE a > 0; \
             CREATE RULE vr{n} AS ON DELETE TO app.vv{n} DO INSTEAD DELETE FROM app.vt{n} WHERE id = old.id;",
        ]),
        12 if major >= 14 => pick([
            "CREATE TABLE app.at{n} (id integer, a integer); \
             CREATE FUNCTION app.af{n}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT max(a) FROM app.at{n}; END;",
            "CREATE TABLE app.at{n} (id integer, a bigint); \
             CREATE FUNCTION app.af{n}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT max(a) FROM app.at{n}; END;",
            "CREATE TABLE app.at{n} (id integer); \
             CREATE FUNCTION app.af{n}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM app.at{n}; END;",
        ]),
        13 => pick([
            "CREATE TABLE app.ri{n} (id integer NOT NULL, a integer NOT NULL); CREATE UNIQUE INDEX rx{n} ON app.ri{n} (id); \
             ALTER TABLE app.ri{n} REPLICA IDENTITY USING INDEX rx{n};",
            "CREATE TABLE app.ri{n} (id integer NOT NULL, a integer NOT NULL); CREATE UNIQUE INDEX rx{n} ON app.ri{n} (a); \
             ALTER TABLE app.ri{n} REPLICA IDENTITY USING INDEX rx{n}; ALTER TABLE app.ri{n} CLUSTER ON rx{n};",
            "CREATE TABLE app.ri{n} (id integer NOT NULL, a integer NOT NULL); CREATE UNIQUE INDEX rx{n} ON app.ri{n} (id, (a + 1)); \
             ALTER INDEX app.rx{n} ALTER COLUMN 2 SET STATISTICS 50; COMMENT ON INDEX app.rx{n} IS 'pair';",
        ]),
        14 => pick([
            "CREATE TABLE app.rt{n} (id integer, a integer); \
             CREATE FUNCTION app.rf{n}(t app.rt{n}) RETURNS integer LANGUAGE sql AS 'SELECT t.id'; \
             CREATE VIEW app.rv{n} AS SELECT app.rf{n}(t.*) AS x FROM app.rt{n} t;",
            "CREATE TABLE app.rt{n} (id integer, a integer, b text); \
             CREATE FUNCTION app.rf{n}(t app.rt{n}) RETURNS integer LANGUAGE sql AS 'SELECT t.id'; \
             CREATE VIEW app.rv{n} AS SELECT app.rf{n}(t.*) AS x, t.b FROM app.rt{n} t;",
            "CREATE TABLE app.rt{n} (id integer, a integer); \
             CREATE FUNCTION app.rf{n}(t app.rt{n}) RETURNS bigint LANGUAGE sql AS 'SELECT t.id'; \
             CREATE VIEW app.rv{n} AS SELECT app.rf{n}(t.*) AS x FROM app.rt{n} t;",
        ]),
        _ => pick([
            "CREATE TABLE app.fa{n} (id integer PRIMARY KEY); \
             CREATE TABLE app.fb{n} (id integer PRIMARY KEY, a integer REFERENCES app.fa{n} (id));",
            "CREATE TABLE app.fa{n} (id bigint PRIMARY KEY); \
             CREATE TABLE app.fb{n} (id integer PRIMARY KEY, a bigint REFERENCES app.fa{n} (id) DEFERRABLE);",
            "CREATE TABLE app.fa{n} (id integer PRIMARY KEY, b integer); \
             CREATE TABLE app.fb{n} (id integer PRIMARY KEY, a integer REFERENCES app.fa{n} (id) ON DELETE CASCADE); \
             ALTER TABLE app.fa{n} ADD CONSTRAINT fc{n} FOREIGN KEY (b) REFERENCES app.fb{n} (id) NOT VALID;",
        ]),
    };
    text + "\n"
}
