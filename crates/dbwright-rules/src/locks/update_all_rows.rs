//! One statement writes every row of a table that existed before.
//!
//! Every row stays locked until the transaction ends, and whoever wants to write one of them waits. On PostgreSQL every row
//! leaves a dead version behind, so that table and indexes may grow to twice their size; on MySQL and MariaDB the undo log
//! grows, and replicas lag by as long as it took.
//!
//! It is fine on small tables. What the same migration creates or drops is not reported.
//!
//! ```sql setup
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer, tax integer);
//! ```
//!
//! ```sql bad
//! UPDATE orders SET tax = total / 5;
//! ```
//!
//! What to do: write a few thousand rows at a time, each batch in a transaction of its own, by ranges of the key.
//!
//! ```sql good
//! UPDATE orders SET tax = total / 5 WHERE id BETWEEN -5 AND -1;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/routine-vacuuming.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/optimizing-innodb-transaction-management.html> and
//! <https://mariadb.com/docs/server/reference/sql-statements/data-manipulation/changing-deleting-data/update>.

use dbwright_catalog::{Engine, Finding, Group, ObjectId, RowCount, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "update-all-rows",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::RowsLost],
    source: include_str!("update_all_rows.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() || !statement_text::begins_with(context, &["update"]) {
        return;
    }
    let is_old = |rows: &&RowCount| {
        rows.updated > 0 && !context.is_exempt(&rows.table) && context.at_scope_end(&rows.table).is_some()
    };
    let engine = context.history.engine;
    let is_named = |table: &ObjectId| statement_text::names(engine, &context.statement.text, table.name());
    let written = context
        .effect
        .rows
        .iter()
        .filter(is_old)
        .find(|rows| is_named(&rows.table));
    let Some(table) = written.map(|rows| &rows.table) else {
        return;
    };
    let chooses = ["where", "from", "join", "limit"]
        .into_iter()
        .any(|word| statement_text::has_outer_word(context, word));
    let by_new_column = || new_column_in_where(context, table);
    let why = if !chooses {
        "the statement has no WHERE".to_owned()
    } else if let Some(column) = by_new_column() {
        format!("{column} is new, and so the same in every row")
    } else {
        return;
    };
    let message = format!("Every row of {table} is written in one transaction, as {why}");
    let mut finding = context.finding(&RULE, Some(table), message);
    finding.advice.push(
        "Write a few thousand rows at a time by ranges of the key, each batch in a transaction of its own, outside the migration if \
         the tool has only one."
            .to_owned(),
    );
    findings.push(finding);
}

/// The column in `WHERE column IS NULL` that the same migration has added, where that is all of the condition.
fn new_column_in_where(context: &Context<'_>, table: &ObjectId) -> Option<String> {
    let words = statement_text::words(context.history.engine, &context.statement.text);
    let at = words.iter().rposition(|word| word == "where")?;
    let [column, is, null] = words.get(at + 1..)? else {
        return None;
    };
    let before = context.at_scope_start(&table.column(column.as_str()));
    (is == "is" && null == "null" && before.is_none()).then(|| column.clone())
}
