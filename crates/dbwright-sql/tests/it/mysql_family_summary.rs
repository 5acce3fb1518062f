//! What matters about statements of MySQL and MariaDB for running them.

use dbwright_catalog::Engine;
use dbwright_sql::{Summary, TransactionControl, summarise};

fn check(expected: &Summary, statements: &[&str]) {
    for engine in [Engine::MySql, Engine::MariaDb] {
        for statement in statements {
            assert_eq!(summarise(engine, statement), *expected, "{engine}: {statement}");
        }
    }
}

fn mariadb(expected: &Summary, statements: &[&str]) {
    for statement in statements {
        assert_eq!(summarise(Engine::MariaDb, statement), *expected, "{statement}");
    }
}

#[test]
fn control_of_transactions() {
    let control = |control: TransactionControl, statements: &[&str]| check(&Summary::Transaction(control), statements);
    control(
        TransactionControl::Begin,
        &[
            "BEGIN",
            "begin work",
            "START TRANSACTION READ ONLY",
            "/*!50003 BEGIN */",
            "-- a\n# b\nBEGIN",
        ],
    );
    control(TransactionControl::Commit, &["COMMIT", "COMMIT WORK AND CHAIN"]);
    control(TransactionControl::Rollback, &["ROLLBACK", "ROLLBACK WORK RELEASE"]);
    control(
        TransactionControl::RollbackTo("a".into()),
        &["ROLLBACK TO a", "ROLLBACK WORK TO SAVEPOINT `a`"],
    );
    control(TransactionControl::Savepoint("A".into()), &["SAVEPOINT A"]);
    control(TransactionControl::Release("a".into()), &["RELEASE SAVEPOINT a"]);
    control(
        TransactionControl::Set,
        &[
            "SET TRANSACTION READ ONLY",
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        ],
    );
}

#[test]
fn what_changes_only_the_session() {
    check(
        &Summary::Session,
        &[
            "SET a = 1",
            "SET @a = 1, @@session.b = 2",
            "SET NAMES utf8mb4",
            "SET ROLE NONE",
            "SET autocommit = 0",
            "USE a",
            "SHOW TABLES",
            "PREPARE a FROM 'SELECT 1'",
            "DEALLOCATE PREPARE a",
            "DROP PREPARE a",
            "LOCK TABLES a READ",
            "UNLOCK TABLES",
            "SIGNAL SQLSTATE '45000'",
            "GET DIAGNOSTICS @a = NUMBER",
        ],
    );
}

#[test]
fn users_and_their_rights() {
    check(
        &Summary::Role,
        &[
            "CREATE USER a@b",
            "CREATE USER IF NOT EXISTS 'a'@'%' IDENTIFIED BY 'x'",
            "ALTER USER a ACCOUNT LOCK",
            "DROP USER IF EXISTS a",
            "RENAME USER a TO b",
            "CREATE ROLE a",
            "DROP ROLE a",
            "GRANT SELECT ON t TO u",
            "GRANT r TO u",
            "REVOKE ALL ON *.* FROM u",
            "SET PASSWORD FOR u = 'x'",
            "SET DEFAULT ROLE ALL TO u",
        ],
    );
}

#[test]
fn what_belongs_to_the_whole_server() {
    for (name, statements) in [
        (
            "SET GLOBAL",
            &[
                "SET GLOBAL a = 1",
                "SET @@global.a = 1",
                "SET PERSIST a = 1",
                "SET @a = 1, GLOBAL b = 2",
                "SET GLOBAL TRANSACTION READ ONLY",
            ][..],
        ),
        (
            "CREATE DATABASE",
            &["CREATE DATABASE a", "CREATE SCHEMA IF NOT EXISTS a"],
        ),
        ("ALTER DATABASE", &["ALTER DATABASE a CHARACTER SET utf8mb4"]),
        ("DROP DATABASE", &["DROP DATABASE IF EXISTS a", "drop schema a"]),
        ("FLUSH", &["FLUSH PRIVILEGES", "FLUSH TABLES a WITH READ LOCK"]),
        ("LOCK INSTANCE", &["LOCK INSTANCE FOR BACKUP"]),
        ("CREATE RESOURCE GROUP", &["CREATE RESOURCE GROUP a TYPE = USER"]),
    ] {
        check(&Summary::ClusterWide(name), statements);
    }
}

