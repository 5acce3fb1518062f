//! Whole schemas of MySQL and MariaDB: read, written as SQL, compared, planned and proven.

use std::path::PathBuf;

use dbwright_catalog::{Catalog, Engine, Reading};
use dbwright_live::introspect::mysql_family::read_whole;
use dbwright_live::prove_plan::mysql_family::rebuild;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};

use mysql_async::prelude::Queryable as _;

use crate::servers::{MYSQL_FAMILY, mysql_family};

/// The folder of cases that several crates share.
pub(crate) fn cases() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../cases")
}

/// Runs statements in a new database and reads it whole.
pub(crate) async fn schema_of(scratch: &MySqlFamilyScratch, who: Who, sql: &str) -> Reading {
    let schema = try_schema_of(scratch, who, sql).await;
    schema.unwrap_or_else(|error| panic!("{error}: {sql}"))
}

/// The same, unless the server refuses a statement.
pub(crate) async fn try_schema_of(scratch: &MySqlFamilyScratch, who: Who, sql: &str) -> Result<Reading, String> {
    let name = scratch.create_database().await.unwrap();
    let mut session = scratch.connect(&name, who).await.unwrap();
    let outcome = match session.query_iter(sql).await {
        Ok(result) => result.drop_result().await,
        Err(error) => Err(error),
    };
    let reading = match outcome {
        Ok(()) => Ok(read(scratch, &name).await),
        Err(error) => Err(error.to_string()),
    };
    scratch.drop_database(&name).await.unwrap();
    reading
}

async fn read(scratch: &MySqlFamilyScratch, database: &str) -> Reading {
    let mut observer = scratch.connect(database, Who::Observer).await.unwrap();
    read_whole(&mut observer, scratch.server()).await.unwrap()
}

/// Panics with everything that is different.
pub(crate) fn must_be_equal(found: &Catalog, wanted: &Catalog, what: &str) {
    let mut problems = Vec::new();
    for change in dbwright_catalog::changes(wanted, found) {
        problems.push(format!("{change:#?}"));
    }
    assert!(problems.is_empty(), "{what}:\n{}", problems.join("\n"));
}

/// The schemas for an engine and a major version: those of a newer one have it at the end of their name.
fn schemas(engine: Engine, major: u32) -> Vec<PathBuf> {
    let folder = cases().join("schema").join(engine.name());
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|file| {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let since = stem.rsplit_once('-').and_then(|(_, since)| since.parse::<u32>().ok());
        since.is_none_or(|since| since <= major)
    });
    files.sort();
    assert!(!files.is_empty(), "{} has no schemas", folder.display());
    files
}

#[tokio::test]
async fn schemas_written_as_sql_and_run_are_the_same() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        for file in schemas(engine, major) {
            let sql = std::fs::read_to_string(&file).unwrap();
            // Accounts are made and given rights by the one who may everything.
            let names_accounts = sql.contains("CREATE USER");
            let who = if names_accounts { Who::Observer } else { Who::Migrator };
            let reading = schema_of(&scratch, who, &sql).await;
            let place = format!("{engine} {major}, {}", file.display());
            assert_eq!(reading.unread, [], "{place}");
            let rebuilt = rebuild(&scratch, &reading.catalog).await.unwrap();
            let (_, again) = rebuilt.unwrap_or_else(|problems| panic!("{place}: {problems:#?}"));
            must_be_equal(&again.catalog, &reading.catalog, &place);
        }
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_rights_forbid_to_read_is_told() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let name = scratch.create_database().await.unwrap();
        let mut migrator = scratch.connect(&name, Who::Migrator).await.unwrap();
        let reading = read_whole(&mut migrator, scratch.server()).await.unwrap();
        let unread: Vec<&str> = reading.unread.iter().map(|unread| unread.what.as_str()).collect();
        // The migrating user may not look into the server's own tables.
        assert_eq!(
            unread,
            ["grants on routines, and of other accounts"],
            "{engine} {major}"
        );
        assert_eq!(read(&scratch, &name).await.unread, [], "{engine} {major}");
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_hangs_on_what_is_known_from_the_server_or_from_texts() {
    let sql = "CREATE TABLE t (id int, v int); CREATE TABLE other (id int);
        CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN x;
        CREATE VIEW below AS SELECT id AS other, f(v) AS g FROM t;
        CREATE VIEW above AS SELECT b.g, t.v FROM below AS b JOIN t ON t.id = b.other;
        CREATE PROCEDURE p() INSERT INTO t VALUES (f(1), 2);
        CREATE TRIGGER g BEFORE INSERT ON other FOR EACH ROW UPDATE t SET v = 1;
        CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO CALL p();";
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let catalog = schema_of(&scratch, Who::Migrator, sql).await.catalog;
        let edges: Vec<String> = catalog
            .dependencies
            .iter()
            .map(|edge| format!("{} on {}", edge.dependent, edge.on))
            .collect();
        let expected = [
            "above on t",
            "above on below",
            "below on t",
            "below on f(int",
            "p() on t",
            "p() on f(int",
            "other.g on t",
            "other.g on other",
            "e on p()",
        ];
        for edge in expected {
            let is_there = edges.iter().any(|found| found.starts_with(edge));
            assert!(is_there, "{engine} {major}: no {edge} in {edges:?}");
        }
        assert!(
            !edges.iter().any(|edge| edge == "below on other"),
            "{engine} {major}: {edges:?}"
        );
        scratch.stop().await.unwrap();
    }
}
