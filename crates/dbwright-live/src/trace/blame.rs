//! Which failures are only the consequence of an earlier one.
//!
//! A statement that could not run leaves things unmade, and later statements complain that they are missing. Only the
//! first cause is worth telling. No engine is asked here: the error's words and the statements' identifiers decide.

use std::collections::BTreeSet;

use dbwright_catalog::{Effect, Migration, MigrationTrace, Outcome, SqlError};

/// SQLSTATEs of PostgreSQL that say something is missing: table, column, object, function, schema.
const MISSING: [&str; 5] = ["42P01", "42703", "42704", "42883", "3F000"];

/// SQLSTATE of every statement after a failure in the same transaction.
const TRANSACTION_ABORTED: &str = "25P02";

/// SQLSTATEs of PostgreSQL that say something is in the way: table, column, object, function, schema.
const IN_THE_WAY: [&str; 5] = ["42P07", "42701", "42710", "42723", "42P06"];

/// Numbers of MySQL and MariaDB that say something is missing: database, table (to read, to drop, to refer to), column,
/// column of an index, index, what `DROP` names, routine, what a view reads, server's word for a foreign key.
const MYSQL_MISSING: [&str; 13] = [
    "1049", "1051", "1054", "1072", "1091", "1146", "1176", "1305", "1356", "1360", "1824", "3734", "3822",
];

/// Numbers of MySQL and MariaDB that say something is in the way: database, table, column, index, routine, trigger,
/// foreign key, event.
const MYSQL_IN_THE_WAY: [&str; 8] = ["1007", "1050", "1060", "1061", "1304", "1359", "1537", "1826"];

/// How SQLite's messages announce the name of what is in the way, before it or after it.
const SQLITE_IN_THE_WAY: [&str; 3] = [
    "there is already another table or index with this name: ",
    "there is already a table named ",
    "duplicate column name: ",
];

/// How SQLite's messages announce the name of what is missing. All have the same code, SQLITE_ERROR.
const SQLITE_MISSING: [&str; 7] = [
    "no such table: ",
    "no such column: ",
    "no such index: ",
    "no such view: ",
    "no such trigger: ",
    "has no column named ",
    "no such constraint: ",
];

/// The statements that did not run, in the order in which they were met.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Failures {
    failures: Vec<Failure>,
    /// Those of what is loaded before the first migration.
    before: Vec<Before>,
}

/// A statement that did not run while what exists before the first migration was loaded.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Before {
    migration: usize,
    statement: usize,
    /// `Line 3 of schema.sql failed while the schema was loaded: type "geometry" does not exist`.
    sentence: String,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Failure {
    /// Migration and statement of the first cause: its own where it is one.
    cause: (usize, usize),
    /// What its text mentions.
    mentioned: BTreeSet<String>,
    /// What its text would have made.
    made: BTreeSet<String>,
    /// What its text would have dropped or given another name.
    unmade: BTreeSet<String>,
}

impl Failures {
    /// Records a statement that the server refused and says whether it only follows from an earlier one.
    pub(crate) fn judge(&mut self, migration: usize, statement: usize, text: &str, error: SqlError) -> Outcome {
        let cause = self.cause_of(&error, text);
        self.record(cause.unwrap_or((migration, statement)), text);
        match cause {
            Some((migration, statement)) => Outcome::FollowsFrom {
                migration,
                statement,
                error,
            },
            None => Outcome::Failed(error),
        }
    }

    /// Records a statement of what is loaded before the first migration, with what the server (or dbwright) said of it. Who
    /// loads it has told its outcome already.
    pub(crate) fn before_first(&mut self, (index, file): (usize, &Migration), statement: usize, said: &str) {
        let line = file.statements.get(statement).map_or(1, |statement| statement.line);
        self.before.push(Before {
            migration: index,
            statement,
            sentence: format!(
                "Line {line} of {} failed while the schema was loaded: {}",
                file.path.display(),
                said.trim_end_matches('.')
            ),
        });
    }

