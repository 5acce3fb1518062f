//! Migrations on a twin of SQLite, and its statistics after them: those that production would have after them and `ANALYZE`.
//!
//! SQLite forgets the statistics of what is dropped, also where a table is made anew under its old name. Here they follow: a table
//! has the rows of the one whose name it has or had, an index the counts of one with the same keys. Of a new index that begins with
//! the keys of another one the counts of these are known, and of the others what the planner assumes of them.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{SqliteCounts, SqliteStatistics};
use rusqlite::Connection;

use super::{Twin, counts, guard, samples};
use crate::LiveError;

/// Rows that share the keys of an index, as the planner assumes: <https://github.com/sqlite/sqlite/blob/master/src/build.c>
/// (sqlite3DefaultRowEst).
const ASSUMED: [f64; 5] = [10.0, 9.0, 8.0, 7.0, 6.0];
const ASSUMED_BEYOND: f64 = 5.0;

/// Statements that change nothing a twin is for, and may move what it holds.
const PASSED_OVER: [&str; 3] = ["vacuum", "analyze", "reindex"];

/// Tables and indexes that are there.
#[derive(Default)]
struct Stored {
    tables: BTreeSet<String>,
    indexes: BTreeMap<String, Index>,
}

/// An index as far as its counts depend on it.
#[derive(Clone, PartialEq, Eq)]
struct Index {
    table: String,
    unique: bool,
    /// Its columns with their collations; nothing of an expression.
    keys: Vec<Option<String>>,
    /// Expressions and the condition, as they are written.
    rest: Option<String>,
}

/// What things were called when the statistics were written; nothing of what is new.
#[derive(Default)]
struct Origins {
    tables: BTreeMap<String, Option<String>>,
    indexes: BTreeMap<String, Option<String>>,
}

