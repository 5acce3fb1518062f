//! New tables that later migrations fill from others, as rebuilds do that are spread over several files.
//!
//! Between two migrations every table gets generated rows, as production's tables hold some. A table that was made just now
//! and is about to receive the rows of another one holds none in production: generated rows in it would collide with those
//! that are copied. So it stays empty until then. This only decides which tables are filled; what statements do is observed
//! as ever.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use dbwright_catalog::{Catalog, History, MigrationSet, ObjectId, ObjectKind};

use super::blame::tokens;

/// Who fills a new table does that in one of so many migrations after it was made.
const MIGRATIONS_MAX: usize = 20;

/// The new tables of a history that are empty when certain migrations begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rebuilds {
    empty: Vec<(String, RangeInclusive<usize>)>,
}

/// What a statement does that matters here, with the names of tables in lower case and without their schemas.
#[derive(Debug, PartialEq, Eq)]
enum Deed {
    Makes(String),
    /// `INSERT INTO … SELECT`.
    Fills(String),
    Alters(String),
    Drops(String),
    Renames(String, String),
}

impl Rebuilds {
    /// Only tables that a judged migration makes: others may have been in use for long.
    pub(crate) fn of(history: &History, judged: &MigrationSet) -> Self {
        let deeds: Vec<(usize, Deed)> = history
            .migrations
            .iter()
            .enumerate()
            .flat_map(|(index, migration)| {
                let statements = migration.statements.iter();
                statements.flat_map(move |statement| deeds(&statement.text).into_iter().map(move |deed| (index, deed)))
            })
            .collect();
        let mut empty = Vec::new();
        for (at, (made, deed)) in deeds.iter().enumerate() {
            let Deed::Makes(table) = deed else { continue };
            if !judged.contains(*made) {
                continue;
            }
            let later = deeds[at + 1..]
                .iter()
                .take_while(|(migration, _)| *migration <= made + MIGRATIONS_MAX);
            let later: Vec<&(usize, Deed)> = later.collect();
            let Some(fill) = later.iter().position(|(_, deed)| *deed == Deed::Fills(table.clone())) else {
                continue;
            };
            let until = later[fill].0;
            let ends = |(_, deed): &&(usize, Deed)| match deed {
                Deed::Drops(name) | Deed::Renames(name, _) => name == table,
                Deed::Makes(_) | Deed::Fills(_) | Deed::Alters(_) => false,
            };
            if later[..fill].iter().copied().any(|it| ends(&it)) {
                continue;
            }
            let is_altered = later[..fill]
                .iter()
                .any(|(_, deed)| *deed == Deed::Alters(table.clone()));
            if until > *made && (!is_altered || takes_a_place(&deeds[..at], table, &later[fill..])) {
                empty.push((table.clone(), made + 1..=until));
            }
        }
        Rebuilds { empty }
    }

    /// Of the tables that are to be filled before a migration (where none are named, all), those that are to be filled now,
    /// and those that stay empty for now.
    pub(crate) fn split(
        &self,
        migration: usize,
        to_fill: Option<&BTreeSet<ObjectId>>,
        catalog: &Catalog,
    ) -> (Option<BTreeSet<ObjectId>>, BTreeSet<ObjectId>) {
        if !self.empty.iter().any(|(_, when)| when.contains(&migration)) {
            return (to_fill.cloned(), BTreeSet::new());
        }
        let all = || catalog.tables().map(|(id, _)| id.clone()).collect();
        let (later, now) = to_fill
            .map_or_else(all, BTreeSet::clone)
            .into_iter()
            .partition(|table| self.is_empty_before(migration, table));
        (Some(now), later)
    }

    /// Whether a table holds no rows yet when this migration begins.
    fn is_empty_before(&self, migration: usize, table: &ObjectId) -> bool {
        table.kind == ObjectKind::Table
            && self
                .empty
                .iter()
                .any(|(name, when)| when.contains(&migration) && *name == table.name().to_lowercase())
    }
}

/// Whether a table that has been filled takes the place of another one: that one goes, and it gets its name, or had it from
/// the beginning because the other one was renamed out of the way.
fn takes_a_place(before: &[(usize, Deed)], table: &str, later: &[&(usize, Deed)]) -> bool {
    let gets_the_name = later.iter().enumerate().any(|(at, (_, deed))| match deed {
        Deed::Renames(from, to) if from == table => later[..at].iter().any(|(_, earlier)| match earlier {
            Deed::Drops(name) | Deed::Renames(name, _) => name == to,
            Deed::Makes(_) | Deed::Fills(_) | Deed::Alters(_) => false,
        }),
        Deed::Makes(_) | Deed::Fills(_) | Deed::Alters(_) | Deed::Drops(_) | Deed::Renames(..) => false,
    });
    let out_of_the_way = before.iter().rev().find_map(|(_, deed)| match deed {
        Deed::Renames(from, to) if from == table => Some(to),
        Deed::Makes(_) | Deed::Fills(_) | Deed::Alters(_) | Deed::Drops(_) | Deed::Renames(..) => None,
    });
    let other_goes = out_of_the_way.is_some_and(|other| later.iter().any(|(_, it)| *it == Deed::Drops(other.clone())));
    gets_the_name || other_goes
}

