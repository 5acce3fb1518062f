//! Snapshots and twins of SQLite: the same plans as on the file that the snapshot was taken of, and no value in a snapshot
//! that was not asked for.

mod plan;

use std::path::Path;

use dbwright_catalog::{SampleValues, Snapshot, Unread};
use dbwright_live::capture::capture;
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};
use dbwright_live::twin::Fidelity;
use dbwright_live::twin::sqlite::build;

/// Every kind of table and of index, with rows.
const FILLED: &str = include_str!("twin_sqlite/filled.sql");

/// What is asked of both.
const QUERIES: &str = include_str!("twin_sqlite/queries.sql");

fn values(by_default: bool, exceptions: &[&str]) -> SampleValues {
    SampleValues {
        by_default,
        exceptions: exceptions.iter().map(|name| (*name).to_owned()).collect(),
    }
}

async fn snapshot(file: &Path, values: &SampleValues) -> Snapshot {
    let mut connection = Connection::open(&DatabaseUrl::of_file(file), &ReadLimits::default())
        .await
        .unwrap();
    capture(&mut connection, values).await.unwrap()
}

/// The plan of each query, as `EXPLAIN QUERY PLAN` tells it.
fn plans(file: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let queries = QUERIES.lines().map(str::trim).filter(|query| !query.is_empty());
    let plan = |query: &str| {
        let steps = plan::plan(&connection, query).unwrap_or_else(|error| panic!("{query}: {error}"));
        format!("{query}\n{steps}")
    };
    queries.map(plan).collect()
}

fn made(folder: &Path, name: &str, sql: &[&str]) -> std::path::PathBuf {
    let file = folder.join(name);
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    for sql in sql {
        connection.execute_batch(sql).unwrap();
    }
    file
}

fn assert_same(there: &[String], here: &[String]) {
    let differing: Vec<String> = there
        .iter()
        .zip(here)
        .filter(|(there, here)| there != here)
        .map(|(there, here)| format!("production: {there}\ntwin: {here}"))
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {}:\n{}",
        differing.len(),
        there.len(),
        differing.join("\n\n")
    );
}

#[tokio::test]
async fn a_twin_plans_as_the_filled_file_does() {
    let folder = tempfile::tempdir().unwrap();
    for (name, changes) in [
        ("plain", ""),
        // As a library without STAT4 leaves it.
        ("without-samples", "DROP TABLE sqlite_stat4"),
        ("never-analyzed", "DROP TABLE sqlite_stat1; DROP TABLE sqlite_stat4"),
        // Tables of modules come after their shadow tables then.
        ("vacuumed", "PRAGMA journal_mode = WAL; VACUUM"),
        (
            "by-hand",
            "UPDATE sqlite_stat1 SET stat = '1000000 ' || stat || ' unordered' WHERE tbl = 'orders'",
        ),
    ] {
        let file = made(folder.path(), &format!("{name}.db"), &[FILLED, changes]);
        let snapshot = snapshot(&file, &values(true, &[])).await;
        let twin = build(&snapshot).await.unwrap();
        assert_eq!(twin.fidelity, Fidelity::Exact, "{name}");
        assert_same(&plans(&file), &plans(twin.path()));
        let place = twin.path().to_owned();
        twin.stop().unwrap();
        assert!(!place.exists() && !place.parent().unwrap().exists());
    }
}

#[tokio::test]
async fn plans_of_a_utf16_file_are_the_same_and_what_statistics_do_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = made(folder.path(), "wide.db", &["PRAGMA encoding = 'UTF-16le'", FILLED]);
    let mut snapshot = snapshot(&file, &values(true, &[])).await;
    let twin = build(&snapshot).await.unwrap();
    let there = plans(&file);
    assert_same(&there, &plans(twin.path()));
    // The comparison would find a twin that has no statistics, or only some.
    let differing = |here: Vec<String>| there.iter().zip(here).filter(|(there, here)| *there != here).count();
    let statistics = snapshot.sqlite.as_mut().unwrap();
    statistics.samples.clear();
    let without_samples = build(&snapshot).await.unwrap();
    assert!(differing(plans(without_samples.path())) >= 3);
    snapshot.sqlite.as_mut().unwrap().counts = None;
    let without_any = build(&snapshot).await.unwrap();
    assert!(differing(plans(without_any.path())) >= 12);
}