    /// What did not run before the first migration, as sentences, with how many statements of the migrations failed only
    /// because of it.
    pub(crate) fn told_before_first(&self, migrations: &[MigrationTrace]) -> Vec<String> {
        let effects = || migrations.iter().flat_map(|migration| &migration.effects);
        let told = self.before.iter().map(|before| {
            let follows = |effect: &&Effect| match effect.outcome {
                Outcome::FollowsFrom {
                    migration, statement, ..
                } => (migration, statement) == (before.migration, before.statement),
                Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) | Outcome::Refused(_) => false,
            };
            match effects().filter(follows).count() {
                0 => format!("{}.", before.sentence),
                1 => format!(
                    "{}; 1 statement of the migrations fails only because of that.",
                    before.sentence
                ),
                number => format!(
                    "{}; {number} statements of the migrations fail only because of that.",
                    before.sentence
                ),
            }
        });
        told.collect()
    }

    /// Records a statement that was not sent.
    pub(crate) fn refused(&mut self, migration: usize, statement: usize, text: &str) {
        self.record((migration, statement), text);
    }

    fn record(&mut self, cause: (usize, usize), text: &str) {
        let words = words(text);
        self.failures.push(Failure {
            cause,
            made: made(&words).into_iter().collect(),
            unmade: unmade(&words).into_iter().collect(),
            mentioned: words.into_iter().collect(),
        });
    }

    /// The first cause of an error. A statement that would have made what is missing goes before one that only mentions it.
    fn cause_of(&self, error: &SqlError, text: &str) -> Option<(usize, usize)> {
        if error.code == TRANSACTION_ABORTED {
            return self.failures.last().map(|failure| failure.cause);
        }
        let in_the_way = names_in_the_way(error);
        if !in_the_way.is_empty() {
            let mut failures = self.failures.iter();
            let keeper = failures.find(|failure| in_the_way.iter().any(|name| failure.unmade.contains(name)));
            return keeper.map(|failure| failure.cause);
        }
        let missing = missing_names(error, text);
        let maker = self
            .failures
            .iter()
            .find(|failure| missing.iter().any(|name| failure.made.contains(name)));
        let mention = || {
            self.failures
                .iter()
                .find(|failure| missing.iter().any(|name| failure.mentioned.contains(name)))
        };
        maker.or_else(mention).map(|failure| failure.cause)
    }
}

/// The names that an error says are missing, in lower case, without schema or table; nothing where it says no such thing.
fn missing_names(error: &SqlError, text: &str) -> Vec<String> {
    if MISSING.contains(&error.code.as_str()) {
        return postgres_missing_name(&error.message).into_iter().collect();
    }
    if MYSQL_MISSING.contains(&error.code.as_str()) {
        return mysql_names(&error.message);
    }
    if error.code == "1005" && error.message.contains("errno: 150") {
        // MariaDB does not say which table a foreign key lacks.
        let lower = text.to_lowercase();
        let after = lower.split_once("references").map(|(_, after)| after);
        let name = after.and_then(|after| after.split(['(', ';']).next());
        return name.map(last_part).into_iter().collect();
    }
    let found = SQLITE_MISSING.iter().find_map(|words| {
        let start = error.message.find(words)? + words.len();
        Some(&error.message[start..])
    });
    match found {
        Some(name) => vec![last_part(name.split(" - ").next().unwrap_or(name))],
        None => Vec::new(),
    }
}

/// The names that an error says are there already, in lower case.
fn names_in_the_way(error: &SqlError) -> Vec<String> {
    let message = error.message.as_str();
    if IN_THE_WAY.contains(&error.code.as_str()) {
        return message.split('"').nth(1).map(last_part).into_iter().collect();
    }
    if MYSQL_IN_THE_WAY.contains(&error.code.as_str()) {
        return mysql_names(message).into_iter().take(1).collect();
    }
    if !error.code.starts_with("SQLITE") {
        return Vec::new();
    }
    if let Some((subject, _)) = message.split_once(" already exists") {
        // `table t already exists`, `index "i" already exists`.
        let name = subject.split_once(' ').map_or(subject, |(_, name)| name);
        return vec![last_part(name)];
    }
    let found = SQLITE_IN_THE_WAY.iter().find_map(|words| message.split_once(words));
    found.map(|(_, name)| last_part(name)).into_iter().collect()
}

