//! A name that is longer than PostgreSQL keeps.
//!
//! A name has 63 bytes at most. What is longer is cut off with a notice that hardly anybody reads: the object gets another
//! name than the migration says, later statements find it only because they are cut as well, and two names that differ at
//! their ends become one.
//!
//! It is fine in no case that we know of.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, total integer);
//! ```
//!
//! ```sql bad postgres
//! CREATE INDEX index_on_orders_by_total_for_the_report_that_is_sent_every_morning_at_seven ON orders (total);
//! ```
//!
//! ```sql good postgres
//! CREATE INDEX orders_by_total_for_the_morning_report ON orders (total);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>.

use dbwright_catalog::{Engine, Finding, Group, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "identifier-truncated",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("identifier_truncated.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_own = |name: &str| context.statement.text.contains(name);
    for notice in &context.effect.notices {
        // identifier "…" will be truncated to "…"
        let Some((name, rest)) = notice
            .split_once("identifier \"")
            .and_then(|(_, rest)| rest.split_once("\" will be truncated to \""))
        else {
            continue;
        };
        let kept = rest.trim_end_matches(['"', '.']);
        if !is_own(name) {
            continue;
        }
        let message = format!("{name} is too long a name and becomes {kept}");
        let mut finding = context.finding(&RULE, None, message);
        finding.advice.push("Choose a name of at most 63 bytes.".to_owned());
        findings.push(finding);
    }
}