/// What a statement does. What is not understood is nothing: then tables hold generated rows as ever.
fn deeds(text: &str) -> Vec<Deed> {
    let tokens = tokens(text);
    let words: Vec<&str> = tokens.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["create", rest @ ..] => {
            let rest = without(rest, &["or", "replace"]);
            match rest {
                ["table", rest @ ..] => {
                    let name = name(without(rest, &["if", "not", "exists"]));
                    name.map(|(name, _)| Deed::Makes(name)).into_iter().collect()
                }
                _ => Vec::new(),
            }
        }
        ["insert", rest @ ..] => {
            let into = rest.iter().position(|word| *word == "into");
            let named = into.and_then(|at| name(&rest[at + 1..]));
            let copies = |(_, rest): &(String, &[&str])| rest.contains(&"select") && rest.contains(&"from");
            let filled = named.filter(copies).map(|(name, _)| Deed::Fills(name));
            filled.into_iter().collect()
        }
        ["drop", "table", rest @ ..] => {
            let name = name(without(rest, &["if", "exists"]));
            name.map(|(name, _)| Deed::Drops(name)).into_iter().collect()
        }
        ["alter", "table", rest @ ..] => {
            let Some((table, rest)) = name(without(without(rest, &["if", "exists"]), &["only"])) else {
                return Vec::new();
            };
            let renamed = match rest {
                ["rename", "to" | "as", rest @ ..] => name(rest),
                _ => None,
            };
            vec![match renamed {
                Some((to, _)) => Deed::Renames(table, to),
                None => Deed::Alters(table),
            }]
        }
        ["rename", "table" | "tables", rest @ ..] => {
            let mut rest = without(rest, &["if", "exists"]);
            let mut renames = Vec::new();
            while let Some((from, ["to", after @ ..])) = name(rest)
                && let Some((to, after)) = name(after)
            {
                renames.push(Deed::Renames(from, to));
                rest = after;
            }
            renames
        }
        _ => Vec::new(),
    }
}

fn without<'a, 'b>(words: &'a [&'b str], beginning: &[&str]) -> &'a [&'b str] {
    match words.split_at_checked(beginning.len()) {
        Some((first, rest)) if first == beginning => rest,
        _ => words,
    }
}

/// The last part of a name at the beginning, and what comes after it.
fn name<'a, 'b>(words: &'a [&'b str]) -> Option<(String, &'a [&'b str])> {
    match words {
        [_, ".", rest @ ..] => name(rest),
        [name, rest @ ..] => Some(((*name).to_owned(), rest)),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use dbwright_catalog::{Engine, Migration, RunMode, Tool};
    use dbwright_sql::{Dialect, statements};

    use super::*;

    /// The migrations, from 0, before which `table` is empty.
    fn empty(table: &str, texts: &[&str]) -> Vec<usize> {
        let migration = |text: &&str| Migration {
            name: String::new(),
            path: PathBuf::new(),
            text: (*text).to_owned(),
            statements: statements(Dialect::client(Engine::MySql), text),
            run_mode: RunMode::EachStatement,
            down: None,
        };
        let history = History {
            tool: Tool::Numbered,
            engine: Engine::MySql,
            version: None,
            folder: PathBuf::new(),
            migrations: texts.iter().map(migration).collect(),
            sqlite_foreign_keys: false,
            prelude: None,
            left_out: Vec::new(),
            schema: None,
            findings: Vec::new(),
        };
        let rebuilds = Rebuilds::of(&history, &MigrationSet::All);
        let table = ObjectId::table("main", table);
        let empty = (0..texts.len()).filter(|index| rebuilds.is_empty_before(*index, &table));
        empty.collect()
    }

    #[test]
    fn a_new_table_is_empty_until_it_is_filled() {
        let rebuild = [
            "CREATE TABLE `T_new` (id int)",
            "CREATE INDEX i ON t_new (id); ALTER TABLE t_new ADD COLUMN n int",
            "INSERT INTO t_new (id) SELECT id FROM t",
            "DROP TABLE t",
            "ALTER TABLE t_new RENAME TO t",
        ];
        assert_eq!(empty("T_new", &rebuild), [1, 2]);
        let out_of_the_way = [
            "RENAME TABLE app.t TO app.t_old",
            "CREATE TABLE IF NOT EXISTS app.t (id int)",
            "ALTER TABLE t ADD COLUMN n int",
            "INSERT IGNORE INTO app.t SELECT * FROM t_old",
            "DROP TABLE IF EXISTS t_old",
        ];
        assert_eq!(empty("t", &out_of_the_way), [2, 3]);
        let other = ["CREATE TABLE a (id int)", "", "INSERT INTO a SELECT id FROM b"];
        assert_eq!(empty("a", &other), [1, 2]);
        assert_eq!(empty("b", &other), [0; 0]);
    }

    #[test]
    fn a_table_that_others_may_have_written_to_is_not() {
        for texts in [
            ["CREATE TABLE a (id int)", "", "INSERT INTO a VALUES (1)"],
            // Deployed long ago, for all that is known.
            [
                "CREATE TABLE a (id int)",
                "ALTER TABLE a ADD COLUMN n int",
                "INSERT INTO a SELECT id FROM b",
            ],
            [
                "CREATE TABLE a (id int)",
                "DROP TABLE a",
                "INSERT INTO a SELECT id FROM b",
            ],
            ["CREATE TABLE a (id int); INSERT INTO a SELECT id FROM b", "", ""],
        ] {
            assert_eq!(empty("a", &texts), [0; 0], "{texts:?}");
        }
        let mut far = vec!["CREATE TABLE a (id int)"];
        far.extend([""; MIGRATIONS_MAX]);
        far.push("INSERT INTO a SELECT id FROM b");
        assert_eq!(empty("a", &far), [0; 0]);
    }
}
