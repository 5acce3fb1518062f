//! A table can't be written to while a statement works through its rows.
//!
//! MySQL and MariaDB change many things about a table while others write to it (`LOCK=NONE`); for the rest the table is copied
//! row by row into a new one (`ALGORITHM=COPY`), or locked for as long as its rows are read, and writes wait until that is done.
//! The server itself was asked: what it refused, and why, stands in the finding.
//! Each replica does the same work after the primary has, and lags for as long.
//!
//! It is fine on small tables, and on tables that the same migration creates; the latter is not reported.
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id int PRIMARY KEY, total int, note varchar(60)) CHARACTER SET utf8mb4;
//! CREATE TABLE order_lines (id int PRIMARY KEY, order_id int, KEY (order_id));
//! ```
//!
//! A type change copies the table. MariaDB lets others write meanwhile from 11.2 on, and gives their writes to the copy at
//! the end; older versions and MySQL don't:
//!
//! ```sql bad mysql
//! ALTER TABLE orders MODIFY total bigint;
//! ```
//!
//! ```sql bad mariadb below:11
//! ALTER TABLE orders MODIFY total bigint;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE orders ADD COLUMN total_new bigint;
//! ```
//!
//! What to do: use an online schema change (gh-ost, pt-online-schema-change), which fills the copy while writes go on; or add a
//! column of the new type, fill it in batches, and swap the two in a later release.
//!
//! A foreign key is checked row by row, in a copy of the same kind:
//!
//! ```sql bad mysql
//! ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders (id);
//! ```
//!
//! ```sql bad mariadb below:11
//! ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders (id);
//! ```
//!
//! ```sql good mysql mariadb
//! SET SESSION foreign_key_checks = 0;
//! ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders (id);
//! SET SESSION foreign_key_checks = 1;
//! ```
//!
//! Without the check the key is added in place; rows without a parent stay, so look for them before and after.
//!
//! A full text index is built in place, and locks the table for as long as its rows are read, on every version:
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE orders ADD FULLTEXT INDEX (note);
//! ```
//!
//! The length of a `varchar` takes one byte up to 255 bytes and two above, so that growing past them copies, and so does
//! the step from `utf8mb3` to `utf8mb4` where it makes more than 255 bytes of a column:
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE people (id int PRIMARY KEY, city varchar(60) CHARACTER SET utf8mb3, name varchar(63) CHARACTER SET utf8mb4);
//! ```
//!
//! ```sql bad mysql
//! ALTER TABLE people MODIFY name varchar(64) CHARACTER SET utf8mb4;
//! ```
//!
//! ```sql bad mariadb below:11
//! ALTER TABLE people MODIFY name varchar(64) CHARACTER SET utf8mb4;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE people MODIFY city varchar(63) CHARACTER SET utf8mb4;
//! ```
//!
//! On MySQL an index over the column makes a copy of the step to `utf8mb4`; without it there is none:
//!
//! ```sql setup mysql
//! CREATE TABLE people (id int PRIMARY KEY, city varchar(60) CHARACTER SET utf8mb3, KEY by_city (city));
//! ```
//!
//! ```sql bad mysql
//! ALTER TABLE people MODIFY city varchar(60) CHARACTER SET utf8mb4;
//! ```
//!
//! ```sql good mysql
//! ALTER TABLE people DROP INDEX by_city;
//! ALTER TABLE people MODIFY city varchar(60) CHARACTER SET utf8mb4;
//! ALTER TABLE people ADD INDEX by_city (city);
//! ```
//!
//! A virtual column is added and dropped without touching a row, as long as nothing else is done in the same statement:
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE sums (id int PRIMARY KEY, a int, doubled int AS (a * 2) VIRTUAL);
//! ```
//!
//! ```sql bad mysql
//! ALTER TABLE sums DROP COLUMN doubled, ADD COLUMN b int;
//! ```
//!
//! ```sql bad mysql
//! ALTER TABLE sums MODIFY doubled int AS (a + a) VIRTUAL;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE sums DROP COLUMN doubled;
//! ALTER TABLE sums ADD COLUMN doubled int AS (a + a) VIRTUAL;
//! ALTER TABLE sums ADD COLUMN b int;
//! ```
//!
//! On MariaDB an index over a virtual column makes writes wait for every new column:
//!
//! ```sql setup mariadb
//! CREATE TABLE sums (id int PRIMARY KEY, a int, doubled int AS (a * 2) VIRTUAL, KEY by_double (doubled));
//! ```
//!
//! ```sql bad mariadb
//! ALTER TABLE sums ADD COLUMN b int;
//! ```
//!
//! ```sql good mariadb
//! ALTER TABLE sums DROP INDEX by_double;
//! ALTER TABLE sums ADD COLUMN b int;
//! ALTER TABLE sums ADD INDEX by_double (doubled);
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html>,
//! <https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-online-ddl/instant-add-column-for-innodb>,
//! <https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-overview> and
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table/online-schema-change>.

