//! IF NOT EXISTS finds the name taken, and nothing is created.
//!
//! What stands there may be something else: another table with other columns, an index over other columns, a column of
//! another type. The migration reports success, and what the program expects is not there.
//!
//! It is fine when what stands there is the same, which this rule can't tell; schemas and extensions are not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY, amount numeric);
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id int PRIMARY KEY, total int);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY, amount decimal(10,2));
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, amount NUMERIC);
//! ```
//!
//! What to do: leave IF NOT EXISTS out, so that a taken name is an error; or take the statement out.
//!
//! ```sql good
//! CREATE TABLE IF NOT EXISTS parcels (id int PRIMARY KEY);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-createtable.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/create-table.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/create/create-table> and
//! <https://www.sqlite.org/lang_createtable.html>.

use dbwright_catalog::{Engine, Finding, Group, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "create-skipped",
    group: Group::Failure,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("create_skipped.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let engine = context.history.engine;
    let words = statement_text::words(engine, &context.statement.text);
    let is_create = words.first().is_some_and(|word| word == "create");
    let what = words.iter().skip(1).find_map(|word| match word.as_str() {
        "table" => Some("table"),
        "index" => Some("index"),
        _ => None,
    });
    let if_not_exists = words.windows(3).any(|three| three == ["if", "not", "exists"]);
    let (Some(what), true, true, true) = (what, is_create, if_not_exists, context.is_judged_for_locks()) else {
        return;
    };
    // A table made of a query, or a temporary one, leaves no change either.
    let is_private = words.iter().any(|word| matches!(word.as_str(), "temp" | "temporary"));
    let is_invalid_index = || {
        let mut rules = Vec::new();
        super::invalid_index_kept::RULE.judge_statement(context, &mut rules);
        !rules.is_empty()
    };
    if !context.effect.changes.is_empty() || is_private || is_invalid_index() {
        return;
    }
    let message = format!("Nothing is created: IF NOT EXISTS finds the name of the {what} taken");
    let mut finding = context.finding(&RULE, None, message);
    finding.evidence.facts.extend(
        context
            .effect
            .notices
            .iter()
            .filter(|notice| notice.contains("already exists"))
            .map(|notice| format!("The server says: {notice}.")),
    );
    finding.advice.push(
        "Compare what is there with what is written here; without IF NOT EXISTS a taken name is an error.".to_owned(),
    );
    findings.push(finding);
}
