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
