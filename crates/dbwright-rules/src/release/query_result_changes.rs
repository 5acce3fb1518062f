//! A query of the running release gives other columns from this statement on, or takes parameters of other types.
//!
//! Programs that were compiled or generated against the old types decode `bigint` as `integer`, look for a column that has
//! another name, or read columns by their place. On PostgreSQL, statements that connections have prepared before
//! fail as well, once for each connection or until it is closed, with `cached plan must not change result type`: a column
//! that is added to a table is enough where somebody asks for `SELECT *`.
//!
//! New columns at the end of a result, on PostgreSQL, are a note: drivers that prepare again by themselves (pgjdbc, Rails,
//! pgx) go on after one error at most. On the other engines they are not told.
//!
//! It is fine where the program converts what it gets, or is stopped while the migration runs.
//!
//! ```sql setup postgres mysql mariadb
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! ```
//!
//! ```sql bad postgres
//! -- The running release asks:
//! SELECT id, total FROM orders;
//! -- Migration:
//! ALTER TABLE orders ALTER COLUMN total TYPE bigint;
//! ```
//!
//! ```sql bad postgres
//! -- The running release asks:
//! SELECT * FROM orders;
//! -- Migration:
//! ALTER TABLE orders ADD COLUMN note text;
//! ```
//!
//! ```sql bad mysql mariadb
//! -- The running release asks:
//! SELECT id, total FROM orders;
//! -- Migration:
//! ALTER TABLE orders MODIFY total bigint;
//! ```
//!
//! What to do: name the columns in the query, and change a type by a new column that both releases can read.
//!
//! ```sql good postgres mysql mariadb
//! -- The running release asks:
//! SELECT id, total FROM orders;
//! -- Migration:
//! ALTER TABLE orders ADD COLUMN note text;
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! ```
//!
//! ```sql bad sqlite
//! -- The running release asks:
//! SELECT * FROM orders;
//! -- Migration:
//! ALTER TABLE orders RENAME COLUMN total TO amount;
//! ```
//!
//! ```sql good sqlite
//! -- The running release asks:
//! SELECT * FROM orders;
//! -- Migration:
//! ALTER TABLE orders ADD COLUMN note text;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-prepare.html#SQL-PREPARE-NOTES>,
//! <https://dev.mysql.com/doc/refman/9.7/en/statement-caching.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/prepared-statements/prepare-statement> and
//! <https://www.sqlite.org/c3ref/column_name.html>.

use dbwright_catalog::{ChangedQuery, Engine, Finding, Group, Query, QueryShape, ResultColumn, Severity};

use crate::queries::{Queries, lines, named, subject};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "query-result-changes",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("query_result_changes.rs"),
    on_by_default: true,
    check: Check::Queries(check),
};

fn check(queries: &Queries<'_>, findings: &mut Vec<(usize, Finding)>) {
    let engine = queries.history.engine;
    let places = queries.by_place(&queries.answers.changed, |changed| (changed.query, changed.place));
    for (place, all) in places {
        let (grown, other): (Vec<_>, Vec<_>) = all.into_iter().partition(|(changed, _)| only_grows(changed));
        let grown = if engine == Engine::Postgres { grown } else { Vec::new() };
        for (changed, severity) in [(other, RULE.severity), (grown, Severity::Note)] {
            if changed.is_empty() {
                continue;
            }
            let asked: Vec<&Query> = changed.iter().map(|(_, query)| *query).collect();
            let message = match changed.as_slice() {
                [(one, _)] => format!("From here on {}", subject(&asked, (&difference(one), ""))),
                several => {
                    let takes_only = several.iter().all(|(one, _)| one.before.columns == one.after.columns);
                    let verb = if takes_only {
                        "take parameters of other types"
                    } else if severity == Severity::Note {
                        "give further columns"
                    } else {
                        "give other columns"
                    };
                    format!("{} from here on", subject(&asked, ("", verb)))
                }
            };
            let (index, mut finding) = queries.finding_at(&RULE, place, message);
            finding.severity = severity;
            finding.evidence.facts = if let [(_, query)] = changed.as_slice() {
                vec![format!("It is {}.", named(query))]
            } else {
                lines(&changed, |(one, query)| {
                    format!("{} {}.", named(query), difference(one))
                })
            };
            let columns = changed.iter().any(|(one, _)| one.before.columns != one.after.columns);
            if engine == Engine::Postgres && columns {
                finding.evidence.facts.push(
                    "Connections that have prepared it before get `cached plan must not change result type`."
                        .to_owned(),
                );
            }
            finding.advice.push(
                if severity == Severity::Note {
                    "Name the columns in the query in place of `*`, in a release before this migration."
                } else {
                    "Bring the new type or name in as a new column, have a release use it, and drop the old one when no \
                     release reads it; or see that the driver takes both."
                }
                .to_owned(),
            );
            findings.push((index, finding));
        }
    }
}

/// Whether a result has further columns at its end, and is the same otherwise.
fn only_grows(changed: &ChangedQuery) -> bool {
    let (before, after) = (&changed.before, &changed.after);
    before.parameters == after.parameters && after.columns.starts_with(&before.columns)
}

/// `gives total as bigint, which was integer`.
fn difference(changed: &ChangedQuery) -> String {
    let (before, after) = (&changed.before, &changed.after);
    let mut parts = columns(&before.columns, &after.columns);
    if parts.is_empty() {
        parts = parameters(before, after);
    }
    match parts.as_slice() {
        [] => "gives its columns in another order".to_owned(),
        parts => phrase::list(parts),
    }
}

fn columns(before: &[ResultColumn], after: &[ResultColumn]) -> Vec<String> {
    let named = |all: &[ResultColumn], name: &str| all.iter().find(|column| column.name == name).cloned();
    let mut parts = Vec::new();
    for old in before {
        match named(after, &old.name) {
            None => parts.push(format!("no longer gives {}", old.name)),
            Some(new) if new.type_name != old.type_name => {
                parts.push(format!(
                    "gives {} as {}, which was {}",
                    old.name, new.type_name, old.type_name
                ));
            }
            Some(_) => {}
        }
    }
    let new: Vec<&str> = after
        .iter()
        .filter(|column| named(before, &column.name).is_none())
        .map(|column| column.name.as_str())
        .collect();
    if !new.is_empty() {
        parts.push(format!("gives {} as well", phrase::list(new)));
    }
    parts
}

fn parameters(before: &QueryShape, after: &QueryShape) -> Vec<String> {
    let pairs = before.parameters.iter().zip(&after.parameters).enumerate();
    let other = pairs.filter(|(_, (old, new))| old != new);
    other
        .map(|(place, (old, new))| format!("takes {new} for ${}, which was {old}", place + 1))
        .collect()
}