#[test]
fn what_reaches_outside() {
    for (name, statements) in [
        (
            "LOAD DATA INFILE",
            &[
                "LOAD DATA INFILE 'x' INTO TABLE t",
                "LOAD DATA CONCURRENT INFILE 'x' REPLACE INTO TABLE t",
            ][..],
        ),
        ("LOAD DATA LOCAL INFILE", &["LOAD DATA LOCAL INFILE 'x' INTO TABLE t"]),
        ("LOAD XML INFILE", &["LOAD XML INFILE 'x' INTO TABLE t"]),
        (
            "SELECT … INTO OUTFILE",
            &[
                "SELECT 1 INTO OUTFILE '/x'",
                "SELECT a FROM t INTO /* y */ OUTFILE '/x' FIELDS TERMINATED BY ','",
                "CREATE PROCEDURE p() SELECT 1 INTO OUTFILE '/x'",
                "SELECT 1 /*!50000 INTO OUTFILE '/x' */",
            ],
        ),
        ("SELECT … INTO DUMPFILE", &["SELECT 1 INTO DUMPFILE '/x'"]),
        (
            "LOAD_FILE",
            &[
                "SELECT LOAD_FILE('/x')",
                "INSERT INTO t VALUES (load_file ('/x'))",
                "SET @a = LOAD_FILE('/x')",
            ],
        ),
        (
            "DATA DIRECTORY",
            &[
                "CREATE TABLE t (a int) DATA DIRECTORY = '/x'",
                "ALTER TABLE t ADD PARTITION (PARTITION p VALUES IN (1) DATA DIRECTORY '/x')",
            ],
        ),
        (
            "ENGINE=FEDERATED",
            &["CREATE TABLE t (a int) ENGINE=FEDERATED CONNECTION='x'"],
        ),
        ("ENGINE=CONNECT", &["ALTER TABLE t ENGINE 'connect'"]),
        ("INSTALL PLUGIN", &["INSTALL PLUGIN a SONAME 'x'"]),
        ("INSTALL COMPONENT", &["INSTALL COMPONENT 'file://x'"]),
        (
            "CREATE FUNCTION … SONAME",
            &[
                "CREATE FUNCTION f RETURNS STRING SONAME 'x'",
                "CREATE AGGREGATE FUNCTION IF NOT EXISTS f RETURNS INTEGER SONAME 'x'",
            ],
        ),
        (
            "CREATE SERVER",
            &["CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')"],
        ),
        (
            "CREATE TABLESPACE",
            &[
                "CREATE TABLESPACE a ADD DATAFILE 'x'",
                "CREATE UNDO TABLESPACE a ADD DATAFILE 'x'",
            ],
        ),
        ("DROP TABLESPACE", &["DROP TABLESPACE a"]),
        ("CREATE LOGFILE GROUP", &["CREATE LOGFILE GROUP a ADD UNDOFILE 'x'"]),
        (
            "SET GLOBAL … file",
            &[
                "SET GLOBAL general_log_file = '/x'",
                "SET @@global.slow_query_log_file = '/x'",
            ],
        ),
        ("KILL", &["KILL 1", "KILL QUERY 1"]),
        ("SHUTDOWN", &["SHUTDOWN"]),
        ("RESTART", &["RESTART"]),
        (
            "RESET",
            &["RESET MASTER", "RESET BINARY LOGS AND GTIDS", "RESET REPLICA"],
        ),
        ("CHANGE MASTER", &["CHANGE MASTER TO MASTER_HOST = 'x'"]),
        (
            "CHANGE REPLICATION",
            &["CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'x'"],
        ),
        ("START REPLICA", &["START REPLICA", "START SLAVE"]),
        ("STOP REPLICA", &["STOP SLAVE"]),
        ("PURGE BINARY LOGS", &["PURGE BINARY LOGS BEFORE '2000-01-01'"]),
        ("CLONE", &["CLONE INSTANCE FROM a@b:3306 IDENTIFIED BY 'x'"]),
        ("XA", &["XA START 'a'", "XA PREPARE 'a'"]),
        ("IMPORT TABLE", &["IMPORT TABLE FROM 'x'"]),
        ("BINLOG", &["BINLOG 'x'"]),
    ] {
        check(&Summary::ReachesOutside(name), statements);
    }
    check(
        &Summary::Query,
        &[
            "SELECT 'load_file(1)', load_file, t.load_file (1) FROM t",
            "SELECT outfile FROM t",
            "SELECT 1 INTO outfile",
            "SELECT \"INTO OUTFILE 'x'\"",
            "SELECT engine FROM federated",
            "SELECT 1 INTO @a",
        ],
    );
    check(
        &Summary::Definition,
        &[
            "CREATE TABLE t (data varchar(10), directory varchar(10) DEFAULT 'x')",
            "CREATE TABLE t (engine varchar(10)) ENGINE=InnoDB COMMENT='DATA DIRECTORY'",
        ],
    );
}

