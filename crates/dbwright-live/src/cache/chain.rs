//! The keys by which things are found again: hashes over all that they depend on.

use std::fmt;

use dbwright_catalog::{History, Migration, MigrationSet};
use sha2::{Digest, Sha256};

use super::EFFECT_VERSION;
use crate::trace::bookkeeping;

/// What something is kept under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Key(String);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A hash under way. Each part is preceded by its length, so that parts can't run into each other.
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn new(what: &str) -> Self {
        Hasher(Sha256::new()).add(what)
    }

    #[must_use]
    pub(crate) fn add(mut self, part: &str) -> Self {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
        self
    }

    /// The same where there may be nothing, which is not the same as an empty text.
    #[must_use]
    pub(crate) fn add_optional(self, part: Option<&str>) -> Self {
        match part {
            Some(part) => self.add("+").add(part),
            None => self.add("-"),
        }
    }

    /// 128 bits of the hash.
    pub(crate) fn key(self) -> Key {
        use fmt::Write as _;
        let mut text = String::with_capacity(32);
        for byte in self.0.finalize().iter().take(16) {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        Key(text)
    }
}

/// The keys of a history on one build of a server.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    prefixes: Vec<Key>,
    whole: Key,
}

impl Chain {
    /// Hashes a history. `server` tells the exact build, with all that it is run with.
    pub(crate) fn of(server: &str, history: &History, judged: &MigrationSet) -> Self {
        let mut key = start(server, history);
        let first = first_judged(history, judged);
        let mut prefixes = vec![key.clone()];
        let mut whole = key.clone();
        for (index, migration) in history.migrations.iter().enumerate() {
            let content = content(migration);
            if index < first {
                key = Hasher::new("prefix").add(&key.0).add(&content.0).key();
                prefixes.push(key.clone());
            }
            let is_judged = if judged.contains(index) { "judged" } else { "replayed" };
            whole = Hasher::new(is_judged).add(&whole.0).add(&content.0).key();
        }
        Chain { prefixes, whole }
    }

    /// The key of the state before the first judged migration.
    pub(crate) fn before_judged(&self) -> &Key {
        &self.prefixes[self.prefixes.len() - 1]
    }

    /// The keys of the states before the first judged migration, after so many migrations each, the longest first.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = (usize, &Key)> {
        self.prefixes.iter().enumerate().rev()
    }

    /// The key of the finished trace.
    pub(crate) fn whole(&self) -> &Key {
        &self.whole
    }
}

/// The index of the first judged migration; the number of migrations where none is.
pub(crate) fn first_judged(history: &History, judged: &MigrationSet) -> usize {
    let count = history.migrations.len();
    (0..count).find(|index| judged.contains(*index)).unwrap_or(count)
}

fn start(server: &str, history: &History) -> Key {
    let bookkeeping = bookkeeping::table(history.tool, history.engine);
    let mut hasher = Hasher::new("history")
        .add(&EFFECT_VERSION.to_string())
        .add(env!("CARGO_PKG_VERSION"))
        .add(&this_program())
        .add(server)
        .add(history.engine.name())
        .add(history.tool.name())
        .add_optional(bookkeeping)
        .add(if history.sqlite_foreign_keys {
            "foreign keys"
        } else {
            ""
        });
    for migration in [&history.prelude, &history.schema] {
        let key = migration.as_ref().map(schema_content);
        hasher = hasher.add_optional(key.as_ref().map(|key| key.0.as_str()));
    }
    hasher.key()
}

/// All of a migration that decides what running it does. Its comments don't.
pub(super) fn content(migration: &Migration) -> Key {
    let mut hasher = Hasher::new("migration")
        .add(&migration.name)
        .add(migration.run_mode.name());
    for statement in &migration.statements {
        hasher = hasher
            .add(&statement.text)
            .add_optional(statement.copy_rows.as_deref())
            .add_optional(statement.not_sent.as_deref());
    }
    hasher.key()
}

/// The same for a schema: what of it does not load is told with its place.
fn schema_content(schema: &Migration) -> Key {
    let mut hasher = Hasher::new("schema")
        .add(&content(schema).0)
        .add(&schema.path.to_string_lossy());
    for statement in &schema.statements {
        hasher = hasher.add(&statement.line.to_string());
    }
    hasher.key()
}

