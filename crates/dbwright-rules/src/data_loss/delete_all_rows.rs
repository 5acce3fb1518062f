//! DELETE without WHERE: all rows of a table that existed before the migration go, with those that cascade.
//!
//! It is also the slowest way to empty a table: every row is marked, every index is visited by vacuum or purge, and
//! replicas do it all again.
//!
//! It is fine for tables whose rows are made again by the same migration and hold nothing else. Tables that the migration
//! creates, rebuilds or drops are not reported.
//!
//! ```sql setup
//! CREATE TABLE sessions (id integer PRIMARY KEY, token varchar(60));
//! ```
//!
//! ```sql bad
//! DELETE FROM sessions;
//! ```
//!
//! ```sql good
//! DELETE FROM sessions WHERE id = -5;
//! ```
//!
//! What to do: say which rows, in batches where they are many; or TRUNCATE, where all rows shall go.
//!
//! See <https://www.postgresql.org/docs/current/sql-delete.html>, <https://dev.mysql.com/doc/refman/9.7/en/delete.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/data-manipulation/changing-deleting-data/delete> and
//! <https://www.sqlite.org/lang_delete.html>.

use dbwright_catalog::{Engine, Finding, Group, ObjectId, RowCount, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "delete-all-rows",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::RowsLost],
    source: include_str!("delete_all_rows.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_delete = statement_text::begins_with(context, &["delete", "from"]);
    let chooses = ["where", "using", "join", "limit"]
        .into_iter()
        .any(|word| statement_text::has_outer_word(context, word));
    if !context.is_judged_for_locks() || !is_delete || chooses {
        return;
    }
    let engine = context.history.engine;
    let is_old = |rows: &&RowCount| !context.is_exempt(&rows.table) && context.at_scope_end(&rows.table).is_some();
    let lost: Vec<&RowCount> = context
        .effect
        .rows
        .iter()
        .filter(|rows| rows.deleted > 0)
        .filter(is_old)
        .collect();
    let is_named = |table: &ObjectId| statement_text::names(engine, &context.statement.text, table.name());
    let Some(named) = lost.iter().find(|rows| is_named(&rows.table)) else {
        return;
    };
    let along: Vec<&ObjectId> = lost
        .iter()
        .map(|rows| &rows.table)
        .filter(|table| **table != named.table && !context.partition_parents(table).contains(&named.table))
        .collect();
    let message = if along.is_empty() {
        format!("All rows of {} are deleted", named.table)
    } else {
        format!(
            "All rows of {} are deleted, and with them rows of {}",
            named.table,
            phrase::list(along)
        )
    };
    let mut finding = context.finding(&RULE, Some(&named.table), message);
    finding
        .advice
        .push("Say which rows, and keep a copy of what is not made again.".to_owned());
    findings.push(finding);
}
