//! A query of the working tree does not fit the schema that the migrations lead to.
//!
//! The working tree is the next release. What it asks and the running one does not is prepared after the last migration; where
//! the server says that a table, column or function is not there, the code would fail as soon as it is deployed: a migration
//! is missing, or the query was written against another schema.
//!
//! It is fine where the query is one of another database, or of code that is not deployed.
//!
//! ```sql setup postgres mysql mariadb sqlite
//! CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));
//! ```
//!
//! ```sql bad postgres mysql mariadb sqlite
//! -- The next release asks:
//! SELECT email FROM users;
//! -- Migration:
//! ALTER TABLE users ADD COLUMN mail varchar(60);
//! ```
//!
//! What to do: correct the query, or add what it needs in a migration.
//!
//! ```sql good postgres mysql mariadb sqlite
//! -- The next release asks:
//! SELECT mail FROM users;
//! -- Migration:
//! ALTER TABLE users ADD COLUMN mail varchar(60);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-prepare.html>.

use dbwright_catalog::{Engine, Finding, Group, Severity};

use crate::queries::{Queries, said};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "query-not-ready",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("query_not_ready.rs"),
    on_by_default: true,
    check: Check::Queries(check),
};

fn check(queries: &Queries<'_>, findings: &mut Vec<(usize, Finding)>) {
    for (query, error) in &queries.answers.not_ready {
        let Some(query) = queries.release.next.get(*query) else {
            continue;
        };
        let message = format!("{query} fails after all migrations: {}", said(error));
        let (index, mut finding) = queries.finding_of(&RULE, query, message);
        finding
            .evidence
            .facts
            .push("The running release does not ask it, so that the next one brings it.".to_owned());
        finding
            .advice
            .push("Correct the query, or add what it needs in a migration.".to_owned());
        findings.push((index, finding));
    }
}
