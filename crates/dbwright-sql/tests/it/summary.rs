//! What `summarise` says of single statements.

use dbwright_catalog::Engine;
use dbwright_sql::{Summary, TransactionControl, summarise};

use TransactionControl::{Begin, Commit, Release, Rollback, RollbackTo, Savepoint, Set};

/// Statements with one and the same summary.
fn all(engine: Engine, expected: &Summary, statements: &[&str]) {
    for statement in statements {
        assert_eq!(&summarise(engine, statement), expected, "{statement}");
    }
}

fn postgres(expected: &Summary, statements: &[&str]) {
    all(Engine::Postgres, expected, statements);
}

fn sqlite(expected: &Summary, statements: &[&str]) {
    all(Engine::Sqlite, expected, statements);
}

fn extension(name: &str, schema: Option<&str>, version: Option<&str>, if_not_exists: bool, cascade: bool) -> Summary {
    Summary::CreateExtension {
        name: name.to_owned(),
        schema: schema.map(str::to_owned),
        version: version.map(str::to_owned),
        if_not_exists,
        cascade,
    }
}

fn index(name: Option<&str>, concurrently: bool, if_not_exists: bool) -> Summary {
    Summary::CreateIndex {
        name: name.map(str::to_owned),
        concurrently,
        if_not_exists,
    }
}

fn pragma(name: &str, value: Option<&str>) -> Summary {
    Summary::Pragma {
        name: name.to_owned(),
        value: value.map(str::to_owned),
    }
}

#[test]
fn transactions_of_postgres() {
    let control = |control: TransactionControl, statements: &[&str]| {
        postgres(&Summary::Transaction(control), statements);
    };
    control(
        Begin,
        &[
            "BEGIN",
            "begin work isolation level serializable",
            "START TRANSACTION",
            "/* a */ -- b\nBEGIN;",
        ],
    );
    control(Commit, &["COMMIT", "END TRANSACTION", "commit and chain"]);
    control(
        Rollback,
        &[
            "ROLLBACK",
            "ABORT WORK",
            "PREPARE TRANSACTION 'x'",
            "ROLLBACK TRANSACTION",
        ],
    );
    control(
        Savepoint("a".into()),
        &["SAVEPOINT a", "savepoint A", "SAVEPOINT \"a\""],
    );
    control(
        RollbackTo("a".into()),
        &[
            "ROLLBACK TO a",
            "ROLLBACK WORK TO SAVEPOINT A",
            "ABORT TRANSACTION TO a",
        ],
    );
    control(
        RollbackTo("savepoint".into()),
        &["ROLLBACK TO savepoint", "ROLLBACK TO SAVEPOINT savepoint"],
    );
    control(Release("a".into()), &["RELEASE a", "RELEASE SAVEPOINT a"]);
    control(
        Set,
        &[
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET LOCAL TRANSACTION READ ONLY",
            "SET transaction_isolation = 'serializable'",
            "SET CONSTRAINTS ALL DEFERRED",
        ],
    );
    postgres(&Summary::Other, &["COMMIT PREPARED 'x'", "ROLLBACK PREPARED 'x'"]);
}

#[test]
fn sessions_of_postgres() {
    postgres(
        &Summary::Session,
        &[
            "SET search_path = a",
            "SET LOCAL lock_timeout TO '1s'",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET ROLE x",
            "SET SESSION AUTHORIZATION x",
            "SET constraint_exclusion = on",
            "RESET ALL",
            "SHOW all",
            "DISCARD ALL",
            "LISTEN a",
            "PREPARE a AS SELECT 1",
            "DEALLOCATE a",
        ],
    );
}

