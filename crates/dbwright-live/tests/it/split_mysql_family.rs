//! Each piece that the splitter cuts is one statement to MySQL and MariaDB, and a text of several statements gives as
//! many results as there are pieces: the servers themselves split it. The servers also say whether a statement commits,
//! and whether a clause stands where their grammar has it.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Algorithm, Engine, LockLevel};
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};
use dbwright_sql::{Dialect, statements, summarise_mysql_family};
use futures_util::StreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use crate::servers;

#[tokio::test(flavor = "multi_thread")]
async fn each_piece_is_one_statement_to_the_servers_and_they_find_as_many() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        let mut count = 0;
        for file in cases(engine) {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let dialect = dialect(engine, &file);
            let found: Vec<_> = statements(dialect, text)
                .into_iter()
                .filter(|statement| statement.not_sent.is_none())
                .collect();
            count += found.len();
            let mut session = new_session(&scratch).await;
            for statement in &found {
                let results = results(&mut session, &statement.text).await;
                assert_eq!(results.ok(), Some(1), "{}: {}", file.display(), statement.text);
            }
            session.disconnect().await.unwrap();
            if let (Some(last), true) = (found.last(), dialect == Dialect::server(engine)) {
                let mut session = new_session(&scratch).await;
                let results = results(&mut session, &text[..last.span.end]).await;
                assert_eq!(results.unwrap(), found.len(), "{}", file.display());
                session.disconnect().await.unwrap();
            }
        }
        assert!(count > 100, "only {count} statements were sent");
        scratch.stop().await.unwrap();
    }
}

/// What commits and what does not, among statements that every server here knows.
const COMMITTING_OR_NOT: &[&str] = &[
    "ALTER TABLE t ADD x int",
    "CREATE TABLE n (a int)",
    "CREATE TEMPORARY TABLE n (a int)",
    "CREATE TABLE n AS SELECT 1 AS a",
    "DROP TABLE u",
    "DROP TEMPORARY TABLE mine",
    "CREATE INDEX i ON t (a)",
    "DROP INDEX old ON t",
    "RENAME TABLE u TO n",
    "TRUNCATE TABLE u",
    "CREATE VIEW n AS SELECT 1",
    "DROP VIEW IF EXISTS n",
    "CREATE PROCEDURE n() SELECT 1",
    "DROP PROCEDURE IF EXISTS n",
    "CREATE TRIGGER n BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
    "CREATE USER IF NOT EXISTS dbwright_test",
    "DROP USER IF EXISTS dbwright_test",
    "BEGIN",
    "START TRANSACTION",
    "LOCK TABLES t READ",
    "ANALYZE TABLE t",
    "CHECK TABLE t",
    "CHECKSUM TABLE t",
    "OPTIMIZE TABLE t",
    "CACHE INDEX t IN default",
    "LOAD INDEX INTO CACHE t",
    "FLUSH TABLES",
    "USE information_schema",
    "SHOW TABLES",
    "EXPLAIN DELETE FROM t",
    "INSERT INTO t (a) VALUES (3)",
    "REPLACE INTO t (a) VALUES (3)",
    "UPDATE t SET a = 4",
    "DELETE FROM t",
    "DO 1",
    "PREPARE s FROM 'SELECT 1'",
    "SET @x = 1",
    "SET sql_mode = ''",
    "SET autocommit = 0",
    "SAVEPOINT s",
    "SIGNAL SQLSTATE '01000'",
];

#[tokio::test(flavor = "multi_thread")]
async fn statements_commit_when_the_summary_says_so() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        let mut wrong = Vec::new();
        for statement in COMMITTING_OR_NOT {
            let database = scratch.create_database().await.unwrap();
            let mut session = scratch.connect(&database, Who::Observer).await.unwrap();
            session
                .query_drop(
                    "CREATE TABLE probe (a int); CREATE TABLE t (a int, KEY old (a)); CREATE TABLE u (a int);
                     CREATE TEMPORARY TABLE mine (a int); BEGIN; INSERT INTO probe VALUES (1)",
                )
                .await
                .unwrap();
            results(&mut session, statement)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
            session.query_drop("ROLLBACK; UNLOCK TABLES").await.unwrap();
            let probe = format!("SELECT count(*) FROM `{database}`.probe");
            let rows: Option<u64> = session.query_first(probe).await.unwrap();
            let summary = summarise_mysql_family(Dialect::server(engine), statement);
            if summary.implicit_commit != (rows == Some(1)) {
                wrong.push(*statement);
            }
            session.disconnect().await.unwrap();
        }
        assert!(wrong.is_empty(), "{engine} {major}: {wrong:#?}");
        scratch.stop().await.unwrap();
    }
}

