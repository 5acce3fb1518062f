//! One script of Flyway: placeholders, statements, whether it runs in a transaction.
//!
//! As in <https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/internal/parser/PlaceholderReplacingReader.java>
//! (they are replaced everywhere, also in comments and strings),
//! <https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/internal/sqlscript/ParserSqlScript.java>
//! (a script with a statement that can't run in a transaction runs without one) and the parsers of the engines, which tell
//! such statements by their first words
//! (<https://github.com/flyway/flyway/blob/main/flyway-database/flyway-database-postgresql/src/main/java/org/flywaydb/database/postgresql/PostgreSQLParser.java>).

use std::ops::Range;

use dbwright_catalog::{Engine, Statement};
use dbwright_sql::{Dialect, Summary, summarise};

use crate::rendered::Rendered;
use crate::scan;

/// What is put in for placeholders.
#[derive(Clone, Debug)]
pub(super) struct Placeholders {
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// Names in lower case with their values; nothing where the value is not in the repository.
    pub(super) values: Vec<(String, Option<String>)>,
}

/// A script with its placeholders put in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) rendered: Rendered,
    /// Placeholders that had to stay: where in the file.
    left: Vec<Range<usize>>,
}

impl Script {
    /// A script whose placeholders are not put in.
    pub(super) fn plain(file: &str) -> Script {
        let mut script = Script::default();
        script.rendered.copy(file, 0..file.len());
        script
    }
}

impl Placeholders {
    /// Puts the values in. As in Flyway, a placeholder may stand anywhere; unlike there, it ends on its line.
    pub(super) fn render(&self, file: &str) -> Script {
        let mut script = Script::default();
        let mut done = 0;
        let mut at = 0;
        while let Some(start) = file[at..].find(&self.prefix).filter(|_| !self.prefix.is_empty()) {
            let start = at + start;
            let inner = start + self.prefix.len();
            at = inner;
            let Some(end) = file[inner..].find(&self.suffix).map(|end| inner + end) else {
                break;
            };
            if file[inner..end].contains('\n') {
                continue;
            }
            at = end + self.suffix.len();
            match self.value(&file[inner..end]) {
                Some(value) => {
                    script.rendered.copy(file, done..start);
                    script.rendered.put(value, start..at);
                    done = at;
                }
                None => script.left.push(start..at),
            }
        }
        script.rendered.copy(file, done..file.len());
        script
    }

    fn value(&self, name: &str) -> Option<&str> {
        let name = name.to_lowercase();
        let found = self.values.iter().find(|(other, _)| *other == name);
        found.and_then(|(_, value)| value.as_deref())
    }
}

/// The statements of a script, with their places in the file. Those with a placeholder that had to stay are not sent.
pub(super) fn statements(engine: Engine, file: &str, script: &Script) -> Vec<Statement> {
    let split = |dialect: Dialect| script.rendered.statements(dialect, file);
    let mut statements = split(Dialect::server(engine).with_delimiter_lines());
    // Flyway reads the rows behind `COPY … FROM STDIN` from the script, as psql does.
    let copies = |statement: &Statement| summarise(engine, &statement.text) == Summary::CopyFromStdin;
    if engine == Engine::Postgres && statements.iter().any(copies) {
        statements = split(Dialect::client(engine));
    }
    for statement in &mut statements {
        let range = statement.span.range();
        if let Some(place) = script.left.iter().find(|place| range.contains(&place.start)) {
            let placeholder = &file[place.clone()];
            statement.not_sent = Some(format!("placeholder {placeholder} has no value in the repository"));
        }
    }
    statements
}

/// Whether Flyway holds that a statement can run in a transaction.
pub(super) fn can_run_in_transaction(engine: Engine, statement: &str) -> bool {
    let tokens = scan::tokens(statement);
    let words: Vec<&str> = tokens.iter().take(4).map(|token| token.text.as_str()).collect();
    match engine {
        Engine::Postgres => !matches!(
            words.as_slice(),
            ["CREATE" | "DROP", "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..]
                | ["ALTER", "SYSTEM", ..]
                | ["CREATE" | "DROP", "INDEX", "CONCURRENTLY", ..]
                | ["CREATE" | "DROP", "UNIQUE", "INDEX", "CONCURRENTLY"]
                | ["REINDEX", "SCHEMA" | "DATABASE" | "SYSTEM", ..]
                | ["REINDEX", "VERBOSE", "SCHEMA" | "DATABASE" | "SYSTEM", ..]
                | ["VACUUM", ..]
                | ["DISCARD", "ALL", ..]
        ),
        Engine::Sqlite => !matches!(words.as_slice(), ["PRAGMA", "FOREIGN_KEYS", ..]),
        Engine::MySql | Engine::MariaDb => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders() -> Placeholders {
        Placeholders {
            prefix: "${".to_owned(),
            suffix: "}".to_owned(),
            values: vec![
                ("owner".to_owned(), Some("app".to_owned())),
                ("secret".to_owned(), None),
            ],
        }
    }

    #[test]
    fn placeholders_are_put_in_everywhere() {
        let script = placeholders().render("-- ${owner}\nGRANT ALL ON t TO ${OWNER}; SELECT '${owner}', ${\n}${");
        assert_eq!(
            script.rendered.text(),
            "-- app\nGRANT ALL ON t TO app; SELECT 'app', ${\n}${"
        );
        assert_eq!(script.left, []);
    }

    #[test]
    fn statements_with_a_placeholder_without_value_are_not_sent() {
        let file = "SELECT ${owner}; SELECT '${other}'; SELECT ${secret};";
        let found = statements(Engine::Postgres, file, &placeholders().render(file));
        let found: Vec<(&str, Option<&str>)> = found
            .iter()
            .map(|statement| (statement.text.as_str(), statement.not_sent.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                ("SELECT app", None),
                (
                    "SELECT '${other}'",
                    Some("placeholder ${other} has no value in the repository")
                ),
                (
                    "SELECT ${secret}",
                    Some("placeholder ${secret} has no value in the repository")
                ),
            ]
        );
    }

    #[test]
    fn rows_belong_to_their_copy() {
        let file = "COPY t FROM stdin;\n1;\n\\.\nSELECT 1;\n";
        let found = statements(Engine::Postgres, file, &Script::plain(file));
        assert_eq!(found[0].copy_rows.as_deref(), Some("1;\n"));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn what_flyway_takes_out_of_transactions() {
        let outside = |engine: Engine, text: &str| !can_run_in_transaction(engine, text);
        assert!(outside(Engine::Postgres, "create unique index concurrently a on t (b)"));
        assert!(outside(Engine::Postgres, "/* x */ VACUUM t"));
        assert!(
            !outside(Engine::Postgres, "REINDEX INDEX CONCURRENTLY a"),
            "a gap in Flyway's list"
        );
        assert!(outside(Engine::Sqlite, "PRAGMA foreign_keys = OFF"));
        assert!(!outside(Engine::MySql, "CREATE DATABASE a"));
    }
}