/// Values that are easy to find again: in rows, keys, samples and what somebody wrote into the statistics.
const MARKED: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, country TEXT, secret TEXT);
    CREATE INDEX users_country ON users (country);
    CREATE INDEX users_secret ON users (upper(secret));
    CREATE TABLE tags (tag TEXT PRIMARY KEY, why TEXT) WITHOUT ROWID;
    CREATE VIRTUAL TABLE notes USING fts5(note);
    WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000)
        INSERT INTO users SELECT n, 'MARKmail' || n, 'MARKland' || (n % 5), 'MARKsecret' || (n % 9) FROM c;
    INSERT INTO tags SELECT 'MARKtag' || id, 'MARKwhy' FROM users WHERE id < 100;
    INSERT INTO notes SELECT 'MARKnote' || id FROM users WHERE id < 100;
    ANALYZE;
    UPDATE sqlite_stat1 SET stat = stat || ' MARKstat' WHERE tbl = 'users';
    INSERT INTO sqlite_stat1 VALUES ('MARKtable', 'MARKindex', '1 1');
    INSERT INTO sqlite_stat4 VALUES ('MARKtable', 'MARKindex', '1', '1', '1', x'00');";

/// The kinds of values that stand in a snapshot.
fn marks(snapshot: &Snapshot) -> Vec<&'static str> {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap();
    let hexadecimal = |mark: &str| -> String {
        let bytes = mark.bytes();
        bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    };
    let text = format!("{snapshot:?}").to_lowercase();
    let marks = [
        "MARKmail",
        "MARKland",
        "MARKsecret",
        "MARKtag",
        "MARKwhy",
        "MARKnote",
        "MARKstat",
        "MARKtable",
        "MARKindex",
    ];
    let is_there = |mark: &&str| text.contains(&mark.to_lowercase()) || text.contains(&hexadecimal(mark));
    marks.into_iter().filter(is_there).collect()
}

#[tokio::test]
async fn values_are_taken_only_where_they_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = made(folder.path(), "marked.db", &[MARKED]);
    for (wanted, found) in [
        (values(false, &[]), &[][..]),
        // A sample holds the key of its row as well.
        (values(false, &["users.country"]), &[]),
        (values(false, &["users.country", "main.users.id"]), &["MARKland"]),
        // An expression may be made of any column.
        (values(true, &["users.email"]), &["MARKland", "MARKtag"]),
        (values(true, &["users.id"]), &["MARKtag"]),
    ] {
        let snapshot = snapshot(&file, &wanted).await;
        assert_eq!(marks(&snapshot), found, "{wanted}");
        let statistics = snapshot.sqlite.as_ref().unwrap();
        assert!(statistics.counts.as_ref().unwrap().len() >= 5);
        let twin = build(&snapshot).await.unwrap();
        let Fidelity::Approximate(reasons) = &twin.fidelity else {
            panic!("{wanted}: {:?}", twin.fidelity);
        };
        assert!(reasons[0].contains("samples of values (sqlite_stat4)"), "{reasons:?}");
    }
    // The index on upper(secret) has these letters.
    let snapshot = snapshot(&file, &values(true, &[])).await;
    assert_eq!(marks(&snapshot), ["MARKmail", "MARKland", "MARKtag"]);
    assert!(format!("{snapshot:?}").contains("4D41524B534543524554"), "MARKSECRET");
}