/// PostgreSQL quotes the name first, except for columns with their table (`column t.c does not exist`) and functions
/// (`function f(integer) does not exist`).
fn postgres_missing_name(message: &str) -> Option<String> {
    let subject = message.strip_suffix(" does not exist").unwrap_or(message);
    let name = match subject.split_once(' ') {
        Some((_, rest)) if !rest.starts_with('"') && !rest.contains('"') => rest.split('(').next()?,
        _ => subject.split('"').nth(1)?,
    };
    Some(last_part(name))
}

/// The names that stand in quotes (`Unknown table 'app.a,app.b'`), or before `does not exist` (`PROCEDURE app.p does not
/// exist`).
fn mysql_names(message: &str) -> Vec<String> {
    // `Can't DROP 'i'`: not every apostrophe is a quote.
    let message = message.replace("n't", "nt");
    let quoted = message.split(['\'', '`']).skip(1).step_by(2);
    let mut names: Vec<String> = quoted.flat_map(|names| names.split(',')).map(last_part).collect();
    if names.is_empty() {
        let words = ["does not exist", "already exists"];
        let subject = words.iter().find_map(|words| message.split_once(words));
        names.extend(
            subject
                .and_then(|(subject, _)| subject.split_whitespace().last())
                .map(last_part),
        );
    }
    names
}

fn last_part(name: &str) -> String {
    let last = name.trim().rsplit('.').next().unwrap_or(name);
    last.trim_matches(['"', '`', '\'', '[', ']']).to_lowercase()
}

/// Words after which the name of what a statement makes stands.
const MAKERS: [&str; 12] = [
    "table",
    "view",
    "index",
    "type",
    "domain",
    "function",
    "procedure",
    "schema",
    "sequence",
    "trigger",
    "column",
    "extension",
];

/// The names that a text would make: after `CREATE … TABLE`, `ADD COLUMN`, `RENAME TO` and their like.
fn made(words: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let word = word.as_str();
        let creates = MAKERS.contains(&word)
            && words[index.saturating_sub(4)..index]
                .iter()
                .any(|word| word == "create");
        let adds = word == "add" || (word == "column" && index > 0 && words[index - 1] == "add");
        let renames = word == "to"
            && words[index.saturating_sub(4)..index]
                .iter()
                .any(|word| word == "rename");
        if creates || adds || renames {
            // `ADD UNIQUE INDEX i`, `ADD CONSTRAINT c`, as MySQL has them.
            let fill = [
                "concurrently",
                "if",
                "not",
                "exists",
                "only",
                "column",
                "constraint",
                "unique",
                "fulltext",
                "spatial",
                "index",
                "key",
            ];
            let mut rest = words[index + 1..]
                .iter()
                .skip_while(|word| fill.contains(&word.as_str()));
            // `schema.name`: the name may be either word.
            names.extend(rest.next().cloned());
            if creates {
                names.extend(rest.next().cloned());
            }
        }
        // `CHANGE [COLUMN] old new`.
        if word == "change" {
            let mut rest = words[index + 1..].iter().skip_while(|word| *word == "column");
            names.extend(rest.nth(1).cloned());
        }
    }
    names
}

/// The names that a text would free: after `DROP …`, and what `RENAME` renames.
fn unmade(words: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let fill = ["concurrently", "column", "constraint", "if", "exists", "only"];
        let after = |from: usize| words[from..].iter().skip_while(|word| fill.contains(&word.as_str()));
        match word.as_str() {
            "drop" => names.extend(
                after(index + 1)
                    .skip_while(|word| MAKERS.contains(&word.as_str()) || fill.contains(&word.as_str()))
                    .take(2)
                    .cloned(),
            ),
            "change" => names.extend(after(index + 1).next().cloned()),
            // `ALTER TABLE schema.name RENAME`, `RENAME COLUMN name`.
            "rename" => {
                names.extend(words[index.saturating_sub(2)..index].iter().cloned());
                names.extend(after(index + 1).next().cloned());
            }
            _ => {}
        }
    }
    names
}

/// The identifiers and keywords of a text in lower case, also those inside strings: the body of a `DO` block is one.
/// Names in quotes are taken whole as well.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = tokens(text);
    words.retain(|word| word != ".");
    words
}

