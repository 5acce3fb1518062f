//! What a migration may do, and what it may not.

use std::os::unix::fs::MetadataExt;

use dbwright_catalog::Engine;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};

use super::{ask, migrator, observer, refusal, run, traces};
use crate::servers::{MYSQL_FAMILY, mysql_family};

/// The numbers of errors that say that somebody may not do something: access to a database denied, access denied, a
/// command on a table or a column denied, a right is missing, an option is switched off.
const REFUSALS: [u16; 8] = [1044, 1045, 1142, 1143, 1227, 1290, 1370, 3630];

/// What reaches out of the databases, or would give more rights.
const FORBIDDEN: [&str; 30] = [
    "SELECT 1 INTO OUTFILE '/tmp/dbwright-must-not-exist'",
    "SELECT 1 INTO DUMPFILE '/tmp/dbwright-must-not-exist'",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
    "INSTALL PLUGIN archive SONAME 'ha_archive.so'",
    "CREATE FUNCTION outside RETURNS STRING SONAME 'outside.so'",
    "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'elsewhere')",
    "SET GLOBAL max_connections = 10",
    "SET GLOBAL event_scheduler = ON",
    "SET GLOBAL general_log_file = '/tmp/dbwright-must-not-exist'",
    "SHUTDOWN",
    "SELECT * FROM mysql.user",
    "SELECT * FROM mysql.db",
    "UPDATE mysql.db SET Insert_priv = 'Y'",
    "INSERT INTO mysql.tables_priv (Host, Db, User) VALUES ('localhost', 'mysql', 'root')",
    "CREATE TABLE mysql.t (id int)",
    "DROP TABLE mysql.db",
    "RENAME TABLE t TO mysql.t",
    "CREATE VIEW v AS SELECT user FROM mysql.db",
    "CREATE OR REPLACE VIEW sys.version AS SELECT 1",
    "UPDATE performance_schema.setup_instruments SET enabled = 'NO'",
    "GRANT SELECT ON mysql.* TO root@localhost",
    "GRANT SUPER ON *.* TO root@localhost",
    "GRANT FILE ON *.* TO root@localhost",
    "ALTER USER dbwright@localhost IDENTIFIED BY 'mine'",
    "SET PASSWORD FOR dbwright@localhost = 'mine'",
    "RENAME USER dbwright@localhost TO mine@localhost",
    "DROP USER dbwright@localhost",
    "CREATE DEFINER = dbwright@localhost PROCEDURE p() SELECT * FROM mysql.db",
    "CREATE DEFINER = dbwright@localhost VIEW v AS SELECT 1",
    "CREATE DEFINER = dbwright@localhost TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 1",
];

/// What only one of the two knows.
fn forbidden(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::MariaDb => &[
            "SELECT * FROM mysql.global_priv",
            "UPDATE mysql.global_priv SET Priv = '{}'",
            "INSTALL SONAME 'ha_archive'",
            "CREATE USER app@localhost",
            "CREATE ROLE app",
            "GRANT ALL ON `%`.* TO app@localhost IDENTIFIED BY 'secret'",
            "CREATE DEFINER = app@localhost VIEW v AS SELECT 1",
            "SET SESSION sql_log_bin = 0",
        ],
        _ => &[
            "INSTALL COMPONENT 'file://component_validate_password'",
            "SET PERSIST max_connections = 10",
            "SET PERSIST_ONLY max_connections = 10",
            "CREATE TABLE d (id int PRIMARY KEY) DATA DIRECTORY = '/tmp'",
            "CREATE TABLESPACE s ADD DATAFILE '/tmp/dbwright-must-not-exist.ibd'",
            "CLONE LOCAL DATA DIRECTORY = '/tmp/dbwright-must-not-exist'",
            "ALTER INSTANCE DISABLE INNODB REDO_LOG",
            "LOCK INSTANCE FOR BACKUP",
            "RESTART",
            "GRANT dbwright@localhost TO root@localhost",
            "GRANT 'mysql.session'@localhost TO root@localhost",
            "CREATE DEFINER = 'mysql.session'@localhost PROCEDURE p() SELECT * FROM mysql.db",
            "GRANT SYSTEM_USER ON *.* TO root@localhost",
            "GRANT SYSTEM_VARIABLES_ADMIN ON *.* TO root@localhost",
        ],
    }
}

#[tokio::test]
async fn a_migration_can_not_reach_out_of_its_databases_or_raise_its_rights() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (_, mut session) = migrator(&scratch).await;
        run(&mut session, "CREATE TABLE t (id int)").await;
        for sql in FORBIDDEN.iter().chain(forbidden(engine)) {
            let error = refusal(&mut session, sql).await;
            assert!(REFUSALS.contains(&error.code), "{engine} {major}: {sql}: {error}");
        }
        // These say no in their own way.
        assert_eq!(ask(&mut session, "SELECT LOAD_FILE('/etc/passwd')").await, "NULL");
        let local = session_error(&mut session, "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t").await;
        assert!(local, "{engine} {major}: a file of this machine was read");
        assert!(!std::path::Path::new("/tmp/dbwright-must-not-exist").exists());
        rights_are_what_they_were(&scratch).await;
        scratch.stop().await.unwrap();
    }
}

/// Whether a statement failed, in whatever way.
async fn session_error(session: &mut mysql_async::Conn, sql: &str) -> bool {
    mysql_async::prelude::Queryable::query_drop(session, sql).await.is_err()
}