/// Statements with a place for clauses, each valid for the tables of the test.
const WITH_CLAUSES: &[&str] = &[
    "ALTER TABLE t ADD x int",
    "ALTER TABLE `t`ADD (x int, y int)",
    "ALTER TABLE t ADD INDEX x (a), ALGORITHM=INPLACE, LOCK=NONE",
    "ALTER TABLE t ALGORITHM=INPLACE, ADD INDEX x (a), LOCK=NONE",
    "ALTER TABLE t ALGORITHM INPLACE",
    "ALTER TABLE t LOCK DEFAULT, ALGORITHM DEFAULT, FORCE",
    "ALTER TABLE t",
    "ALTER TABLE t ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='a, b'",
    "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4",
    "ALTER TABLE t ORDER BY a",
    "ALTER TABLE t RENAME x",
    "ALTER TABLE t RENAME COLUMN b TO x, RENAME INDEX old TO new",
    "ALTER TABLE t ADD CONSTRAINT x CHECK (a > 0), ADD CONSTRAINT y FOREIGN KEY (a) REFERENCES parent (id)",
    "ALTER TABLE t ALTER b SET DEFAULT 5, DROP INDEX old",
    "ALTER TABLE t /*!50100 ADD x int */",
    "ALTER TABLE t PARTITION BY HASH (a) PARTITIONS 2",
    "ALTER TABLE t ADD x int PARTITION BY HASH (a)",
    "ALTER TABLE parted REMOVE PARTITIONING",
    "ALTER TABLE parted ALGORITHM=COPY REMOVE PARTITIONING",
    "ALTER TABLE parted ADD PARTITION PARTITIONS 1",
    "ALTER TABLE parted COALESCE PARTITION 1",
    "CREATE INDEX x ON t (a)",
    "CREATE UNIQUE INDEX x ON t (a) COMMENT 'x' ALGORITHM=INPLACE LOCK=NONE",
    "CREATE INDEX x ON t (a) LOCK=NONE /* z */ -- y",
    "/*!50100 CREATE INDEX x ON t (a) */",
    "DROP INDEX old ON t",
];

#[tokio::test(flavor = "multi_thread")]
async fn clauses_stand_where_the_grammar_has_them() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        let mut offered = 0;
        for statement in WITH_CLAUSES {
            let summary = summarise_mysql_family(Dialect::server(engine), statement);
            let clauses = summary.with_online_clause(statement, Some(Algorithm::Copy), Some(LockLevel::Shared));
            for text in std::iter::once((*statement).to_owned()).chain(clauses) {
                offered += usize::from(text != *statement);
                let mut session = new_session(&scratch).await;
                session
                    .query_drop(
                        "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE t (a int, b int, KEY old (a));
                         CREATE TABLE parted (a int) PARTITION BY HASH (a) PARTITIONS 3",
                    )
                    .await
                    .unwrap();
                if let Err(error) = results(&mut session, &text).await {
                    panic!("{engine} {major}: {text}: {error}");
                }
                session.disconnect().await.unwrap();
            }
        }
        assert!(
            offered >= WITH_CLAUSES.len() - 2,
            "only {offered} statements have a place for clauses"
        );
        scratch.stop().await.unwrap();
    }
}

fn cases(engine: Engine) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../cases/split")
        .join(engine.name());
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    files
}

fn dialect(engine: Engine, file: &Path) -> Dialect {
    let name = file.file_name().unwrap().to_string_lossy();
    if name.starts_with("client_") {
        Dialect::client(engine)
    } else if name.starts_with("tool_") {
        Dialect::server(engine).with_delimiter_lines()
    } else {
        Dialect::server(engine)
    }
}

/// A session of a user with all rights, in a database of its own.
async fn new_session(scratch: &MySqlFamilyScratch) -> Conn {
    let database = scratch.create_database().await.unwrap();
    scratch.connect(&database, Who::Observer).await.unwrap()
}

/// How many results a text gives, if all of it is run.
async fn results(session: &mut Conn, text: &str) -> Result<usize, mysql_async::Error> {
    let mut result = session.query_iter(text).await?;
    let mut count = 0;
    // A result without rows is a stream as well.
    while let Some(mut rows) = result.stream::<Row>().await? {
        while let Some(row) = rows.next().await {
            row?;
        }
        count += 1;
    }
    Ok(count)
}
