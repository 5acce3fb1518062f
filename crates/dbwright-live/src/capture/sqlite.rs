//! Capturing SQLite.
//!
//! An authorizer stands between this and the rows: of tables it lets through only `sqlite_schema` and the statistics, so
//! that neither a mistake here nor the code of a virtual table reads others. Sizes are asked in a transaction of their own
//! with a short limit: who reads a file in rollback mode keeps others from committing.

mod samples;
mod sizes;

pub(crate) use sizes::of_trees;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use dbwright_catalog::{
    Locale, SampleValues, SchemaStatement, Setting, Snapshot, SqliteCounts, SqliteStatistics, StoredKind,
    StoredRelation, Unread,
};
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::LiveError;
use crate::connect::SqliteConnection;

/// The one schema of a file.
pub(super) const SCHEMA: &str = "main";

/// What `sqlite_stat1` may say beside numbers: <https://www.sqlite.org/fileformat2.html#the_sqlite_stat1_table>.
const WORDS: [&str; 2] = ["unordered", "noskipscan"];

/// So many tables without statistics are named one by one.
const NAMED: usize = 8;

/// So much of a file may be read for the sizes of its tables: reading sizes means reading the head of each page.
const SIZES_LIMIT: Duration = Duration::from_secs(5);

/// A row of `sqlite_schema`.
struct Entry {
    kind: String,
    name: String,
    table: String,
    has_pages: bool,
    sql: Option<String>,
}

impl Entry {
    /// Whether it is one of SQLite's own; indexes of keys are not meant.
    fn is_of_sqlite(&self) -> bool {
        self.kind == "table" && self.name.to_ascii_lowercase().starts_with("sqlite_")
    }
}

pub(super) async fn capture(connection: &SqliteConnection, values: &SampleValues) -> Result<Snapshot, LiveError> {
    let server = connection.server().clone();
    let header = connection.header().await?;
    let wanted = values.clone();
    let read = connection.with(move |connection| read(connection, &wanted)).await?;
    let sizes = connection
        .with(|connection| {
            only_statistics(connection)?;
            sizes::of_trees(connection, SIZES_LIMIT)
        })
        .await;
    let mut missing = vec![Unread {
        what: "workload".to_owned(),
        why: "SQLite counts no queries.".to_owned(),
    }];
    let sizes = sizes.unwrap_or_else(|error| Err(error.to_string()));
    let sizes = sizes.unwrap_or_else(|why| {
        missing.push(Unread {
            what: "sizes of tables".to_owned(),
            why,
        });
        BTreeMap::new()
    });
    say_never_gathered(&read.entries, read.statistics.counts.as_deref(), &mut missing);
    missing.extend(read.missing);
    let mut settings = read.settings;
    settings.extend(header.settings());
    Ok(Snapshot {
        server,
        database: database(connection.path()),
        taken_at: read.taken_at,
        values: values.clone(),
        locale: Locale {
            encoding: read.encoding,
            ..Locale::default()
        },
        roles: Vec::new(),
        relations: relations(&read.entries, &read.statistics, &sizes),
        schema: schema(read.entries),
        settings,
        extensions: Vec::new(),
        columns: Vec::new(),
        extended: Vec::new(),
        sqlite: Some(read.statistics),
        mysql_family: None,
        workload: Vec::new(),
        counted_since: None,
        missing,
    })
}

/// The name of the file without what ends it.
fn database(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// What one transaction has read.
struct Read {
    taken_at: String,
    encoding: String,
    settings: Vec<Setting>,
    entries: Vec<Entry>,
    statistics: SqliteStatistics,
    missing: Vec<Unread>,
}

/// Lets nothing be read but the schema and the statistics.
fn only_statistics(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.authorizer(Some(|context: AuthContext<'_>| {
        let is_allowed = match context.action {
            AuthAction::Read { table_name, .. } => {
                let name = table_name.to_ascii_lowercase();
                [
                    "sqlite_master",
                    "sqlite_schema",
                    "sqlite_stat1",
                    "sqlite_stat4",
                    "dbstat",
                ]
                .contains(&name.as_str())
                    || name.starts_with("pragma_")
            }
            AuthAction::Select
            | AuthAction::Function { .. }
            | AuthAction::Pragma { .. }
            | AuthAction::Transaction { .. } => true,
            // How a virtual table of SQLite's own (dbstat, a pragma) says what it is.
            AuthAction::CreateVtable { table_name, .. } => table_name == "dbstat" || table_name.starts_with("pragma_"),
            _ => false,
        };
        if is_allowed {
            Authorization::Allow
        } else {
            Authorization::Deny
        }
    }))
}