async fn rights_are_what_they_were(scratch: &MySqlFamilyScratch) {
    let mut observer = observer(scratch).await;
    let strong = ask(
        &mut observer,
        "SELECT COUNT(*) FROM information_schema.user_privileges WHERE grantee LIKE '\\'root\\'%' \
         AND privilege_type IN ('SUPER', 'FILE', 'SHUTDOWN', 'PROCESS', 'SYSTEM_USER', 'SYSTEM_VARIABLES_ADMIN', \
         'CREATE TABLESPACE', 'SET USER')",
    )
    .await;
    assert_eq!(strong, "0");
    assert_eq!(ask(&mut observer, "SELECT CURRENT_USER()").await, "dbwright@localhost");
}

#[tokio::test]
async fn a_role_or_a_second_user_has_no_more_rights_than_who_made_it() {
    let scratch = mysql_family(Engine::MySql, 9).await;
    let (database, mut session) = migrator(&scratch).await;
    run(
        &mut session,
        "CREATE ROLE strong; GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO strong; \
         GRANT strong TO root@localhost; SET ROLE strong",
    )
    .await;
    assert_eq!(refusal(&mut session, "SELECT * FROM mysql.user").await.code, 1142);
    // By another name: the user that it made becomes what it is, and the other way round.
    run(
        &mut session,
        "CREATE USER second@localhost; GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO second@localhost; \
         RENAME USER root@localhost TO first@localhost; RENAME USER second@localhost TO root@localhost",
    )
    .await;
    let mut session = scratch.connect(&database, Who::Migrator).await.unwrap();
    assert_eq!(refusal(&mut session, "SELECT * FROM mysql.user").await.code, 1142);
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn what_migrations_need_is_allowed() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (_, mut session) = migrator(&scratch).await;
        for sql in [
            "CREATE TABLE parent (id int PRIMARY KEY, name varchar(100)); \
             CREATE TABLE child (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES parent (id))",
            "ALTER TABLE parent ADD COLUMN more int; CREATE INDEX names ON parent (name); RENAME TABLE child TO kid",
            "CREATE TRIGGER g BEFORE INSERT ON parent FOR EACH ROW SET NEW.more = 1",
            "CREATE FUNCTION f() RETURNS int RETURN 1",
            "CREATE PROCEDURE p() INSERT INTO parent (id) VALUES (f())",
            "CREATE DEFINER = `root`@`localhost` PROCEDURE q() SQL SECURITY DEFINER SELECT 1",
            "CALL p(); CALL q()",
            "CREATE VIEW v AS SELECT id FROM parent; SELECT * FROM v",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM parent",
            "CREATE TEMPORARY TABLE scratchpad AS SELECT 1 AS one; DROP TEMPORARY TABLE scratchpad",
            "LOCK TABLES parent WRITE; UNLOCK TABLES",
            "CREATE DATABASE elsewhere; CREATE TABLE elsewhere.t (id int); DROP DATABASE elsewhere",
            // Names that begin as those of the server's own do.
            "CREATE DATABASE mysql_app; CREATE TABLE mysql_app.t (id int); CREATE DATABASE `sys_tem`; DROP DATABASE sys_tem",
            "SET SESSION sql_mode = ''; SET NAMES utf8mb4; SET foreign_key_checks = 0; SET unique_checks = 0",
            "FLUSH PRIVILEGES; FLUSH TABLES; ANALYZE TABLE parent; OPTIMIZE TABLE parent",
            "SELECT COUNT(*) FROM information_schema.tables; SELECT * FROM sys.version",
        ] {
            run(&mut session, sql).await;
        }
        assert_eq!(ask(&mut session, "SELECT COUNT(*) FROM parent").await, "1");
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn users_and_grants_of_an_application_are_made_on_mysql() {
    let scratch = mysql_family(Engine::MySql, 9).await;
    let (database, mut session) = migrator(&scratch).await;
    run(
        &mut session,
        &format!(
            "CREATE USER 'app'@'%' IDENTIFIED BY 'secret'; GRANT SELECT, INSERT ON {database}.* TO 'app'@'%'; \
             CREATE ROLE reader; GRANT SELECT ON {database}.* TO reader; GRANT reader TO 'app'@'%'; FLUSH PRIVILEGES; \
             CREATE DEFINER = 'app'@'%' VIEW v AS SELECT 1; CREATE DEFINER = 'nobody'@'%' VIEW w AS SELECT 1; \
             REVOKE INSERT ON {database}.* FROM 'app'@'%'; DROP USER 'app'@'%'"
        ),
    )
    .await;
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn nobody_else_can_get_to_the_servers_files_or_its_socket() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (folder, _) = traces(&scratch).await;
        assert_eq!(std::fs::metadata(&folder).unwrap().mode() & 0o077, 0);
        let mut observer = observer(&scratch).await;
        assert_eq!(ask(&mut observer, "SELECT @@skip_networking").await, "1");
        let users = ask(
            &mut observer,
            "SELECT GROUP_CONCAT(user ORDER BY user) FROM mysql.user WHERE user NOT LIKE 'm%.%' AND user <> 'PUBLIC'",
        )
        .await;
        assert_eq!(users, "dbwright,root");
        scratch.stop().await.unwrap();
    }
}
