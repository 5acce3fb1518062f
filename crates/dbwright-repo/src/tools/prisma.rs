//! Prisma Migrate: `<timestamp>_<name>/migration.sql` beside `migration_lock.toml`.
//!
//! As in <https://github.com/prisma/prisma/blob/main/packages/migrate/src/utils/listMigrations.ts> (every folder is a
//! migration, ordered by name),
//! <https://github.com/prisma/prisma-engines/blob/main/schema-engine/connectors/schema-connector/src/migrations_directory.rs>
//! (lock file) and
//! <https://github.com/prisma/prisma-engines/blob/main/schema-engine/connectors/sql-schema-connector/src/flavour/postgres/connector/native/mod.rs>
//! (how a script is run). Up to 7.3 a script goes out as one query. Since 7.4
//! (<https://github.com/prisma/prisma-engines/pull/5767>) it is split, and each statement commits by itself, where Prisma's
//! own SQL parser reads the whole script; where it does not, the script goes out as one query as before
//! (<https://github.com/prisma/prisma-engines/pull/5847>). What that parser does not read is known here for some statements
//! only.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, LeftOut, RunMode, Statement};

use super::{Claim, Folder, Place, Problem, Read};
use crate::error::RepoError;
use crate::facts::{Fact, package_version};
use crate::scan;
use crate::text;
use crate::walk::{self, has_extension};

const SCRIPT: &str = "migration.sql";
const LOCK: &str = "migration_lock.toml";
/// Drizzle keeps one of these beside each `migration.sql`.
const SNAPSHOT_OF_DRIZZLE: &str = "snapshot.json";
const PEEK_BYTES: u64 = 64 * 1024;

/// The bundled SQLite of Prisma's engine is compiled with `SQLITE_DEFAULT_FOREIGN_KEYS=1`:
/// <https://github.com/rusqlite/rusqlite/blob/master/libsqlite3-sys/build.rs>.
pub(super) const SQLITE_FOREIGN_KEYS: bool = true;

/// Whether a folder bears marks of this tool: its lock file, or folders with a `migration.sql`.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    let has = |folder: &str, file: &str| {
        let inner = place.tree.folders.get(&place.folder.join(folder));
        inner.is_some_and(|inner| inner.files.iter().any(|name| name == file))
    };
    let folders: Vec<&String> = place
        .listing
        .folders
        .iter()
        .filter(|folder| has(folder, SCRIPT) && !has(folder, SNAPSHOT_OF_DRIZZLE))
        .collect();
    let lock = place.listing.files.iter().any(|file| file == LOCK);
    let first = folders.first()?;
    let mut facts = Vec::new();
    let mut engines = Vec::new();
    if lock {
        let path = place.folder.join(LOCK);
        let (provider, line) = provider(&text::peek(&place.root.join(&path), PEEK_BYTES))?;
        engines = engines_of(&provider)?;
        facts.push(Fact::new(format!("provider {provider}"), path, Some(line)));
    } else {
        let folder = place.folder.join(first);
        facts.push(Fact::new("folders with migration.sql", folder, None));
    }
    Some(Claim {
        migrations: folders.len(),
        engines,
        each_engine: false,
        facts,
    })
}

/// The provider of a lock file, which Prisma reads line by line, and its line.
fn provider(lock: &str) -> Option<(String, u32)> {
    let (line, content) = (1u32..)
        .zip(lock.lines())
        .find(|(_, line)| line.starts_with("provider"))?;
    let value = content.split_once('=')?.1.trim().trim_matches('"');
    Some((value.to_owned(), line))
}