fn read(connection: &mut Connection, values: &SampleValues) -> rusqlite::Result<Read> {
    only_statistics(connection)?;
    connection.execute_batch("BEGIN")?;
    let entries = entries(connection)?;
    let mut missing = Vec::new();
    let statistics = SqliteStatistics {
        counts: counts(connection, &entries)?,
        samples_there: samples::count(connection, &entries)?,
        samples: samples::take(connection, &entries, values, &mut missing)?,
    };
    let mut settings = Vec::new();
    for name in [
        "page_size",
        "auto_vacuum",
        "journal_mode",
        "user_version",
        "application_id",
    ] {
        let value = connection.query_row(&format!("PRAGMA main.{name}"), [], |row| {
            row.get::<_, rusqlite::types::Value>(0)
        })?;
        settings.push(Setting {
            name: name.to_owned(),
            value: match value {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                _ => continue,
            },
        });
    }
    Ok(Read {
        taken_at: connection.query_row("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now')", [], |row| row.get(0))?,
        encoding: connection.query_row("PRAGMA main.encoding", [], |row| row.get(0))?,
        settings,
        entries,
        statistics,
        missing,
    })
}

/// The rows of `sqlite_schema`, oldest first: the planner looks at indexes in this order.
fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = connection.prepare(
        "SELECT type, name, tbl_name, coalesce(rootpage, 0) > 0, sql FROM main.sqlite_schema ORDER BY rowid",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Entry {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            has_pages: row.get(3)?,
            sql: row.get(4)?,
        })
    })?;
    rows.collect()
}

fn schema(entries: Vec<Entry>) -> Vec<SchemaStatement> {
    let statements = entries.into_iter().filter(|entry| !entry.is_of_sqlite());
    statements
        .filter_map(|entry| {
            Some(SchemaStatement {
                object: format!("{} {}", entry.kind, entry.name),
                sql: entry.sql?,
            })
        })
        .collect()
}