#[tokio::test]
async fn a_snapshot_tells_rows_sizes_and_what_nobody_has_gathered() {
    let folder = tempfile::tempdir().unwrap();
    let file = made(
        folder.path(),
        "shop.db",
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE); CREATE TABLE fresh (a);",
            "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) \
             INSERT INTO t SELECT n, 'x' || n FROM c; ANALYZE; CREATE TABLE newer (a); PRAGMA user_version = 7",
        ],
    );
    let taken = snapshot(&file, &values(false, &[])).await;
    assert_eq!(taken.database, "shop");
    let relations: Vec<String> = taken
        .relations
        .iter()
        .map(|relation| format!("{} {} {}", relation.kind.name(), relation.name, relation.tuples))
        .collect();
    assert_eq!(
        relations,
        [
            "table t 3000",
            "index sqlite_autoindex_t_1 3000",
            "table fresh 0",
            "table newer 0"
        ]
    );
    assert!(taken.relations[0].bytes.unwrap() >= 3000 * 8);
    let missing = |snapshot: &Snapshot| -> Vec<String> {
        let what = |missing: &Unread| missing.what.clone();
        snapshot.missing.iter().map(what).collect()
    };
    assert_eq!(
        missing(&taken),
        ["workload", "statistics of fresh", "statistics of newer"]
    );
    assert!(
        taken.missing[1].why.contains("`ANALYZE fresh`"),
        "{:?}",
        taken.missing[1]
    );
    let setting = |name: &str| {
        let mut found = taken.settings.iter().filter(|setting| setting.name == name);
        found.next().map(|setting| setting.value.clone()).unwrap()
    };
    assert_eq!(setting("user_version"), "7");
    assert_eq!(setting("written_by"), rusqlite::version());

    let file = made(folder.path(), "new.db", &["CREATE TABLE t (a)"]);
    let taken = snapshot(&file, &values(true, &[])).await;
    assert_eq!(missing(&taken), ["workload", "statistics", "sample values"]);
    assert!(
        taken.missing[1].why.contains("`ANALYZE` gathers them"),
        "{:?}",
        taken.missing[1]
    );
}

#[tokio::test]
async fn what_a_twin_can_not_have_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = made(
        folder.path(),
        "odd.db",
        &["CREATE TABLE t (a); CREATE INDEX i ON t (a); ANALYZE; PRAGMA writable_schema = ON;
           INSERT INTO sqlite_schema VALUES ('table', 'shapes', 'shapes', 0, 'CREATE VIRTUAL TABLE shapes USING spatial(a)'),
              ('index', 'j', 't', 0, 'CREATE INDEX j ON t (a COLLATE german)')"],
    );
    let mut taken = snapshot(&file, &values(true, &[])).await;
    taken.schema.push(dbwright_catalog::SchemaStatement {
        object: "table evil".to_owned(),
        sql: "ATTACH 'evil.db' AS evil".to_owned(),
    });
    let mut other = taken.settings.iter_mut().filter(|setting| setting.name == "written_by");
    other.next().unwrap().value = "3.31.1".to_owned();
    let twin = build(&taken).await.unwrap();
    let Fidelity::Approximate(reasons) = &twin.fidelity else {
        panic!("{:?}", twin.fidelity);
    };
    let told = reasons.join("\n");
    for part in [
        "table shapes is not in the twin: no such module: spatial",
        "index j is not in the twin: no such collation sequence: german",
        "table evil is not in the twin: what makes it is no CREATE statement",
        "last written by SQLite 3.31.1",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(twin.sessions().unwrap(), Some(0));

    let mut of_another = taken.clone();
    of_another.sqlite = None;
    of_another.server.engine = dbwright_catalog::Engine::Postgres;
    let error = build(&of_another).await.err().unwrap().to_string();
    assert_eq!(error, "the snapshot is one of PostgreSQL, and not of SQLite");
}

#[tokio::test]
async fn what_is_no_database_is_told_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("text.db"),
        "this is a text that is long enough to be looked at",
    )
    .unwrap();
    for (name, told) in [
        ("missing.db", "it can't be opened: No such file or directory"),
        (".", "it is a folder"),
        ("text.db", "file is not a database"),
    ] {
        let url = DatabaseUrl::of_file(folder.path().join(name));
        let error = Connection::open(&url, &ReadLimits::default()).await.err().unwrap();
        assert!(error.to_string().contains(told), "{name}: {error}");
    }
}

/// `sqlite_stat1`, a line for each row.
fn counted(file: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection
        .prepare("SELECT tbl || ' ' || coalesce(idx, '-') || ' ' || stat FROM sqlite_stat1 ORDER BY 1")
        .unwrap();
    let lines = statement.query_map([], |row| row.get(0)).unwrap();
    lines.map(Result::unwrap).collect()
}

