//! Drizzle: `meta/_journal.json` with `<tag>.sql`, or `<timestamp>_<name>/migration.sql` with `snapshot.json` (since 1.0).
//!
//! As in <https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/migrator.ts> (journal, breakpoints),
//! <https://github.com/drizzle-team/drizzle-orm/blob/beta/drizzle-orm/src/migrator.ts> (folders),
//! <https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/pg-core/dialect.ts> and its siblings for MySQL and
//! SQLite (all pending migrations in one transaction; with a journal, what is not newer than the newest applied one is
//! passed over). The `neon-http` driver has no transactions; a project's choice of driver is not looked at for that.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, Migration, RunMode, Statement};
use serde_json::Value;

use super::{Claim, Folder, Place, Problem, Read, without_templates};
use crate::error::RepoError;
use crate::facts::{Fact, depended_package};
use crate::scan;
use crate::text;
use crate::walk::{self, has_extension};

const JOURNAL: &str = "meta/_journal.json";
const SCRIPT: &str = "migration.sql";
const SNAPSHOT: &str = "snapshot.json";
const BREAKPOINT: &str = "--> statement-breakpoint";
/// A journal or the beginning of a snapshot, at most.
const PEEK_BYTES: u64 = 8 * 1024 * 1024;

/// Whether a folder bears marks of this tool: a journal, or folders with a script and a snapshot.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    let inner = |name: &str| place.tree.folders.get(&place.folder.join(name));
    let (migrations, path) = if inner("meta").is_some_and(|meta| meta.files.iter().any(|file| file == "_journal.json"))
    {
        let path = place.folder.join(JOURNAL);
        let journal = json(&place.root.join(&path));
        (entries(journal.as_ref()).len(), path)
    } else {
        let is_migration = |name: &&String| {
            let has = |wanted: &str| inner(name).is_some_and(|inner| inner.files.iter().any(|file| file == wanted));
            has(SCRIPT) && has(SNAPSHOT)
        };
        let folders: Vec<&String> = place.listing.folders.iter().filter(is_migration).collect();
        (folders.len(), place.folder.join(folders.first()?).join(SNAPSHOT))
    };
    let dialect = json(&place.root.join(&path)).and_then(|file| Some(file.get("dialect")?.as_str()?.to_owned()));
    let (engines, what) = match dialect.as_deref() {
        Some(dialect) => (engines_of(dialect)?, format!("dialect {dialect}")),
        None => (Vec::new(), "journal of Drizzle".to_owned()),
    };
    Some(Claim {
        migrations,
        engines,
        each_engine: false,
        facts: vec![Fact::new(what, path, None)],
    })
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_str(&text::peek(path, PEEK_BYTES)).ok()
}

/// Engines of a dialect; nothing for those that dbwright does not know (`singlestore`, `gel`, `cockroach`, `mssql`).
fn engines_of(dialect: &str) -> Option<Vec<Engine>> {
    match dialect {
        "postgresql" | "postgres" | "pg" => Some(vec![Engine::Postgres]),
        "mysql" => Some(vec![Engine::MySql]),
        "sqlite" | "turso" | "d1" => Some(vec![Engine::Sqlite]),
        _ => None,
    }
}

/// Whether foreign keys are enforced while migrations run, which the driver decides.
///
/// better-sqlite3 is compiled with them on (<https://github.com/WiseLibs/better-sqlite3/blob/master/docs/compilation.md>);
/// `@libsql/client` switches them off for migrations
/// (<https://github.com/tursodatabase/libsql-client-ts/blob/main/packages/libsql-core/src/api.ts>, `migrate`).
pub(super) fn foreign_keys(root: &Path, folder: &Path) -> Option<(bool, Fact)> {
    let (name, path, line) = depended_package(root, folder, &["better-sqlite3", "@libsql/client"])?;
    let on = name == "better-sqlite3";
    let what = format!(
        "driver `{name}`, which runs migrations with foreign keys {}",
        if on { "on" } else { "off" }
    );
    Some((on, Fact::new(what, path, Some(line))))
}

/// One line of a journal.
#[derive(Debug, PartialEq)]
struct Entry {
    tag: String,
    /// When it was generated, in milliseconds since 1970.
    when: f64,
}

fn entries(journal: Option<&Value>) -> Vec<Entry> {
    let list = journal.and_then(|journal| journal.get("entries")?.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|entry| {
            Some(Entry {
                tag: entry.get("tag")?.as_str()?.to_owned(),
                when: entry.get("when")?.as_f64()?,
            })
        })
        .collect()
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = if folder.root.join(folder.at(JOURNAL)).is_file() {
        by_journal(folder)?
    } else {
        by_folders(folder)?
    };
    let mut problems = Vec::new();
    for migration in &read.migrations {
        problems.extend(without_breakpoint(folder.engine, migration));
    }
    read.problems.extend(problems);
    Ok(read)
}