/// Engines of a provider; nothing for those that dbwright does not know (`sqlserver`, `cockroachdb`, `mongodb`).
fn engines_of(provider: &str) -> Option<Vec<Engine>> {
    match provider {
        "postgresql" | "postgres" => Some(vec![Engine::Postgres]),
        "mysql" => Some(vec![Engine::MySql]),
        "sqlite" => Some(vec![Engine::Sqlite]),
        _ => None,
    }
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut beside: Vec<PathBuf> = Vec::new();
    let splits = package_version(folder.root, folder.path, &["prisma", "@prisma/client"])
        .is_some_and(|version| version >= (7, 4));
    for name in &folder.listing.folders {
        let inner = walk::list(&folder.root.join(folder.path).join(name), &folder.at(name))?;
        let others = inner
            .files
            .iter()
            .filter(|file| *file != SCRIPT && has_extension(file, "sql"));
        beside.extend(others.map(|file| folder.at(Path::new(name).join(file))));
        let has_script = inner.files.iter().any(|file| file == SCRIPT);
        let is_program = |file: &&String| has_extension(file, "ts") || has_extension(file, "js");
        if let (false, Some(program)) = (has_script, inner.files.iter().find(is_program)) {
            // Prisma alone refuses that; a project that wraps it runs programs between the scripts.
            let program = Path::new(name).join(program);
            read.migrations
                .push(folder.program(&program, name, "JavaScript or TypeScript")?);
            continue;
        }
        if !has_script {
            read.problems.push(Problem::refused(
                folder.at(name),
                1,
                format!("Prisma refuses all migrations: the folder {name} has no migration.sql"),
                "Remove the folder, or move it out of the folder of migrations.",
            ));
            continue;
        }
        let (mut migration, _) = folder.whole_file(&Path::new(name).join(SCRIPT), name, RunMode::SimpleQuery)?;
        migration.run_mode = run_mode(folder.engine, splits, &migration.statements);
        read.migrations.push(migration);
    }
    if !beside.is_empty() {
        read.left_out.push(LeftOut {
            what: "files beside migration.sql, which Prisma does not run".to_owned(),
            files: beside,
        });
    }
    Ok(read)
}

/// On MySQL and SQLite a query of several statements is no transaction: each commits by itself.
fn run_mode(engine: Engine, splits: bool, statements: &[Statement]) -> RunMode {
    match engine {
        Engine::Postgres if !(splits && statements.iter().all(is_read)) => RunMode::SimpleQuery,
        Engine::Postgres | Engine::MySql | Engine::MariaDb | Engine::Sqlite => RunMode::EachStatement,
    }
}

/// Whether Prisma's SQL parser reads a statement, as far as is known here.
fn is_read(statement: &Statement) -> bool {
    let words: Vec<String> = scan::tokens(&statement.text)
        .into_iter()
        .take(3)
        .map(|token| token.text)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    !matches!(
        words.as_slice(),
        ["DROP", "INDEX", "CONCURRENTLY"]
            | ["DO" | "REINDEX" | "CLUSTER" | "REFRESH" | "REASSIGN" | "SECURITY", ..]
            | ["ALTER", "DEFAULT", "PRIVILEGES"]
            | ["CREATE", "RULE" | "AGGREGATE" | "PUBLICATION" | "STATISTICS", ..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(engine: Engine, splits: bool, text: &str) -> RunMode {
        let dialect = dbwright_sql::Dialect::server(engine);
        run_mode(engine, splits, &dbwright_sql::statements(dialect, text))
    }

    #[test]
    fn statements_commit_by_themselves_where_prisma_splits_the_script() {
        let script = "CREATE TABLE a (id int); CREATE INDEX CONCURRENTLY a_id ON a (id);";
        assert_eq!(mode(Engine::Postgres, false, script), RunMode::SimpleQuery);
        assert_eq!(mode(Engine::Postgres, true, script), RunMode::EachStatement);
        let unread = "CREATE TABLE a (id int); DROP INDEX CONCURRENTLY a_id;";
        assert_eq!(mode(Engine::Postgres, true, unread), RunMode::SimpleQuery);
        assert_eq!(mode(Engine::MySql, false, script), RunMode::EachStatement);
    }
}