/// Whether the file has one of the tables of statistics.
fn has_table(entries: &[Entry], name: &str) -> bool {
    let mut tables = entries.iter().filter(|entry| entry.kind == "table" && entry.has_pages);
    tables.any(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// The rows of `sqlite_stat1`. Anybody may write into it: only what the planner reads is taken.
fn counts(connection: &Connection, entries: &[Entry]) -> rusqlite::Result<Option<Vec<SqliteCounts>>> {
    if !has_table(entries, "sqlite_stat1") {
        return Ok(None);
    }
    let mut statement = connection.prepare("SELECT tbl, idx, stat FROM main.sqlite_stat1 ORDER BY rowid")?;
    let rows = statement.query_map([], |row| {
        Ok((
            row.get::<_, Option<String>>(0)?,
            row.get::<_, Option<String>>(1)?,
            row.get::<_, Option<String>>(2)?,
        ))
    })?;
    let mut counts = Vec::new();
    for row in rows {
        let (Some(table), index, Some(text)) = row? else {
            continue;
        };
        let is_known = |kind: &str, name: &str| {
            let mut found = entries.iter().filter(|entry| entry.kind == kind);
            found.any(|entry| entry.name.eq_ignore_ascii_case(name))
        };
        // Of a WITHOUT ROWID table its primary key stands there by the name of the table.
        let is_index = |name: &str| is_known("index", name) || name.eq_ignore_ascii_case(&table);
        if is_known("table", &table) && index.as_deref().is_none_or(is_index) {
            counts.push(SqliteCounts {
                table,
                index,
                counts: numbers(&text),
            });
        }
    }
    Ok(Some(counts))
}

/// The numbers and the words that the planner knows.
fn numbers(text: &str) -> String {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let words = text
        .split_ascii_whitespace()
        .filter(|word| is_number(word) || WORDS.contains(word) || word.strip_prefix("sz=").is_some_and(is_number));
    words.collect::<Vec<_>>().join(" ")
}

/// Tables and indexes with what they take, and the rows that `ANALYZE` has counted; where it has not, those that are there.
fn relations(
    entries: &[Entry],
    statistics: &SqliteStatistics,
    sizes: &BTreeMap<String, sizes::TreeSize>,
) -> Vec<StoredRelation> {
    let stored = entries.iter().filter(|entry| entry.has_pages && !entry.is_of_sqlite());
    let relations = stored.map(|entry| {
        let is_index = entry.kind == "index";
        let rows = statistics.counts.iter().flatten().filter(|counts| {
            if is_index {
                counts.index.as_deref() == Some(&entry.name)
            } else {
                counts.table == entry.name
            }
        });
        // A partial index has fewer rows than its table.
        let rows = rows
            .filter_map(|counts| counts.counts.split(' ').next()?.parse::<u32>().ok())
            .max();
        let size = sizes.get(&entry.name);
        StoredRelation {
            kind: if is_index { StoredKind::Index } else { StoredKind::Table },
            schema: SCHEMA.to_owned(),
            name: entry.name.clone(),
            table: is_index.then(|| entry.table.clone()),
            access_method: is_index.then(|| "btree".to_owned()),
            pages: size.map_or(0, |size| size.pages),
            tuples: rows.map(f64::from).or(size.map(|size| size.rows)).unwrap_or(-1.0),
            all_visible: 0,
            all_frozen: None,
            bytes: size.map(|size| size.bytes),
            tree_levels: None,
            end_points: None,
            gin: None,
            activity: None,
        }
    });
    relations.collect()
}

/// Names tables of which the planner knows nothing, with what would help.
fn say_never_gathered(entries: &[Entry], counts: Option<&[SqliteCounts]>, missing: &mut Vec<Unread>) {
    let Some(counts) = counts else {
        missing.push(Unread {
            what: "statistics".to_owned(),
            why: "They were never gathered: SQLite plans by the schema alone. `ANALYZE` gathers them, and `PRAGMA \
                  optimize` keeps them fresh."
                .to_owned(),
        });
        return;
    };
    let tables = entries
        .iter()
        .filter(|entry| entry.kind == "table" && entry.has_pages && !entry.is_of_sqlite());
    let unknown: Vec<&str> = tables
        .filter(|entry| {
            !counts
                .iter()
                .any(|counts| counts.table.eq_ignore_ascii_case(&entry.name))
        })
        .map(|entry| entry.name.as_str())
        .collect();
    let why = |command: String| {
        format!("They were never gathered, or there was no row then; {command} gathers them where there are some now.")
    };
    if unknown.len() > NAMED {
        missing.push(Unread {
            what: format!(
                "statistics of {} tables ({}, …)",
                unknown.len(),
                unknown[..NAMED].join(", ")
            ),
            why: why("`ANALYZE`".to_owned()),
        });
        return;
    }
    missing.extend(unknown.iter().map(|name| Unread {
        what: format!("statistics of {name}"),
        why: why(format!("`ANALYZE {}`", quoted(name))),
    }));
}

fn quoted(name: &str) -> String {
    dbwright_ddl::quote_identifier(dbwright_catalog::Engine::Sqlite, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_statistics_only_what_the_planner_reads_is_taken() {
        for (text, taken) in [
            ("10000 100 1", "10000 100 1"),
            (
                "10000 1 unordered sz=20 noskipscan",
                "10000 1 unordered sz=20 noskipscan",
            ),
            ("100 secret 1 sz=secret -5", "100 1"),
            ("", ""),
        ] {
            assert_eq!(numbers(text), taken);
        }
    }
}
