//! SQLite files: read as they are, never written.

use dbwright_catalog::ObjectId;
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits, is_sqlite_database};
use rusqlite::Connection as File;

use super::{failure, open, told};

#[tokio::test]
async fn a_file_is_read_while_another_program_has_it_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app one.db");
    let writer = File::open(&path).unwrap();
    writer
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); BEGIN IMMEDIATE; CREATE TABLE u (a)")
        .unwrap();
    assert!(is_sqlite_database(&path));
    let mut connection = open(&format!("sqlite:{}", path.display())).await;
    let reading = connection.read().await.unwrap();
    assert_eq!(reading.catalog.columns(&ObjectId::table("main", "t")).len(), 2);
    assert!(reading.catalog.get(&ObjectId::table("main", "u")).is_none());
    let error = connection.first_value("DROP TABLE t").await.unwrap_err();
    assert!(error.to_string().contains("readonly database"), "{error}");
    writer.execute_batch("COMMIT").unwrap();
    let reading = connection.read().await.unwrap();
    assert!(reading.catalog.get(&ObjectId::table("main", "u")).is_some());
}

#[tokio::test]
async fn what_is_no_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.db");
    let error = Connection::open(&DatabaseUrl::of_file(&missing), &ReadLimits::default()).await;
    let text = error.map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("it can't be opened"), "{text}");
    assert!(!missing.exists());
    let other = folder.path().join("notes.txt");
    std::fs::write(&other, "x".repeat(4096)).unwrap();
    assert!(!is_sqlite_database(&other));
    let text = failure(&format!("sqlite:{}", other.display())).await;
    assert!(text.contains("file is not a database"), "{text}");
    assert!(text.contains("hint: it is no SQLite database"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_being_written_is_told_as_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let writer = File::open(&path).unwrap();
    writer.execute_batch("CREATE TABLE t (a)").unwrap();
    let limits = ReadLimits {
        lock: std::time::Duration::from_millis(20),
        ..ReadLimits::default()
    };
    let mut connection = Connection::open(&DatabaseUrl::of_file(&path), &limits).await.unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE; CREATE TABLE u (a)").unwrap();
    let text = told(&connection.read().await.unwrap_err());
    assert!(text.contains("another program is writing to it"), "{text}");
}