fn by_journal(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let journal = folder.text(JOURNAL)?.text;
    let entries = match serde_json::from_str::<Value>(&journal) {
        Ok(journal) => entries(Some(&journal)),
        Err(error) => {
            read.problems.push(Problem::refused(
                folder.at(JOURNAL),
                u32::try_from(error.line()).unwrap_or(1).max(1),
                format!("Drizzle refuses all migrations: the journal is not JSON ({error})"),
                "Mend the journal; a merge may have left marks in it.",
            ));
            return Ok(read);
        }
    };
    for (index, entry) in entries.iter().enumerate() {
        let file = format!("{}.sql", entry.tag);
        if !folder.listing.files.contains(&file) {
            read.problems.push(Problem::refused(
                folder.at(JOURNAL),
                line_of(&journal, &entry.tag),
                format!(
                    "Drizzle refuses all migrations: the journal names {}, and there is no {file}",
                    entry.tag
                ),
                "Bring the file back, or remove its entry with `drizzle-kit drop`.",
            ));
            continue;
        }
        read.migrations.push(migration(folder, Path::new(&file), &entry.tag)?);
        if let Some(newer) = entries[..index].iter().find(|earlier| earlier.when >= entry.when) {
            read.problems.push(Problem::skipped(
                folder.at(&file),
                format!(
                    "Drizzle passes over {} where {} has been applied: its `when` in the journal is not later",
                    entry.tag, newer.tag
                ),
                "Generate it again, so that its `when` is later than all before it.",
            ));
        }
    }
    for file in folder.listing.files.iter().filter(|file| has_extension(file, "sql")) {
        let tag = file.strip_suffix(".sql").unwrap_or(file);
        if entries.iter().all(|entry| entry.tag != tag) {
            read.problems.push(Problem::skipped(
                folder.at(file),
                format!("Drizzle passes over {file}: the journal does not name it"),
                "Generate it with `drizzle-kit generate --custom`, which adds it to the journal.",
            ));
        }
    }
    Ok(read)
}

fn line_of(text: &str, part: &str) -> u32 {
    let at = text.find(&format!("\"{part}\"")).unwrap_or(0);
    text::line_at(text.as_bytes(), at)
}

fn by_folders(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    for name in &folder.listing.folders {
        let inner = walk::list(&folder.root.join(folder.path).join(name), &folder.at(name))?;
        if inner.files.iter().any(|file| file == SCRIPT) {
            read.migrations
                .push(migration(folder, &Path::new(name).join(SCRIPT), name)?);
        }
    }
    for file in folder.listing.files.iter().filter(|file| has_extension(file, "sql")) {
        read.problems.push(Problem::skipped(
            folder.at(file),
            format!("Drizzle passes over {file}: it looks for migration.sql in the folders beside it"),
            "Move it out of the folder of migrations.",
        ));
    }
    Ok(read)
}

/// A migration, split at the breakpoints: each part is sent by itself.
fn migration(folder: &Folder<'_>, file: &Path, name: &str) -> Result<Migration, RepoError> {
    let text = folder.text(file)?.text;
    let mut statements: Vec<Statement> = parts(&text)
        .into_iter()
        .flat_map(|range| dbwright_sql::statements_in(folder.dialect(), &text, range))
        .collect();
    if folder.engine == Engine::Sqlite {
        for statement in statements.iter_mut().filter(|statement| is_of_libsql(&statement.text)) {
            statement.not_sent = Some("libSQL has `ALTER COLUMN … TO`, and SQLite has not".to_owned());
        }
    }
    Ok(Migration {
        name: name.to_owned(),
        path: folder.at(file),
        statements: without_templates(statements),
        text,
        run_mode: RunMode::AllInOneTransaction,
        down: None,
    })
}

/// `ALTER TABLE a ALTER COLUMN b TO b text`: Drizzle writes it for Turso, whose server is libSQL, also where the journal says
/// SQLite (<https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-kit/src/sqlgenerator.ts>).
fn is_of_libsql(statement: &str) -> bool {
    let tokens = scan::tokens(statement);
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    words.starts_with(&["ALTER", "TABLE"])
        && words.windows(2).any(|pair| pair == ["ALTER", "COLUMN"])
        && words.contains(&"TO")
}

/// The parts between the breakpoints.
fn parts(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut start = 0;
    let mut parts = Vec::new();
    for (at, _) in text.match_indices(BREAKPOINT) {
        parts.push(start..at);
        start = at + BREAKPOINT.len();
    }
    parts.push(start..text.len());
    parts
}

/// Two statements in one part: the drivers of MySQL and SQLite take one at a time.
fn without_breakpoint(engine: Engine, migration: &Migration) -> Option<Problem> {
    let what = match engine {
        Engine::Postgres => return None,
        Engine::MySql | Engine::MariaDb => "the server takes the second for a syntax error",
        Engine::Sqlite => "the driver refuses that, or leaves the second out",
    };
    let second = |range: std::ops::Range<usize>| -> Option<&Statement> {
        let mut inside = migration
            .statements
            .iter()
            .filter(|statement| range.contains(&statement.span.start));
        inside.nth(1)
    };
    let statement = parts(&migration.text).into_iter().find_map(second)?;
    Some(Problem::refused(
        PathBuf::from(&migration.path),
        statement.line,
        format!("{} sends two statements at once: {what}", migration.name),
        format!("Put `{BREAKPOINT}` between them."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_libsql_has_is_told_from_sqlite() {
        assert!(is_of_libsql(
            "ALTER TABLE `a` ALTER COLUMN \"b\" TO \"b\" text NOT NULL"
        ));
        assert!(!is_of_libsql("ALTER TABLE `a` RENAME COLUMN `b` TO `c`"));
        assert!(!is_of_libsql("ALTER TABLE a ALTER COLUMN b SET NOT NULL"));
    }

    #[test]
    fn parts_lie_between_breakpoints() {
        let text = "a;--> statement-breakpoint\nb\n--> statement-breakpoint";
        let found: Vec<&str> = parts(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["a;", "\nb\n", ""]);
    }
}
