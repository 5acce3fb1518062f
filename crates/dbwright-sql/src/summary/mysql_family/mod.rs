//! Summaries of the statements of MySQL (<https://dev.mysql.com/doc/refman/9.7/en/sql-statements.html>) and MariaDB
//! (<https://mariadb.com/docs/server/reference/sql-statements>).

mod alter_table;
mod definitions;
mod outside;
mod server;
pub(crate) mod settings;
mod tables;
pub(super) mod types;
mod writes;

use dbwright_catalog::Engine;

use super::reader::Reader;
use super::{Summary, TransactionControl};
use crate::dialect::Dialect;
use types::{Form, MySqlFamilySummary};

/// How many statements around others are looked through: `SET STATEMENT … FOR EXPLAIN …`.
const WRAPPERS_MAX: u8 = 4;

pub(super) fn summarise(dialect: Dialect, text: &str) -> MySqlFamilySummary {
    let reader = Reader::new(dialect, text);
    let named_anywhere = outside::named_anywhere(reader.clone());
    let mut found = Statement {
        engine: dialect.engine,
        wrappers: 0,
    }
    .summarise(reader);
    if let Some(name) = named_anywhere {
        found.summary = Summary::ReachesOutside(name);
    }
    found
}

/// What is known of a statement before its first word is read.
#[derive(Clone, Copy)]
struct Statement {
    engine: Engine,
    wrappers: u8,
}

impl Statement {
    fn summarise(self, mut reader: Reader<'_>) -> MySqlFamilySummary {
        let start = reader.clone();
        match reader.word().as_str() {
            "alter" => definitions::alter(reader, self.engine),
            "create" => definitions::create(reader),
            "drop" => definitions::drop_object(reader, self.engine),
            "rename" => definitions::rename(reader),
            "truncate" => definitions::truncate(reader),
            "insert" | "replace" | "update" | "delete" | "select" | "values" | "table" | "with" | "load" | "" => {
                writes::summarise(start, self.engine)
            }
            "analyze" if self.runs_what_it_analyzes(&reader) => {
                if reader.accept("format") {
                    reader.accept_equals();
                    reader.next();
                }
                self.inner(reader)
            }
            "analyze" | "check" | "checksum" | "optimize" | "repair" | "cache" => {
                tables::maintenance(start, self.engine)
            }
            "lock" | "unlock" => tables::lock(start),
            "set" if self.engine == Engine::MariaDb && reader.at("statement") => {
                if reader.find_outside(&["for"], &[]).is_some() {
                    self.inner(reader)
                } else {
                    MySqlFamilySummary::of(Summary::Session)
                }
            }
            "set" => settings::set(reader),
            // MySQL's `EXPLAIN ANALYZE` runs what it explains, but takes only queries.
            "explain" | "describe" | "desc" => MySqlFamilySummary::of(Summary::Query),
            "begin" | "if" | "case" | "loop" | "while" | "repeat" | "for"
                if self.engine == Engine::MariaDb && is_compound(&start) =>
            {
                MySqlFamilySummary::of(Summary::Code)
            }
            "call" | "do" | "execute" => MySqlFamilySummary::of(Summary::Code),
            "use" => {
                let database = reader.name().unwrap_or_default();
                MySqlFamilySummary::of(Summary::Session).with_form(Form::Use(database))
            }
            "grant" | "revoke" => MySqlFamilySummary::committing(Summary::Role),
            word => control(word, reader.clone()).unwrap_or_else(|| server::summarise(word, reader, self.engine)),
        }
    }

    /// What stands inside a statement that runs another.
    fn inner(self, reader: Reader<'_>) -> MySqlFamilySummary {
        if self.wrappers >= WRAPPERS_MAX {
            return MySqlFamilySummary::of(Summary::Other);
        }
        Statement {
            wrappers: self.wrappers + 1,
            ..self
        }
        .summarise(reader)
    }

    /// MariaDB's `ANALYZE SELECT …` runs the statement.
    fn runs_what_it_analyzes(self, reader: &Reader<'_>) -> bool {
        let statements = [
            "select", "with", "insert", "replace", "update", "delete", "format", "values",
        ];
        self.engine == Engine::MariaDb && statements.iter().any(|word| reader.at(word))
    }
}

/// Control of transactions.
fn control(word: &str, mut reader: Reader<'_>) -> Option<MySqlFamilySummary> {
    let begin = || MySqlFamilySummary::committing(Summary::Transaction(TransactionControl::Begin));
    let summary = match word {
        "begin" => return Some(begin()),
        "start" if reader.at("transaction") => return Some(begin()),
        "commit" => Summary::Transaction(TransactionControl::Commit),
        "rollback" => {
            reader.accept("work");
            reader.rollback()
        }
        "savepoint" => reader.savepoint(),
        "release" => reader.release(),
        _ => return None,
    };
    Some(MySqlFamilySummary::of(summary))
}

/// Whether a statement of MariaDB is one that stands in routines otherwise: `BEGIN NOT ATOMIC … END`, `IF … END IF`.
fn is_compound(start: &Reader<'_>) -> bool {
    let mut ahead = start.clone();
    !ahead.accept("begin") || ahead.accept_all(&["not", "atomic"])
}