/// Who works on dbwright itself changes it more often than its version.
fn this_program() -> String {
    if !cfg!(debug_assertions) {
        return String::new();
    }
    let program = std::env::current_exe().and_then(|path| path.metadata());
    program
        .map(|metadata| format!("{} {:?}", metadata.len(), metadata.modified().ok()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbwright_catalog::{Engine, RunMode, Span, Statement, Tool};

    fn statement(text: &str) -> Statement {
        Statement {
            text: text.to_owned(),
            span: Span::new(0, text.len()),
            line: 1,
            copy_rows: None,
            not_sent: None,
        }
    }

    fn history() -> History {
        let migration = |name: &str, text: &str| Migration {
            name: name.to_owned(),
            path: name.into(),
            text: text.to_owned(),
            statements: vec![statement(text)],
            run_mode: RunMode::Transaction,
            down: None,
        };
        History {
            tool: Tool::Numbered,
            engine: Engine::Postgres,
            version: None,
            folder: "migrations".into(),
            migrations: vec![migration("1", "a"), migration("2", "b"), migration("3", "c")],
            sqlite_foreign_keys: false,
            prelude: None,
            schema: None,
            left_out: Vec::new(),
            findings: Vec::new(),
        }
    }

    fn judged(indexes: &[usize]) -> MigrationSet {
        MigrationSet::Only {
            indexes: indexes.to_vec(),
            why: String::new(),
        }
    }

    fn keys(history: &History) -> (Key, Key) {
        let chain = Chain::of("server", history, &judged(&[2]));
        (chain.before_judged().clone(), chain.whole().clone())
    }

    /// What is altered in a history, and how.
    type Alteration = (&'static str, fn(&mut History));

    #[test]
    fn whatever_decides_what_running_does_changes_both_keys() {
        let unchanged = keys(&history());
        let alterations: Vec<Alteration> = vec![
            ("text", |it| it.migrations[0].statements[0].text = "x".into()),
            ("rows", |it| {
                it.migrations[0].statements[0].copy_rows = Some(String::new());
            }),
            ("not sent", |it| {
                it.migrations[0].statements[0].not_sent = Some(String::new());
            }),
            ("one more", |it| it.migrations[0].statements.push(statement("x"))),
            ("run mode", |it| it.migrations[1].run_mode = RunMode::EachStatement),
            ("name", |it| it.migrations[0].name = "0".into()),
            ("order", |it| it.migrations.swap(0, 1)),
            ("tool", |it| it.tool = Tool::Sqlx),
            ("foreign keys", |it| it.sqlite_foreign_keys = true),
            ("schema", |it| it.schema = Some(it.migrations[0].clone())),
            ("prelude", |it| it.prelude = Some(it.migrations[0].clone())),
        ];
        let mut seen = vec![unchanged];
        for (what, make_change) in alterations {
            let mut changed = history();
            make_change(&mut changed);
            let keys = keys(&changed);
            assert!(
                seen.iter().all(|other| other.0 != keys.0 && other.1 != keys.1),
                "{what}"
            );
            seen.push(keys);
        }
        let elsewhere = Chain::of("another server", &history(), &judged(&[2]));
        assert!(
            seen.iter()
                .all(|other| other.0 != *elsewhere.before_judged() && other.1 != *elsewhere.whole())
        );
    }

    #[test]
    fn the_judged_migration_is_no_part_of_the_prefix() {
        let mut changed = history();
        changed.migrations[2].statements[0].text = "x".into();
        assert_eq!(keys(&history()).0, keys(&changed).0);
        assert_ne!(keys(&history()).1, keys(&changed).1);
    }

    #[test]
    fn comments_change_nothing() {
        let mut changed = history();
        changed.migrations[0].text = "-- note\na".into();
        changed.migrations[0].statements[0].line = 2;
        changed.migrations[0].statements[0].span = Span::new(8, 9);
        assert_eq!(keys(&history()), keys(&changed));
    }

    #[test]
    fn what_was_replayed_earlier_is_found_by_a_history_that_has_grown() {
        let chain = Chain::of("server", &history(), &judged(&[1]));
        let grown = Chain::of("server", &history(), &judged(&[2]));
        let prefixes: Vec<(usize, &Key)> = grown.prefixes().collect();
        assert_eq!(prefixes.iter().map(|(count, _)| *count).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(prefixes[1].1, chain.before_judged());
        assert_ne!(chain.whole(), grown.whole());
    }
}