/// The same, with the dots between the parts of names.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' || first == '`' {
            match rest[1..].find(first) {
                Some(end) => {
                    words.push(rest[1..=end].to_lowercase());
                    end + 2
                }
                None => 1,
            }
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            words.push(rest[..end].to_lowercase());
            end
        } else {
            if first == '.' {
                words.push(".".to_owned());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    words
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> SqlError {
        SqlError {
            code: code.to_owned(),
            message: message.to_owned(),
            detail: None,
            position: None,
        }
    }

    fn cause(outcome: &Outcome) -> Option<(usize, usize)> {
        match outcome {
            Outcome::FollowsFrom {
                migration, statement, ..
            } => Some((*migration, *statement)),
            Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) | Outcome::Refused(_) => None,
        }
    }

    #[test]
    fn a_missing_table_is_blamed_on_the_statement_that_would_have_made_it() {
        let mut failures = Failures::default();
        let first = failures.judge(
            0,
            2,
            "ALTER TABLE geo ADD COLUMN p geometry",
            error("42704", "type \"geometry\" does not exist"),
        );
        assert_eq!(cause(&first), None);
        failures.judge(
            1,
            0,
            "CREATE TABLE places (g geometry, geo int)",
            error("42704", "type \"geometry\" does not exist"),
        );
        let follows = failures.judge(
            3,
            1,
            "SELECT 1 FROM app.places",
            error("42P01", "relation \"app.places\" does not exist"),
        );
        assert_eq!(
            cause(&follows),
            Some((0, 2)),
            "folded to the first cause of the one before"
        );
        let other = failures.judge(
            3,
            2,
            "SELECT 1 FROM nowhere",
            error("42P01", "relation \"nowhere\" does not exist"),
        );
        assert_eq!(cause(&other), None);
    }

    #[test]
    fn the_words_of_both_engines_are_understood() {
        for (text, code, message) in [
            ("CREATE EXTENSION hstore", "42704", "type \"hstore\" does not exist"),
            (
                "CREATE FUNCTION app.f(i integer) RETURNS int",
                "42883",
                "function app.f(integer) does not exist",
            ),
            ("ALTER TABLE t ADD COLUMN c int", "42703", "column t.c does not exist"),
            (
                "ALTER TABLE t ADD c int",
                "42703",
                "column \"c\" of relation \"t\" does not exist",
            ),
            ("CREATE SCHEMA IF NOT EXISTS s", "3F000", "schema \"s\" does not exist"),
            (
                "DO $$ BEGIN EXECUTE 'create table d ()'; END $$",
                "42P01",
                "relation \"d\" does not exist",
            ),
            ("CREATE TABLE t (a)", "SQLITE_ERROR", "no such table: main.t"),
            (
                "ALTER TABLE t RENAME a TO b",
                "SQLITE_ERROR",
                "table t has no column named b",
            ),
            (
                "CREATE VIEW \"my v\" AS SELECT 1",
                "SQLITE_ERROR",
                "error in view w: no such table: main.my v",
            ),
            (
                "ALTER TABLE t ADD x",
                "SQLITE_ERROR",
                "no such column: \"x\" - should this be a string literal in single-quotes?",
            ),
            ("CREATE TABLE `t` (a int)", "1146", "Table 'app.t' doesn't exist"),
            ("CREATE TABLE a (id int)", "1051", "Unknown table 'app.b,app.a'"),
            ("ALTER TABLE t ADD c int", "1054", "Unknown column 'c' in 'field list'"),
            (
                "ALTER TABLE t CHANGE COLUMN a `c` int",
                "1072",
                "Key column 'c' doesn't exist in table",
            ),
            (
                "ALTER TABLE t ADD UNIQUE INDEX `i` (a)",
                "1091",
                "Can't DROP 'i'; check that column/key exists",
            ),
            (
                "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a)",
                "1091",
                "Can't DROP FOREIGN KEY `f`; check that it exists",
            ),
            (
                "CREATE PROCEDURE p() BEGIN END",
                "1305",
                "PROCEDURE app.p does not exist",
            ),
            (
                "CREATE TABLE p (id int)",
                "1824",
                "Failed to open the referenced table 'p'",
            ),
        ] {
            let mut failures = Failures::default();
            failures.refused(0, 0, text);
            let outcome = failures.judge(1, 0, "whatever", error(code, message));
            assert_eq!(cause(&outcome), Some((0, 0)), "{text} / {message}");
        }
    }

    #[test]
    fn a_foreign_key_that_mariadb_can_not_make_is_blamed_on_the_table_that_it_refers_to() {
        let mut failures = Failures::default();
        failures.refused(0, 0, "CREATE TABLE parent (id int)");
        let message = "Can't create table `app`.`child` (errno: 150 \"Foreign key constraint is incorrectly formed\")";
        let text = "CREATE TABLE child (p int, FOREIGN KEY (p) REFERENCES `app`.`parent` (id))";
        assert_eq!(cause(&failures.judge(1, 0, text, error("1005", message))), Some((0, 0)));
        let other = "CREATE TABLE child (p int, FOREIGN KEY (p) REFERENCES other (id))";
        let mut failures = Failures::default();
        failures.refused(0, 0, "CREATE TABLE parent (id int)");
        assert_eq!(cause(&failures.judge(1, 0, other, error("1005", message))), None);
    }

    #[test]
    fn a_name_still_taken_is_blamed_on_the_statement_that_would_have_freed_it() {
        for (text, code, message) in [
            ("DROP TABLE IF EXISTS main.t", "SQLITE_ERROR", "table t already exists"),
            (
                "DROP TABLE \"t\"",
                "SQLITE_ERROR",
                "there is already another table or index with this name: t",
            ),
            (
                "ALTER TABLE a DROP COLUMN t",
                "SQLITE_ERROR",
                "duplicate column name: t",
            ),
            ("ALTER TABLE t RENAME TO old", "42P07", "relation \"t\" already exists"),
            (
                "ALTER TABLE a RENAME COLUMN t TO u",
                "42701",
                "column \"t\" of relation \"a\" already exists",
            ),
            ("DROP TABLE t", "1050", "Table 't' already exists"),
            ("ALTER TABLE a CHANGE t u int", "1060", "Duplicate column name 't'"),
            ("ALTER TABLE a DROP INDEX t", "1061", "Duplicate key name 't'"),
            ("DROP PROCEDURE t", "1304", "PROCEDURE t already exists"),
        ] {
            let mut failures = Failures::default();
            failures.refused(2, 3, text);
            let outcome = failures.judge(2, 4, "whatever", error(code, message));
            assert_eq!(cause(&outcome), Some((2, 3)), "{text} / {message}");
        }
    }

    #[test]
    fn only_complaints_about_missing_things_are_blamed_on_others() {
        let mut failures = Failures::default();
        failures.refused(0, 0, "CREATE TABLE t (a)");
        for (code, message) in [
            ("42P07", "relation \"t\" already exists"),
            ("1050", "Table 't' already exists"),
            ("1062", "Duplicate entry 't' for key 't.PRIMARY'"),
            ("23505", "duplicate key value violates unique constraint \"t\""),
            ("SQLITE_ERROR", "table t already exists"),
        ] {
            let outcome = failures.judge(0, 1, "CREATE TABLE t (a)", error(code, message));
            assert_eq!(cause(&outcome), None, "{message}");
        }
    }

    #[test]
    fn a_statement_in_an_aborted_transaction_follows_from_what_aborted_it() {
        let mut failures = Failures::default();
        failures.judge(
            0,
            0,
            "CREATE TABLE a ()",
            error("42P07", "relation \"a\" already exists"),
        );
        failures.judge(4, 1, "SELECT 1/0", error("22012", "division by zero"));
        let aborted = error(
            "25P02",
            "current transaction is aborted, commands ignored until end of transaction block",
        );
        assert_eq!(cause(&failures.judge(4, 2, "SELECT 1", aborted)), Some((4, 1)));
    }

    #[test]
    fn comments_are_no_words_and_any_text_is_taken() {
        assert_eq!(words("a -- b\n/* c */ 'd' \"E f\""), ["a", "d", "e f"]);
        for text in ["\"", "/*", "--", "é\"ü`", "a\"b"] {
            words(text);
        }
    }
}
