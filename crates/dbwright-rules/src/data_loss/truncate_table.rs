//! A table that existed before the migration is emptied.
//!
//! TRUNCATE takes all rows at once, without asking triggers of rows; with CASCADE it empties every table that refers to
//! this one as well, and theirs. It takes ACCESS EXCLUSIVE on PostgreSQL, so that reads and writes wait until the end of the
//! transaction, and commits by itself on MySQL and MariaDB, so that nothing brings the rows back.
//!
//! It is fine for tables whose rows are made again from others. Tables that the same migration creates are not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id integer PRIMARY KEY, name text);
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers);
//! ```
//!
//! ```sql bad postgres
//! TRUNCATE customers CASCADE;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE scratch (id integer);
//! TRUNCATE scratch;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE customers (id int PRIMARY KEY, name varchar(60));
//! ```
//!
//! ```sql bad mysql mariadb
//! TRUNCATE TABLE customers;
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE scratch (id int PRIMARY KEY);
//! TRUNCATE TABLE scratch;
//! ```
//!
//! What to do: keep a copy first, or rename the table and make a new one, so that there is a way back.
//!
//! See <https://www.postgresql.org/docs/current/sql-truncate.html>, <https://dev.mysql.com/doc/refman/9.7/en/truncate-table.html>
//! and <https://mariadb.com/docs/server/reference/sql-statements/table-statements/truncate-table>.

use dbwright_catalog::{Engine, Finding, Group, LockMode, ObjectId, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "truncate-table",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("truncate_table.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let emptied: Vec<&ObjectId> = emptied(context)
        .into_iter()
        .filter(|table| !context.is_exempt(table) && context.at_scope_end(table).is_some())
        .collect();
    let engine = context.history.engine;
    let is_named = |table: &&&ObjectId| statement_text::names(engine, &context.statement.text, table.name());
    let (mut named, mut along): (Vec<&ObjectId>, Vec<&ObjectId>) = emptied.iter().partition(|table| is_named(table));
    if named.is_empty() {
        // A function or a DO block did it: nothing tells what was meant.
        named = std::mem::take(&mut along);
    }
    let Some(first) = named.first() else { return };
    let be = if named.len() == 1 { "is" } else { "are" };
    let all = phrase::list(&named);
    let message = if along.is_empty() {
        format!("{all} {be} emptied, and all rows are lost")
    } else {
        format!(
            "{all} {be} emptied, and with it {}, as they refer to it",
            phrase::list(&along)
        )
    };
    let mut finding = context.finding(&RULE, Some(first), message);
    finding.advice.push(
        "Keep a copy of the rows first, or rename the table and make a new one, so that there is a way back."
            .to_owned(),
    );
    findings.push(finding);
}

/// The tables whose rows went without being read, whoever asked for it.
fn emptied<'a>(context: &Context<'a>) -> Vec<&'a ObjectId> {
    let here = context.here();
    let rewritten = context.effect.rewritten.iter();
    let mut emptied: Vec<&ObjectId> = rewritten.filter(|table| context.is_emptied(table, &here)).collect();
    let is_truncate = statement_text::begins_with(context, &["truncate"]);
    for rows in context.effect.rows.iter().filter(|rows| rows.deleted > 0) {
        // DELETE takes no such lock.
        let is_locked = context.lock_from(&rows.table, LockMode::AccessExclusive);
        let is_locked = is_locked.is_some_and(|lock| context.took(lock));
        let is_gone_unread = is_truncate || (is_locked && !context.scanned(&rows.table));
        if is_gone_unread && !emptied.contains(&&rows.table) {
            emptied.push(&rows.table);
        }
    }
    emptied
}
