//! Supabase: `supabase/migrations/<timestamp>_<name>.sql`.
//!
//! As in <https://github.com/supabase/cli/blob/main/apps/cli-go/pkg/migration/list.go> (which files),
//! <https://github.com/supabase/cli/blob/main/apps/cli-go/pkg/migration/apply.go> (`RESET ALL` before each) and
//! <https://github.com/supabase/cli/blob/main/apps/cli-go/pkg/migration/file.go> (how a file is run): the statements go out
//! in one pipeline of the extended protocol, which is one implicit transaction, as a query of several statements is. What
//! refuses a transaction block may stand at the front of a pipeline, where it commits by itself, and fails behind anything
//! else (<https://github.com/postgres/postgres/blob/master/src/backend/access/transam/xact.c>, `PreventInTransactionBlock`).
//!
//! A project presupposes roles, schemas, tables and functions of the platform. `supabase/prelude.sql` stands in for them.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, LeftOut, Migration, RunMode, Span, Statement};
use dbwright_sql::{Summary, summarise};

use super::{Claim, Folder, Place, Problem, Read, duplicates};
use crate::error::RepoError;
use crate::facts::Fact;
use crate::history::client_file;
use crate::order;
use crate::scan;
use crate::walk::has_extension;

const PRELUDE: &str = include_str!("supabase/prelude.sql");
const CONFIGURATION: &str = "config.toml";
const SEED: &str = "seed.sql";
const RESET: &str = "RESET ALL";
/// `<timestamp>_init.sql` as the first file is passed over where it is older: earlier CLIs wrote it.
const FIRST_INIT: u64 = 20_211_209_000_000;

/// Whether a folder bears marks of this tool: it is `supabase/migrations`.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    if !place.folder.ends_with("supabase/migrations") {
        return None;
    }
    let migrations = place
        .listing
        .files
        .iter()
        .filter(|file| version(file).is_some())
        .count();
    let parent = place.folder.parent()?;
    let has_configuration = place
        .tree
        .folders
        .get(parent)?
        .files
        .iter()
        .any(|file| file == CONFIGURATION);
    let fact = if has_configuration {
        Fact::new("configuration of Supabase", parent.join(CONFIGURATION), None)
    } else {
        Fact::new("the name of the folder", place.folder, None)
    };
    (migrations > 0).then(|| Claim {
        migrations,
        engines: vec![Engine::Postgres],
        each_engine: false,
        facts: vec![fact],
    })
}

/// The version of a file: the digits in front of its first `_`.
fn version(file: &str) -> Option<&str> {
    let (version, rest) = order::digits(file);
    (!version.is_empty() && rest.starts_with('_') && has_extension(file, "sql")).then_some(version)
}

fn is_old_init(file: &str) -> bool {
    let version = file
        .find("_init.sql")
        .and_then(|at| at.checked_sub(14).map(|start| &file[start..at]));
    version
        .and_then(|version| version.parse().ok())
        .is_some_and(|version: u64| version < FIRST_INIT)
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read {
        prelude: Some(prelude()),
        ..Read::default()
    };
    let mut versions: Vec<&str> = Vec::new();
    let mut firsts: Vec<Migration> = Vec::new();
    for (index, file) in folder.listing.files.iter().enumerate() {
        let Some(version) = version(file).filter(|_| !(index == 0 && is_old_init(file))) else {
            if has_extension(file, "sql") {
                read.problems.push(passed_over(folder, file));
            }
            continue;
        };
        let (migration, _) = folder.whole_file(Path::new(file), file.trim_end_matches(".sql"), RunMode::SimpleQuery)?;
        versions.push(version);
        firsts.push(migration.clone());
        read.migrations.extend(as_sent(migration));
    }
    read.problems.extend(duplicates(
        &firsts,
        &versions,
        "Supabase cannot record the second one and stops",
    ));
    let seed = folder.path.parent().map(|parent| parent.join(SEED));
    if let Some(seed) = seed.filter(|seed| folder.root.join(seed).is_file()) {
        read.left_out.push(LeftOut {
            what: "files with seed data".to_owned(),
            files: vec![seed],
        });
    }
    Ok(read)
}

fn passed_over(folder: &Folder<'_>, file: &str) -> Problem {
    let why = if version(file).is_some() {
        "as the first file it is taken for one of an old CLI"
    } else {
        "its name is not <timestamp>_<name>.sql"
    };
    Problem::skipped(
        folder.at(file),
        format!("Supabase passes over {file}: {why}"),
        "Rename it, or move it out of the folder of migrations.",
    )
}

/// What the platform has in a new database, in words of our own.
fn prelude() -> Migration {
    Migration {
        name: "Supabase".to_owned(),
        ..client_file(
            &PathBuf::from("dbwright's prelude for Supabase"),
            PRELUDE.to_owned(),
            Engine::Postgres,
        )
    }
}