/// What the planner knows of a twin after migrations is what `ANALYZE` counts in the file after them.
#[tokio::test]
async fn statistics_of_a_twin_follow_migrations() {
    let folder = tempfile::tempdir().unwrap();
    let filled = "CREATE TABLE a (id INTEGER PRIMARY KEY, x INT, y TEXT, z INT UNIQUE);
        CREATE INDEX a_x ON a (x); CREATE INDEX a_xy ON a (x, y); CREATE INDEX a_few ON a (y) WHERE x > 5;
        CREATE INDEX a_lower ON a (lower(y));
        CREATE TABLE b (k TEXT, v INT, PRIMARY KEY (k, v)) WITHOUT ROWID; CREATE INDEX b_v ON b (v);
        CREATE TABLE plain (n INT); CREATE TABLE goes (n INT); CREATE INDEX goes_n ON goes (n);
        WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 1000)
            INSERT INTO a SELECT n, n % 10, n % 200, n FROM g;
        INSERT INTO b SELECT y, x FROM a GROUP BY y, x; INSERT INTO plain SELECT x FROM a; INSERT INTO goes SELECT x FROM a;
        ANALYZE;";
    let rebuild = [
        "PRAGMA foreign_keys = OFF",
        "CREATE TABLE a_new (id INTEGER PRIMARY KEY, x INT, y TEXT, z INT UNIQUE, more TEXT)",
        "INSERT INTO a_new (id, x, y, z) SELECT id, x, y, z FROM a",
        "DROP TABLE a",
        "ALTER TABLE a_new RENAME TO a",
        "CREATE INDEX by_x ON a (x)",
        "CREATE INDEX a_few ON a (y) WHERE x > 5",
        "CREATE INDEX a_lower ON a (lower(y))",
        "PRAGMA foreign_key_check",
    ];
    let renames = [
        "ALTER TABLE a RENAME TO c",
        "ALTER TABLE c RENAME COLUMN x TO ex",
        "ALTER TABLE b RENAME TO d",
        "CREATE TABLE a (id INTEGER PRIMARY KEY)",
    ];
    let drops = [
        "DROP INDEX a_x",
        "DROP INDEX b_v",
        "DROP TABLE goes",
        "ALTER TABLE plain ADD COLUMN m INT",
        "VACUUM",
    ];
    for (name, migration) in [("rebuild", &rebuild[..]), ("renames", &renames), ("drops", &drops)] {
        let file = made(folder.path(), name, &[filled]);
        let taken = snapshot(&file, &values(false, &[])).await;
        let mut twin = build(&taken).await.unwrap();
        assert_eq!(counted(twin.path()), counted(&file), "{name}");
        assert_eq!(twin.migrate(migration).unwrap(), Ok(()), "{name}");
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.execute_batch(&migration.join(";")).unwrap();
        connection.execute_batch("ANALYZE").unwrap();
        assert_eq!(counted(twin.path()), counted(&file), "{name}");
        twin.stop().unwrap();
    }
    let file = made(folder.path(), "refused", &[filled]);
    let mut twin = build(&snapshot(&file, &values(false, &[])).await).await.unwrap();
    let outside = folder.path().join("outside.db");
    let attach = format!("ATTACH '{}' AS x", outside.display());
    for refused in ["DROP INDEX nothing", attach.as_str()] {
        assert!(twin.migrate(&[refused]).unwrap().is_err(), "{refused}");
    }
    assert!(!outside.exists());
    // A new index that begins with the column of another one, and whose others nobody has counted.
    assert_eq!(
        twin.migrate(&["CREATE INDEX a_xz ON a (x, z, y)", "CREATE INDEX a_z ON a (y)"])
            .unwrap(),
        Ok(())
    );
    let known = counted(twin.path());
    assert!(known.contains(&"a a_xz 1000 100 9 8".to_owned()), "{known:?}");
    assert!(!known.iter().any(|line| line.starts_with("a a_z ")), "{known:?}");
    twin.stop().unwrap();
}