#[test]
fn extensions() {
    postgres(
        &extension("citext", None, None, false, false),
        &["CREATE EXTENSION citext", "create extension CITEXT;"],
    );
    postgres(
        &extension("uuid-ossp", Some("ext"), Some("1.1"), true, true),
        &[
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA ext VERSION '1.1' CASCADE",
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" CASCADE VERSION \"1.1\" SCHEMA Ext",
        ],
    );
    postgres(
        &extension("plpgsql", None, None, true, false),
        &["CREATE OR REPLACE TRUSTED PROCEDURAL LANGUAGE plpgsql"],
    );
    postgres(
        &extension("plperl", None, None, false, false),
        &["CREATE LANGUAGE plperl"],
    );
    postgres(
        &Summary::Definition,
        &[
            "CREATE LANGUAGE x HANDLER y",
            "ALTER EXTENSION x UPDATE",
            "DROP EXTENSION x",
        ],
    );
    postgres(
        &Summary::ReachesOutside("CREATE EXTENSION dblink"),
        &[
            "CREATE EXTENSION IF NOT EXISTS dblink",
            "CREATE EXTENSION \"dblink\" SCHEMA x",
            "create extension DBLINK",
        ],
    );
    postgres(
        &Summary::ReachesOutside("CREATE EXTENSION plpython3u"),
        &["CREATE LANGUAGE plpython3u", "CREATE EXTENSION plpython3u"],
    );
}

#[test]
fn indexes() {
    postgres(
        &index(Some("a"), false, false),
        &["CREATE INDEX a ON t (x)", "CREATE UNIQUE INDEX A ON t (x)"],
    );
    postgres(
        &index(Some("a"), true, true),
        &["CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"a\" ON t (x)"],
    );
    postgres(&index(None, true, false), &["CREATE INDEX CONCURRENTLY ON t (x)"]);
    postgres(&index(None, false, false), &["CREATE INDEX ON ONLY t (x)"]);
    postgres(&index(Some("if"), false, false), &["CREATE INDEX if ON t (x)"]);
    sqlite(
        &index(Some("A"), false, true),
        &["CREATE UNIQUE INDEX IF NOT EXISTS main.A ON t (x)"],
    );
    sqlite(
        &index(Some("concurrently"), false, false),
        &[
            "CREATE INDEX concurrently ON t (x)",
            "CREATE INDEX 'concurrently' ON t (x)",
        ],
    );
}

#[test]
fn roles_and_memberships() {
    postgres(
        &Summary::Role,
        &[
            "CREATE ROLE a",
            "CREATE USER a",
            "CREATE USER mapping",
            "ALTER GROUP a ADD USER b",
            "ALTER ROLE a SET x = 1",
            "DROP USER IF EXISTS a",
            "GRANT a TO b",
            "GRANT a, \"on\" TO b WITH ADMIN OPTION",
            "REVOKE ADMIN OPTION FOR a FROM b",
            "COMMENT ON ROLE a IS 'on'",
        ],
    );
    postgres(
        &Summary::Definition,
        &[
            "GRANT SELECT ON t TO r",
            "GRANT SELECT (a, b), INSERT ON t TO r WITH GRANT OPTION",
            "REVOKE GRANT OPTION FOR SELECT ON t FROM r",
            "GRANT ALL ON ALL TABLES IN SCHEMA s TO r",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r",
            "CREATE USER MAPPING FOR a SERVER b",
            "CREATE USER MAPPING IF NOT EXISTS FOR a SERVER b",
            "DROP USER MAPPING FOR a SERVER b",
            "ALTER USER MAPPING FOR a SERVER b OPTIONS (SET x '')",
            "REASSIGN OWNED BY a TO b",
            "DROP OWNED BY a",
        ],
    );
}

#[test]
fn what_belongs_to_the_cluster() {
    for (statement, name) in [
        ("ALTER SYSTEM SET x = 1", "ALTER SYSTEM"),
        ("CREATE DATABASE x", "CREATE DATABASE"),
        ("ALTER DATABASE x SET y = 1", "ALTER DATABASE"),
        ("DROP DATABASE x", "DROP DATABASE"),
        ("CREATE TABLESPACE x LOCATION ''", "CREATE TABLESPACE"),
        ("ALTER TABLESPACE x OWNER TO y", "ALTER TABLESPACE"),
        ("DROP TABLESPACE x", "DROP TABLESPACE"),
        ("COMMENT ON DATABASE x IS ''", "COMMENT ON DATABASE"),
        ("GRANT CREATE ON TABLESPACE x TO y", "GRANT … ON TABLESPACE"),
        ("GRANT SET ON PARAMETER x TO y", "GRANT … ON PARAMETER"),
        ("CHECKPOINT", "CHECKPOINT"),
    ] {
        postgres(&Summary::ClusterWide(name), &[statement]);
    }
}