use dbwright_catalog::{
    Algorithm, ConstraintKind, Engine, Finding, Group, ObjectBody, RefusedOffer, Severity, TableOperation,
};

use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "table-copy",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::WritesWait],
    source: include_str!("table_copy.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    for operation in &context.effect.operations {
        let waits = operation.lock.blocks_writes() && !is_rename(context, operation);
        if waits && !context.is_exempt(&operation.table) {
            findings.push(finding(context, operation));
        }
    }
}

/// Whether the table only gets another name. MariaDB takes that with `LOCK=EXCLUSIVE` only, and reads no row for it.
fn is_rename(context: &Context<'_>, operation: &TableOperation) -> bool {
    let table = &operation.table;
    operation.algorithm == Algorithm::Instant
        && !context.effect.rewritten.iter().any(|id| id == table)
        && context
            .altered()
            .any(|(before, after)| before.id == *table && after.id != *table && before.body == after.body)
}

fn finding(context: &Context<'_>, operation: &TableOperation) -> Finding {
    let table = &operation.table;
    let waiting = if operation.lock.blocks_reads() {
        "reads and writes"
    } else {
        "writes"
    };
    let message = match operation.algorithm {
        Algorithm::Copy => format!("{table} is copied row by row, and {waiting} wait until that is done"),
        Algorithm::Instant | Algorithm::NoCopy | Algorithm::InPlace => {
            format!("The statement works through {table}, and {waiting} wait until it is done")
        }
    };
    let mut finding = context.finding(&RULE, Some(table), message);
    finding.evidence.operation = Some(operation.clone());
    finding.evidence.facts.extend(refused(&operation.refused));
    let cause = super::copy_cause::cause(context, operation);
    if let Some(cause) = cause {
        finding.evidence.facts.push(cause.fact);
        finding.advice.extend(cause.way_round);
    }
    if !context.effect.parents.is_empty() {
        let parents = crate::phrase::list(&context.effect.parents);
        finding
            .evidence
            .facts
            .push(format!("Other schema changes of {parents} wait as well."));
    }
    if adds_foreign_key(context) {
        finding.advice.push(
            "With `SET SESSION foreign_key_checks = 0` before it the key is added in place, without checking the rows that are \
             there: look for rows without a parent before and after."
                .to_owned(),
        );
    } else {
        finding.advice.push(format!(
            "Do it while {table} is small, or by an online schema change (gh-ost, pt-online-schema-change), which fills the copy \
             while writes go on."
        ));
    }
    finding
}

/// The server's reason for not doing it in place: that of the last offer before the copy. That a copy needs a lock is no news.
pub(super) fn refused(offers: &[RefusedOffer]) -> Option<String> {
    let in_place = offers.iter().rev().find(|offer| match offer.algorithm {
        Algorithm::Instant | Algorithm::NoCopy | Algorithm::InPlace => true,
        Algorithm::Copy => false,
    })?;
    let lock = in_place
        .lock
        .map_or_else(String::new, |lock| format!(", LOCK={}", lock.name()));
    let reason = in_place.reason.trim_end_matches('.');
    Some(format!(
        "ALGORITHM={}{lock} is refused: {reason}.",
        in_place.algorithm.name()
    ))
}

fn adds_foreign_key(context: &Context<'_>) -> bool {
    context.created().any(|object| match &object.body {
        ObjectBody::Constraint(constraint) => matches!(constraint.kind, ConstraintKind::ForeignKey(_)),
        _ => false,
    })
}
