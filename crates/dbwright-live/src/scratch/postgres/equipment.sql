-- What each scratch database holds of dbwright's own. @migrator@ stands for the migrating role.
CREATE SCHEMA dbwright;
GRANT USAGE ON SCHEMA dbwright TO @migrator@;

-- Runs CREATE EXTENSION with the superuser's rights, and makes the extension the migrating role's.
--
-- The script of an extension that is not marked as trusted was not written to be run where somebody else may make
-- objects: a routine or operator of the migration that stands in for one of the server's would run with the superuser's
-- rights. So the script runs in a schema of its own where it can be moved afterwards, and elsewhere only if the schemas
-- in its search path hold no routine or operator of a migration.
CREATE FUNCTION dbwright.install_extension(
    extension text, target text, wanted text, if_not_exists boolean, with_required boolean
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    facts record;
    required text;
    apart boolean;
    exposed text[];
    open_schema text;
BEGIN
    -- These start programs, open connections, read and write files, or work on after the session.
    IF extension ~ '_fdw$' OR extension IN (
        'adminpack', 'aws_lambda', 'aws_s3', 'dblink', 'http', 'multicorn', 'orafce', 'pg_background', 'pg_cron',
        'pg_curl', 'pg_net', 'pg_tle', 'pgagent', 'pljava', 'pllua', 'pllua_u', 'plluau', 'plperlu', 'plproxy',
        'plpython2u', 'plpython3u', 'plpythonu', 'plr', 'plsh', 'pltclu', 'wrappers'
    ) THEN
        RAISE EXCEPTION 'extension "%" reaches outside the database and is not installed on a scratch server', extension
            USING ERRCODE = 'insufficient_privilege';
    END IF;

    SELECT v.* INTO facts
    FROM pg_available_extension_versions AS v
    JOIN pg_available_extensions AS e ON e.name = v.name
    WHERE v.name = extension AND v.version = coalesce(wanted, e.default_version);
    IF NOT FOUND OR EXISTS (SELECT FROM pg_extension WHERE extname = extension) THEN
        -- Let the server say it in its own words.
        EXECUTE format('CREATE EXTENSION %s %I %s',
            CASE WHEN if_not_exists THEN 'IF NOT EXISTS' ELSE '' END, extension,
            CASE WHEN wanted IS NULL THEN '' ELSE 'VERSION ' || quote_literal(wanted) END);
        RETURN;
    END IF;

    IF with_required THEN
        FOREACH required IN ARRAY coalesce(facts.requires, '{}') LOOP
            IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = required) THEN
                RAISE NOTICE 'installing required extension "%"', required;
                PERFORM dbwright.install_extension(required, target, NULL, true, true);
            END IF;
        END LOOP;
    END IF;

    IF facts.schema IS NOT NULL THEN
        target := facts.schema;
    ELSIF target IS NULL THEN
        RAISE EXCEPTION 'no schema has been selected to create in' USING ERRCODE = 'undefined_schema';
    ELSIF NOT has_schema_privilege(session_user, target, 'CREATE') THEN
        RAISE EXCEPTION 'permission denied for schema %', target USING ERRCODE = 'insufficient_privilege';
    END IF;

    apart := facts.relocatable AND facts.schema IS NULL AND NOT facts.trusted;
    IF NOT facts.trusted THEN
        SELECT array_agg(n.nspname::text) INTO exposed
        FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
        WHERE e.extname = ANY (facts.requires);
        IF NOT apart THEN
            exposed := exposed || target;
        END IF;
        SELECT n.nspname INTO open_schema
        FROM pg_namespace AS n
        WHERE n.nspname = ANY (exposed) AND (
            EXISTS (SELECT FROM pg_proc AS p JOIN pg_roles AS r ON r.oid = p.proowner
                    WHERE p.pronamespace = n.oid AND NOT r.rolsuper)
            OR EXISTS (SELECT FROM pg_operator AS o JOIN pg_roles AS r ON r.oid = o.oprowner
                       WHERE o.oprnamespace = n.oid AND NOT r.rolsuper));
        IF open_schema IS NOT NULL THEN
            RAISE EXCEPTION 'extension "%" is not installed while schema "%" holds routines or operators of a migration',
                extension, open_schema
                USING ERRCODE = 'insufficient_privilege',
                      DETAIL = 'Its script runs with the rights of a superuser and could be made to call them.';
        END IF;
    END IF;

    IF apart THEN
        CREATE SCHEMA dbwright_apart;
    END IF;
    EXECUTE format('CREATE EXTENSION %I %s %s', extension,
        CASE WHEN facts.schema IS NOT NULL THEN ''
             WHEN apart THEN 'SCHEMA dbwright_apart' ELSE format('SCHEMA %I', target) END,
        CASE WHEN wanted IS NULL THEN '' ELSE 'VERSION ' || quote_literal(wanted) END);
    IF apart THEN
        EXECUTE format('ALTER EXTENSION %I SET SCHEMA %I', extension, target);
        DROP SCHEMA dbwright_apart;
    END IF;

    -- As the server does it for trusted extensions: the extension belongs to who asked for it (so that COMMENT ON and
    -- DROP EXTENSION work), its members to the superuser.
    UPDATE pg_extension SET extowner = session_user::regrole WHERE extname = extension;
    INSERT INTO pg_shdepend (dbid, classid, objid, objsubid, refclassid, refobjid, deptype)
    SELECT d.oid, 'pg_extension'::regclass, e.oid, 0, 'pg_authid'::regclass, e.extowner, 'o'
    FROM pg_extension AS e, pg_database AS d
    WHERE e.extname = extension AND d.datname = current_database();
END
$body$;

-- CREATE EXTENSION for the migrating role. Without a schema, the first one of the caller's search path is taken, as
-- CREATE EXTENSION itself does it.
CREATE FUNCTION dbwright.create_extension(
    name text, schema text DEFAULT NULL, version text DEFAULT NULL,
    if_not_exists boolean DEFAULT false, cascade boolean DEFAULT false
) RETURNS void LANGUAGE sql AS $body$
    SELECT dbwright.install_extension($1, coalesce($2, pg_catalog.current_schema()::text), $3, $4, $5)
$body$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA dbwright FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA dbwright TO @migrator@;