#[test]
fn what_reaches_outside() {
    for (statement, name) in [
        ("COPY t FROM PROGRAM 'ls'", "COPY … PROGRAM"),
        ("COPY (SELECT 1 FROM x) TO PROGRAM 'cat'", "COPY … PROGRAM"),
        ("COPY t (a, b) FROM '/file'", "COPY … FROM '/file'"),
        ("COPY s.from FROM E'/file'", "COPY … FROM '/file'"),
        ("COPY t TO $$/file$$", "COPY … TO '/file'"),
        ("COPY t TO /* stdout */ '/file'", "COPY … TO '/file'"),
        (
            "CREATE SUBSCRIPTION x CONNECTION '' PUBLICATION y",
            "CREATE SUBSCRIPTION",
        ),
        ("ALTER SUBSCRIPTION x ENABLE", "ALTER SUBSCRIPTION"),
        ("DROP SUBSCRIPTION x", "DROP SUBSCRIPTION"),
        ("IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z", "IMPORT FOREIGN SCHEMA"),
        ("LOAD 'x'", "LOAD"),
    ] {
        postgres(&Summary::ReachesOutside(name), &[statement]);
    }
    for (statement, name) in [
        ("ATTACH DATABASE 'x' AS y", "ATTACH"),
        ("attach ':memory:' as y", "ATTACH"),
        ("VACUUM INTO 'x'", "VACUUM INTO"),
        ("VACUUM main INTO 'x'", "VACUUM INTO"),
        ("SELECT load_extension('x')", "load_extension"),
        ("SELECT \"LOAD_EXTENSION\" /* */ ('x')", "load_extension"),
        (
            "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT load_extension('y'); END",
            "load_extension",
        ),
    ] {
        sqlite(&Summary::ReachesOutside(name), &[statement]);
    }
    sqlite(
        &Summary::Query,
        &["SELECT 'load_extension(1)', load_extension -- (\nFROM t"],
    );
}

#[test]
fn copy_between_client_and_server() {
    postgres(
        &Summary::CopyFromStdin,
        &[
            "COPY t FROM STDIN",
            "copy s.t (a, \"from\") from stdin with (format csv)",
            "COPY t FROM stdout",
        ],
    );
    postgres(
        &Summary::Write,
        &["COPY t TO STDOUT", "COPY (SELECT 'x' FROM y) TO STDIN"],
    );
}

#[test]
fn queries_and_writes() {
    postgres(
        &Summary::Query,
        &[
            "SELECT 1",
            "-- a\n/* b */ SELECT f()",
            "((SELECT 1) UNION (SELECT 2))",
            "VALUES (1)",
            "TABLE t",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "WITH RECURSIVE insert (x, y) AS MATERIALIZED (SELECT 1), update AS (SELECT 2) (SELECT * FROM insert)",
            "WITH a AS (SELECT 1) SEARCH DEPTH FIRST BY x, y SET z CYCLE x, y SET c USING p, b AS (SELECT 1) SELECT 2",
            "SELECT 1 AS into, t.into FROM t",
            "SELECT (SELECT 'into') || \"into\"",
            "EXPLAIN DELETE FROM t",
            "EXPLAIN VERBOSE DELETE FROM t",
            "EXPLAIN (COSTS off, ANALYZE false) DELETE FROM t",
            "EXPLAIN (ANALYZE true, ANALYZE off) DELETE FROM t",
            "EXPLAIN (SELECT 1)",
            "EXPLAIN ANALYZE SELECT 1",
            "DECLARE c CURSOR FOR SELECT 1",
            "FETCH c",
        ],
    );
    postgres(
        &Summary::Write,
        &[
            "INSERT INTO t VALUES (1)",
            "UPDATE t SET a = 1",
            "DELETE FROM t",
            "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
            "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
            "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a",
            "WITH a AS (SELECT 1), b AS NOT MATERIALIZED (UPDATE t SET a = 1 RETURNING *) SELECT * FROM a",
            "EXPLAIN ANALYZE DELETE FROM t",
            "EXPLAIN (ANALYZE, BUFFERS) DELETE FROM t",
            "EXPLAIN (BUFFERS, ANALYZE 1) DELETE FROM t",
        ],
    );
    postgres(
        &Summary::Definition,
        &[
            "SELECT * INTO x FROM t",
            "WITH a AS (SELECT 1) SELECT * INTO TEMP x FROM a",
            "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1",
        ],
    );
    sqlite(
        &Summary::Query,
        &[
            "SELECT 1",
            "VALUES (1)",
            "WITH a AS (SELECT 1) SELECT 1",
            "EXPLAIN DELETE FROM t",
            "EXPLAIN QUERY PLAN DELETE FROM t",
        ],
    );
    sqlite(
        &Summary::Write,
        &[
            "INSERT INTO t VALUES (1)",
            "REPLACE INTO t VALUES (1)",
            "WITH a AS (SELECT 1) DELETE FROM t",
            "UPDATE t SET a = 1",
        ],
    );
}