#[test]
fn queries_and_writes() {
    check(
        &Summary::Query,
        &[
            "SELECT 1",
            "(SELECT 1) UNION (SELECT 2)",
            "VALUES ROW(1)",
            "TABLE t",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "EXPLAIN DELETE FROM t",
            "DESC t",
            "HANDLER t OPEN",
        ],
    );
    check(
        &Summary::Write,
        &[
            "INSERT INTO t VALUES (1)",
            "REPLACE t VALUES (1)",
            "UPDATE t SET a = 1",
            "DELETE FROM t",
            "WITH a AS (SELECT 1) DELETE FROM t",
            "INSERT INTO t SELECT * FROM u",
        ],
    );
    mariadb(
        &Summary::Write,
        &[
            "ANALYZE UPDATE t SET a = 1",
            "ANALYZE FORMAT=JSON DELETE FROM t",
            "SET STATEMENT a = 1, b = 2 FOR DELETE FROM t",
        ],
    );
    mariadb(&Summary::Query, &["ANALYZE SELECT 1"]);
}

#[test]
fn definitions_maintenance_and_code() {
    check(
        &Summary::Definition,
        &[
            "CREATE TABLE `t` (a int)",
            "CREATE TABLE t AS SELECT 1",
            "CREATE ALGORITHM=MERGE DEFINER=a@b SQL SECURITY INVOKER VIEW v AS SELECT 1",
            "CREATE DEFINER='a'@'b' PROCEDURE p() SELECT 1",
            "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW SET @a = 1",
            "ALTER TABLE t ADD a int",
            "DROP TABLE t",
            "DROP INDEX i ON t",
            "RENAME TABLE a TO b",
            "TRUNCATE t",
            "/*!50001 CREATE VIEW v AS SELECT 1 */",
        ],
    );
    check(
        &Summary::Maintenance,
        &[
            "ANALYZE TABLE t",
            "ANALYZE NO_WRITE_TO_BINLOG TABLE t",
            "CHECK TABLE t",
            "CHECKSUM TABLE t",
            "OPTIMIZE TABLE t",
            "REPAIR TABLE t",
            "CACHE INDEX t IN a",
            "LOAD INDEX INTO CACHE t",
        ],
    );
    check(&Summary::Code, &["CALL p()", "DO SLEEP(0)", "EXECUTE a"]);
    mariadb(
        &Summary::Code,
        &[
            "BEGIN NOT ATOMIC SELECT 1; END",
            "IF 1 THEN SELECT 1; END IF",
            "EXECUTE IMMEDIATE 'SELECT 1'",
        ],
    );
    check(
        &Summary::Other,
        &[
            "",
            "-- only a comment",
            ";",
            "nonsense",
            "'select'",
            "`select` 1",
            "DELIMITER //",
        ],
    );
    check(
        &Summary::CreateIndex {
            name: Some("i".to_owned()),
            concurrently: false,
            if_not_exists: false,
        },
        &[
            "CREATE INDEX i ON t (a)",
            "CREATE FULLTEXT INDEX i ON t (a)",
            "CREATE UNIQUE INDEX `i` USING BTREE ON t (a)",
        ],
    );
}