impl Twin {
    /// Runs the statements of a migration, one by one, and writes the statistics that hold after them. What SQLite says where it
    /// refuses one is the inner error.
    ///
    /// # Errors
    ///
    /// When the file breaks.
    pub fn migrate(&mut self, statements: &[&str]) -> Result<Result<(), String>, LiveError> {
        let failed = |source| self.failed("migrating", source);
        let mut connection = Connection::open(&self.path).map_err(failed)?;
        connection.pragma_update(None, "foreign_keys", false).map_err(failed)?;
        guard(&mut connection).map_err(failed)?;
        let first = stored(&connection).map_err(failed)?;
        let mut origins = Origins::of(&first);
        let mut before = Stored {
            tables: first.tables.clone(),
            indexes: first.indexes.clone(),
        };
        for statement in statements.iter().filter(|statement| !is_passed_over(statement)) {
            if let Err(error) = run(&connection, statement) {
                return Ok(Err(error.to_string()));
            }
            let after = stored(&connection).map_err(failed)?;
            origins.follow(&before, &after);
            before = after;
        }
        origins.settle(&first, &before);
        if !connection.is_autocommit() {
            connection.execute_batch("COMMIT").map_err(failed)?;
        }
        let statistics = followed(&self.statistics, &origins, &first, &before);
        connection
            .authorizer(None::<fn(rusqlite::hooks::AuthContext<'_>) -> rusqlite::hooks::Authorization>)
            .map_err(failed)?;
        counts(&connection, &statistics).map_err(failed)?;
        samples(&connection, &statistics, &mut Vec::new()).map_err(failed)?;
        self.rows = origins
            .tables
            .iter()
            .filter_map(|(name, origin)| Some((name.clone(), *self.rows.get(origin.as_ref()?)?)))
            .collect();
        self.statistics = statistics;
        Ok(Ok(()))
    }
}

fn is_passed_over(statement: &str) -> bool {
    let tokens = dbwright_sql::tokens(dbwright_catalog::Engine::Sqlite, statement);
    let first = tokens
        .filter(|token| !token.is_space())
        .find_map(|token| token.folded());
    first.is_some_and(|word| PASSED_OVER.contains(&word.as_str()))
}

/// Runs a statement to its end, also one that gives rows.
fn run(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(statement)?;
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

fn stored(connection: &Connection) -> rusqlite::Result<Stored> {
    let mut stored = Stored::default();
    let mut statement = connection.prepare(
        "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE type IN ('table', 'index')
         AND tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    )?;
    let mut keys = connection.prepare("SELECT name, coll FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno")?;
    let mut unique =
        connection.prepare("SELECT coalesce(max(\"unique\"), 0) FROM pragma_index_list(?1) WHERE name = ?2")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, name, table): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let sql: Option<String> = row.get(3)?;
        if kind == "table" {
            stored.tables.insert(name);
            continue;
        }
        let of_index = keys.query_map([&name], |row| {
            let column: Option<String> = row.get(0)?;
            let collation: Option<String> = row.get(1)?;
            Ok(column.map(|column| format!("{} {}", column.to_lowercase(), collation.unwrap_or_default())))
        })?;
        let keys: Vec<Option<String>> = of_index.collect::<rusqlite::Result<_>>()?;
        let is_plain = keys.iter().all(Option::is_some);
        let written = sql.as_deref().map(spaced).unwrap_or_default();
        let has_condition = written.contains(") where ");
        let rest = (!is_plain || has_condition).then(|| {
            let from = written.find('(').unwrap_or(0);
            written[from..].to_owned()
        });
        let unique = unique.query_row([&table, &name], |row| row.get(0))?;
        stored.indexes.insert(
            name,
            Index {
                table,
                unique,
                keys,
                rest,
            },
        );
    }
    Ok(stored)
}

/// In small letters, with single spaces.
fn spaced(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl Origins {
    fn of(stored: &Stored) -> Self {
        let own = |name: &String| (name.clone(), Some(name.clone()));
        Origins {
            tables: stored.tables.iter().map(own).collect(),
            indexes: stored.indexes.keys().map(own).collect(),
        }
    }

    /// Follows one statement: what has its name still is what it was, and it renames one table at most.
    fn follow(&mut self, before: &Stored, after: &Stored) {
        let gone: Vec<&String> = before.tables.difference(&after.tables).collect();
        let new: Vec<&String> = after.tables.difference(&before.tables).collect();
        if let ([old], [new]) = (gone.as_slice(), new.as_slice()) {
            let origin = self.tables.remove(*old).flatten();
            self.tables.insert((*new).clone(), origin);
            let (from, to) = (format!("sqlite_autoindex_{old}_"), format!("sqlite_autoindex_{new}_"));
            let own: Vec<String> = self
                .indexes
                .keys()
                .filter(|name| name.starts_with(&from))
                .cloned()
                .collect();
            for name in own {
                let origin = self.indexes.remove(&name).flatten();
                self.indexes.insert(name.replacen(&from, &to, 1), origin);
            }
        }
        self.tables.retain(|name, _| after.tables.contains(name));
        self.indexes.retain(|name, _| after.indexes.contains_key(name));
        for name in &after.tables {
            self.tables.entry(name.clone()).or_default();
        }
        for name in after.indexes.keys() {
            self.indexes.entry(name.clone()).or_default();
        }
    }

    /// Finds out what was made anew: a table under a name that nothing else stands for, an index with the same keys.
    fn settle(&mut self, first: &Stored, last: &Stored) {
        let claimed: BTreeSet<String> = self.tables.values().flatten().cloned().collect();
        for (name, origin) in &mut self.tables {
            if origin.is_none() && first.tables.contains(name) && !claimed.contains(name) {
                *origin = Some(name.clone());
            }
        }
        for (name, origin) in &mut self.indexes {
            let Some(index) = last.indexes.get(name).filter(|_| origin.is_none()) else {
                continue;
            };
            let table = self.tables.get(&index.table).cloned().flatten();
            let is_same = |old: &&String| {
                let old = &first.indexes[*old];
                Some(&old.table) == table.as_ref() && old.keys == index.keys && old.rest == index.rest
            };
            *origin = first.indexes.keys().find(is_same).cloned();
        }
    }
}

/// The statistics under the names of now.
fn followed(statistics: &SqliteStatistics, origins: &Origins, first: &Stored, last: &Stored) -> SqliteStatistics {
    let mut samples = Vec::new();
    let mut found = Vec::new();
    let known: Vec<&SqliteCounts> = statistics.counts.iter().flatten().collect();
    for (table, origin) in &origins.tables {
        let Some(origin) = origin else { continue };
        let of_table: Vec<&&SqliteCounts> = known.iter().filter(|counts| counts.table == *origin).collect();
        let Some(rows) = of_table.iter().filter_map(|counts| rows_of(counts)).max() else {
            continue;
        };
        let before = found.len();
        // The primary key of a table WITHOUT ROWID stands there by the name of the table.
        for counts in of_table.iter().filter(|counts| counts.index.as_ref() == Some(origin)) {
            found.push(named(counts, table, Some(table)));
        }
        for (name, index) in last.indexes.iter().filter(|(_, index)| index.table == *table) {
            let old = origins.indexes.get(name).cloned().flatten();
            let same = of_table.iter().find(|counts| old.is_some() && counts.index == old);
            if let Some(counts) = same {
                found.push(named(counts, table, Some(name)));
            } else if let Some(counts) = derived(index, origin, rows, &of_table, first) {
                found.push(SqliteCounts {
                    table: table.clone(),
                    index: Some(name.clone()),
                    counts,
                });
            }
            let of_index = statistics
                .samples
                .iter()
                .filter(|sample| old.as_ref() == Some(&sample.index));
            samples.extend(of_index.map(|sample| dbwright_catalog::SqliteSample {
                table: table.clone(),
                index: name.clone(),
                ..sample.clone()
            }));
        }
        if found.len() == before {
            found.push(SqliteCounts {
                table: table.clone(),
                index: None,
                counts: rows.to_string(),
            });
        }
    }
    SqliteStatistics {
        counts: statistics.counts.as_ref().map(|_| found),
        samples_there: statistics.samples_there,
        samples,
    }
}

fn rows_of(counts: &SqliteCounts) -> Option<u64> {
    counts.counts.split(' ').next()?.parse().ok()
}

fn named(counts: &SqliteCounts, table: &str, index: Option<&str>) -> SqliteCounts {
    SqliteCounts {
        table: table.to_owned(),
        index: index.map(str::to_owned),
        counts: counts.counts.clone(),
    }
}

/// The counts of a new index that begins with the keys of one that was counted.
fn derived(index: &Index, origin: &str, rows: u64, of_table: &[&&SqliteCounts], first: &Stored) -> Option<String> {
    if index.rest.is_some() {
        return None;
    }
    let shared = |counts: &&&&SqliteCounts| {
        let old = counts.index.as_ref().and_then(|name| first.indexes.get(name));
        let old = old.filter(|old| old.table == origin && old.rest.is_none())?;
        let same = old
            .keys
            .iter()
            .zip(&index.keys)
            .take_while(|(old, new)| old == new)
            .count();
        (same > 0).then_some(same)
    };
    let best = of_table.iter().max_by_key(|counts| shared(counts))?;
    let same = shared(&best)?;
    let mut each: Vec<f64> = best
        .counts
        .split(' ')
        .skip(1)
        .map_while(|word| word.parse().ok())
        .collect();
    each.truncate(same);
    while each.len() < index.keys.len() {
        let assumed = ASSUMED.get(each.len()).copied().unwrap_or(ASSUMED_BEYOND);
        each.push(each.last().map_or(assumed, |before| before.min(assumed)));
    }
    if let Some(last) = each.last_mut().filter(|_| index.unique) {
        *last = 1.0;
    }
    let each: Vec<String> = each.iter().map(f64::to_string).collect();
    Some(format!("{rows} {}", each.join(" ")))
}