#[test]
fn definitions_maintenance_and_code() {
    postgres(
        &Summary::Definition,
        &[
            "CREATE TABLE t (a int)",
            "CREATE TABLE t AS SELECT 1",
            "CREATE OR REPLACE FUNCTION f() RETURNS int AS '' LANGUAGE sql",
            "CREATE SCHEMA s CREATE TABLE t (a int)",
            "CREATE UNLOGGED TABLE t ()",
            "CREATE SERVER s FOREIGN DATA WRAPPER w",
            "ALTER TABLE t ADD a int",
            "DROP TABLE t",
            "TRUNCATE t",
            "COMMENT ON TABLE t IS 'on role'",
            "COMMENT ON COLUMN t.role IS NULL",
            "SECURITY LABEL ON TABLE t IS ''",
            "REFRESH MATERIALIZED VIEW v",
        ],
    );
    postgres(
        &Summary::Maintenance,
        &[
            "VACUUM",
            "VACUUM (FULL) t",
            "ANALYZE t",
            "CLUSTER",
            "REINDEX TABLE CONCURRENTLY t",
        ],
    );
    postgres(&Summary::Code, &["DO $$ BEGIN END $$", "CALL p()", "EXECUTE a (1)"]);
    postgres(
        &Summary::Other,
        &[
            "",
            "-- only a comment",
            ";",
            "LOCK TABLE t",
            "\\i x",
            "nonsense",
            "'select'",
            "\"select\" 1",
        ],
    );
    sqlite(
        &Summary::Definition,
        &[
            "CREATE TABLE t (a)",
            "CREATE VIRTUAL TABLE t USING fts5(a)",
            "ALTER TABLE t ADD a",
            "DROP VIEW v",
        ],
    );
    sqlite(
        &Summary::Maintenance,
        &["VACUUM", "vacuum main", "ANALYZE", "REINDEX t"],
    );
    sqlite(&Summary::Session, &["DETACH y"]);
}

#[test]
fn transactions_of_sqlite() {
    let control = |control: TransactionControl, statements: &[&str]| {
        sqlite(&Summary::Transaction(control), statements);
    };
    control(Begin, &["BEGIN", "begin immediate transaction", "\u{feff}BEGIN"]);
    control(Commit, &["COMMIT", "END TRANSACTION"]);
    control(Rollback, &["ROLLBACK", "rollback transaction"]);
    control(
        RollbackTo("a".into()),
        &["ROLLBACK TO a", "ROLLBACK TRANSACTION TO SAVEPOINT 'a'"],
    );
    control(Savepoint("a".into()), &["SAVEPOINT a", "SAVEPOINT [a]"]);
    control(Release("A".into()), &["RELEASE A", "RELEASE SAVEPOINT A"]);
}

#[test]
fn pragmas() {
    sqlite(
        &pragma("foreign_keys", None),
        &["PRAGMA foreign_keys", "pragma Main.Foreign_Keys;"],
    );
    sqlite(
        &pragma("foreign_keys", Some("off")),
        &[
            "PRAGMA foreign_keys = OFF",
            "PRAGMA foreign_keys(off)",
            "PRAGMA main.foreign_keys='Off'",
            "PRAGMA \"foreign_keys\" = \"off\"",
        ],
    );
    sqlite(
        &pragma("cache_size", Some("-2000")),
        &["PRAGMA cache_size = -2000", "PRAGMA cache_size(- 2000)"],
    );
    sqlite(
        &pragma("writable_schema", Some("1")),
        &["PRAGMA writable_schema=+1", "PRAGMA writable_schema = 1"],
    );
    sqlite(&pragma("", None), &["PRAGMA"]);
}
