//! What the migrating role may do, and what it may not.

use std::os::unix::fs::MetadataExt;

use dbwright_live::scratch::postgres::Who;

use super::{ask, migrator, refusal, run, traces};
use crate::servers;

/// How the server says that something may not be done, as opposed to that it could not be done.
const REFUSALS: [&str; 10] = [
    "permission denied",
    "must be superuser",
    "must be owner",
    "is reserved",
    "is not allowed",
    "reaches outside the database",
    "invalid extension",
    "role \"pg_execute_server_program\" does not exist",
    "_server_files\" does not exist",
    "schema \"public; CREATE ROLE strong SUPERUSER\" does not exist",
];

#[tokio::test]
async fn nothing_outside_the_database_can_be_reached() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let (_, session) = migrator(&scratch).await;
        run(&session, "CREATE TABLE t (line text)").await;
        for sql in [
            "COPY t TO PROGRAM 'cat'",
            "COPY t FROM PROGRAM 'echo hello'",
            "COPY t FROM '/etc/passwd'",
            "COPY t TO '/tmp/dbwright-must-not-exist'",
            "GRANT pg_execute_server_program TO postgres",
            "GRANT pg_read_server_files TO postgres",
            "GRANT pg_write_server_files TO postgres",
            "CREATE ROLE pg_execute_server_program",
            "GRANT dbwright TO postgres",
            "CREATE ROLE strong IN ROLE dbwright",
            "SET ROLE dbwright",
            "SET SESSION AUTHORIZATION dbwright",
            "ALTER ROLE postgres SUPERUSER",
            "ALTER ROLE dbwright PASSWORD 'x'",
            "CREATE ROLE strong SUPERUSER",
            "CREATE ROLE copier REPLICATION",
            "SELECT pg_read_file('postgresql.conf')",
            "SELECT pg_ls_dir('/')",
            "SELECT lo_import('/etc/passwd')",
            "SELECT lo_export(1, '/tmp/dbwright-must-not-exist')",
            "ALTER SYSTEM SET archive_command = 'true'",
            "CREATE TABLESPACE elsewhere LOCATION '/tmp'",
            "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'system'",
            "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p",
            "LOAD '/tmp/library.so'",
            "CREATE EXTENSION dblink",
            "SELECT dbwright.create_extension('dblink')",
            "SELECT dbwright.create_extension('postgres_fdw')",
            "SELECT dbwright.create_extension('file_fdw')",
            "SELECT dbwright.create_extension('plperlu', cascade => true)",
            "SELECT dbwright.create_extension('x\"; CREATE ROLE strong SUPERUSER; --')",
            "SELECT dbwright.create_extension('citext', 'public; CREATE ROLE strong SUPERUSER')",
            "SELECT dbwright.create_extension('citext', 'public', '1''; CREATE ROLE strong SUPERUSER; --')",
            "CREATE OR REPLACE FUNCTION dbwright.create_extension(text, text, text, boolean, boolean) RETURNS void \
             LANGUAGE sql AS 'SELECT'",
            "DROP SCHEMA dbwright CASCADE",
        ] {
            let message = refusal(&session, sql).await;
            assert!(
                REFUSALS.iter().any(|words| message.contains(words)),
                "{major}: {sql}: {message}"
            );
        }
        assert_eq!(
            ask(&session, "SELECT count(*) FROM pg_roles WHERE rolsuper").await,
            "1",
            "{major}"
        );
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn extensions_are_installed_for_the_migration() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let (_, session) = migrator(&scratch).await;
        run(&session, "CREATE SCHEMA app; SET search_path = app, public").await;
        // Trusted; not trusted but movable; with what it requires.
        run(
            &session,
            "SELECT dbwright.create_extension('citext', 'public', if_not_exists => true)",
        )
        .await;
        run(&session, "SELECT dbwright.create_extension('pageinspect')").await;
        run(
            &session,
            "SELECT dbwright.create_extension('earthdistance', 'public', cascade => true)",
        )
        .await;
        run(
            &session,
            "SELECT dbwright.create_extension('citext', if_not_exists => true)",
        )
        .await;
        assert!(
            session
                .take_notices()
                .iter()
                .any(|notice| notice.contains("already exists, skipping"))
        );
        assert_eq!(
            ask(
                &session,
                "SELECT string_agg(extname || ' ' || extnamespace::regnamespace || ' ' || extowner::regrole, ', ' \
                 ORDER BY extname) FROM pg_extension WHERE extname <> 'plpgsql'"
            )
            .await,
            "citext public postgres, cube public postgres, earthdistance public postgres, pageinspect app postgres"
        );
        run(&session, "CREATE TABLE t (name citext)").await;
        run(
            &session,
            "COMMENT ON EXTENSION pageinspect IS 'dumps say this'; DROP EXTENSION pageinspect",
        )
        .await;
        assert!(
            refusal(&session, "SELECT dbwright.create_extension('citext')")
                .await
                .contains("already exists")
        );
        let missing = refusal(&session, "SELECT dbwright.create_extension('nothing_like_it')").await;
        assert!(missing.contains("nothing_like_it"), "{missing}");
        let elsewhere = refusal(&session, "SELECT dbwright.create_extension('hstore', 'pg_catalog')").await;
        assert_eq!(elsewhere, "permission denied for schema pg_catalog");
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn the_script_of_an_extension_can_not_be_made_to_run_the_migrations_code() {
    let scratch = servers::scratch(18).await;
    let (_, session) = migrator(&scratch).await;
    run(&session, "SELECT dbwright.create_extension('cube')").await;
    run(
        &session,
        "CREATE FUNCTION public.sqrt(integer) RETURNS float8 LANGUAGE sql AS 'SELECT 1.0'",
    )
    .await;
    // `earthdistance` is not trusted, and its script works with `cube` in `public`.
    assert_eq!(
        refusal(&session, "SELECT dbwright.create_extension('earthdistance')").await,
        "extension \"earthdistance\" is not installed while schema \"public\" holds routines or operators of a migration"
    );
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn a_presupposed_role_can_own_what_the_migration_makes() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let (_, session) = migrator(&scratch).await;
        run(&session, "CREATE TABLE t (id int)").await;
        assert_eq!(
            refusal(&session, "ALTER TABLE t OWNER TO \"App User\"").await,
            "role \"App User\" does not exist"
        );
        scratch.create_role("App User").await.unwrap();
        scratch.create_role("App User").await.unwrap();
        run(
            &session,
            "GRANT CREATE ON SCHEMA public TO \"App User\"; ALTER TABLE t OWNER TO \"App User\"",
        )
        .await;
        run(&session, "CREATE ROLE other; GRANT \"App User\" TO other").await;
        scratch.create_role("other").await.unwrap();
        run(&session, "CREATE SCHEMA theirs AUTHORIZATION other").await;
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_role_that_the_migration_makes_can_own_what_it_makes_since_16() {
    let scratch = servers::scratch(18).await;
    let (_, session) = migrator(&scratch).await;
    run(
        &session,
        "CREATE ROLE app; CREATE SCHEMA theirs AUTHORIZATION app; SET ROLE app",
    )
    .await;
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn roles_with_more_rights_are_not_handed_to_a_migration() {
    let scratch = servers::scratch(15).await;
    for name in ["dbwright", "pg_execute_server_program", "pg_read_all_data"] {
        let error = scratch.create_role(name).await.unwrap_err();
        assert!(error.is_refusal(), "{error}");
    }
    scratch.create_role("postgres").await.unwrap();
    let (_, session) = migrator(&scratch).await;
    assert_eq!(
        ask(
            &session,
            "SELECT count(*) FROM pg_auth_members WHERE member = 'postgres'::regrole"
        )
        .await,
        "0"
    );
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn nobody_else_can_get_to_the_servers_files_or_its_socket() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let (folder, _) = traces(&scratch).await;
        for path in [folder.clone(), folder.join("data")] {
            assert_eq!(
                std::fs::metadata(&path).unwrap().mode() & 0o077,
                0,
                "{}",
                path.display()
            );
        }
        let observer = scratch.connect("postgres", Who::Observer).await.unwrap();
        assert_eq!(ask(&observer, "SHOW listen_addresses").await, "");
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn an_observer_does_not_see_the_names_of_a_migration() {
    let scratch = servers::scratch(18).await;
    let (database, session) = migrator(&scratch).await;
    run(
        &session,
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    )
    .await;
    let observer = scratch.connect(&database, Who::Observer).await.unwrap();
    assert_eq!(refusal(&observer, "SELECT f()").await, "function f() does not exist");
    scratch.stop().await.unwrap();
}