/// A file as the CLI sends it: what refuses a transaction, as long as it comes first, and then the rest in one.
fn as_sent(mut migration: Migration) -> Vec<Migration> {
    if migration.statements.iter().any(changes_session) {
        reset_behind(&mut migration);
    }
    let alone = migration
        .statements
        .iter()
        .take_while(|statement| refuses_transaction(&statement.text))
        .count();
    if alone == 0 {
        return vec![migration];
    }
    let rest = migration.statements.split_off(alone);
    let mut parts = vec![Migration {
        run_mode: RunMode::EachStatement,
        ..migration.clone()
    }];
    if !rest.is_empty() {
        parts.push(Migration {
            statements: rest,
            ..migration
        });
        for (index, part) in parts.iter_mut().enumerate() {
            part.name = format!("{} (part {})", part.name, index + 1);
        }
    }
    parts
}

/// Whether a setting of the session would outlive the file: `SET …`, `set_config(…, false)` as dumps have it.
fn changes_session(statement: &Statement) -> bool {
    let words = scan::tokens(&statement.text);
    let is = |index: usize, word: &str| words.get(index).is_some_and(|token| token.text == word);
    match summarise(Engine::Postgres, &statement.text) {
        Summary::Session => is(0, "SET") && !is(1, "LOCAL"),
        Summary::Query | Summary::Code => is(0, "DO") || words.iter().any(|token| token.text == "SET_CONFIG"),
        Summary::Transaction(_)
        | Summary::Pragma { .. }
        | Summary::CreateExtension { .. }
        | Summary::CreateIndex { .. }
        | Summary::Role
        | Summary::ClusterWide(_)
        | Summary::ReachesOutside(_)
        | Summary::CopyFromStdin
        | Summary::Write
        | Summary::Maintenance
        | Summary::Definition
        | Summary::Other => false,
    }
}

/// The CLI resets the session before the next file; here that stands behind the file that changed it.
fn reset_behind(migration: &mut Migration) {
    let text = &mut migration.text;
    let line = u32::try_from(text.matches('\n').count())
        .unwrap_or(u32::MAX)
        .saturating_add(2);
    text.push_str("\n-- Supabase resets the session before the next file.\n");
    let start = text.len();
    text.push_str(RESET);
    migration.statements.push(Statement {
        text: RESET.to_owned(),
        span: Span::new(start, start + RESET.len()),
        line: line.saturating_add(1),
        copy_rows: None,
        not_sent: None,
    });
}

/// Whether PostgreSQL refuses a statement inside a transaction block, by its words.
fn refuses_transaction(statement: &str) -> bool {
    let tokens = scan::tokens(statement);
    let words: Vec<&str> = tokens.iter().take(4).map(|token| token.text.as_str()).collect();
    match words.as_slice() {
        ["CREATE" | "DROP", "INDEX", "CONCURRENTLY", ..]
        | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"]
        | ["CREATE" | "DROP", "DATABASE" | "TABLESPACE", ..]
        | ["ALTER", "SYSTEM", ..]
        | ["VACUUM", ..] => true,
        ["REINDEX", ..] | ["ALTER", "TABLE", ..] => tokens.iter().any(|token| token.text == "CONCURRENTLY"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> Vec<(String, RunMode, usize)> {
        let dialect = dbwright_sql::Dialect::server(Engine::Postgres);
        let migration = Migration {
            name: "1_a".to_owned(),
            path: PathBuf::new(),
            statements: dbwright_sql::statements(dialect, text),
            text: text.to_owned(),
            run_mode: RunMode::SimpleQuery,
            down: None,
        };
        let parts = as_sent(migration).into_iter();
        parts
            .map(|part| (part.name, part.run_mode, part.statements.len()))
            .collect()
    }

    #[test]
    fn what_refuses_a_transaction_commits_by_itself_at_the_front() {
        let first = "create index concurrently a on t (a); vacuum t;";
        assert_eq!(sent(first), [("1_a".to_owned(), RunMode::EachStatement, 2)]);
        assert_eq!(
            sent(&format!("{first} select 1; vacuum t;")),
            [
                ("1_a (part 1)".to_owned(), RunMode::EachStatement, 2),
                ("1_a (part 2)".to_owned(), RunMode::SimpleQuery, 2),
            ]
        );
        assert_eq!(
            sent("select 1; vacuum t;"),
            [("1_a".to_owned(), RunMode::SimpleQuery, 2)]
        );
    }

    #[test]
    fn settings_of_the_session_do_not_outlive_their_file() {
        let of = |text: &str| sent(text)[0].2;
        assert_eq!(of("set check_function_bodies = off; select 1;"), 3);
        assert_eq!(of("SELECT pg_catalog.set_config('search_path', '', false);"), 2);
        assert_eq!(of("set local lock_timeout = 1; select 1;"), 2);
    }

    #[test]
    fn only_old_first_files_called_init_are_passed_over() {
        assert!(is_old_init("20210101000000_init.sql"));
        assert!(!is_old_init("20230101000000_init.sql"));
        assert!(!is_old_init("1_init.sql"));
    }

    #[test]
    fn the_prelude_is_split_without_rest() {
        let prelude = prelude();
        assert!(prelude.statements.len() > 80);
        assert!(prelude.statements.iter().all(|statement| statement.not_sent.is_none()));
    }
}
