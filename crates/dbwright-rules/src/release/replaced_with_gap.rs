//! A trigger, view, routine, constraint or index is dropped and made again in another transaction: a gap in between.
//!
//! What the running release does in between happens without it: rows are written that the trigger does not see or that the
//! constraint would have refused, reads of the view fail, and queries read the whole table while its index is built anew. If the
//! second statement fails, it stays away.
//! On MySQL and MariaDB every definition commits by itself, whatever transaction is open.
//!
//! It is fine while nothing else runs. What is replaced within one transaction is not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer, CONSTRAINT total_positive CHECK (total > 0));
//! CREATE INDEX orders_total ON orders (total);
//! ```
//!
//! ```sql bad postgres mode:each-statement
//! ALTER TABLE orders DROP CONSTRAINT total_positive;
//! ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;
//! ```
//!
//! What to do: replace it in one statement or one transaction.
//!
//! ```sql good postgres
//! ALTER TABLE orders DROP CONSTRAINT total_positive;
//! ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;
//! ```
//!
//! An index has its successor first, under another name:
//!
//! ```sql bad postgres mode:each-statement
//! DROP INDEX CONCURRENTLY orders_total;
//! CREATE INDEX CONCURRENTLY orders_total ON orders (total, id);
//! ```
//!
//! ```sql good postgres mode:each-statement
//! CREATE INDEX CONCURRENTLY orders_total_id ON orders (total, id);
//! DROP INDEX CONCURRENTLY orders_total;
//! ALTER INDEX orders_total_id RENAME TO orders_total;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id int PRIMARY KEY, total int, KEY orders_total (total));
//! CREATE VIEW big_orders AS SELECT id FROM orders WHERE total > 1000;
//! ```
//!
//! ```sql bad mysql mariadb
//! DROP VIEW big_orders;
//! CREATE VIEW big_orders AS SELECT id, total FROM orders WHERE total > 1000;
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE OR REPLACE VIEW big_orders AS SELECT id, total FROM orders WHERE total > 1000;
//! ```
//!
//! ```sql bad mysql mariadb
//! DROP INDEX orders_total ON orders;
//! CREATE INDEX orders_total ON orders (total, id);
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE orders DROP KEY orders_total, ADD KEY orders_total (total, id);
//! ```
//!
//! MariaDB replaces triggers and routines the same way; MySQL can't, and needs `LOCK TABLES` or a second trigger for the
//! time in between.
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html>, <https://dev.mysql.com/doc/refman/9.7/en/create-view.html>
//! and <https://mariadb.com/docs/server/server-usage/triggers-events/triggers/create-trigger>.

use dbwright_catalog::{ConstraintKind, Engine, Finding, Group, ObjectBody, ObjectId, ObjectKind, Severity};

use crate::context::{Context, Neighbour};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "replaced-with-gap",
    group: Group::Release,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("replaced_with_gap.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let mut gaps: Vec<(&ObjectId, Neighbour<'_>)> = Vec::new();
    for object in context.dropped() {
        let is_told = match &object.body {
            ObjectBody::Index(index) => !index.of_constraint,
            // Part of a column, and named after it.
            ObjectBody::Constraint(constraint) => !matches!(constraint.kind, ConstraintKind::NotNull(_)),
            _ => matches!(
                object.id.kind,
                ObjectKind::View | ObjectKind::Trigger | ObjectKind::Routine | ObjectKind::Constraint
            ),
        };
        let table = match &object.body {
            ObjectBody::Index(index) => Some(index.table.clone()),
            _ => object.id.owner_table(),
        };
        let is_new_table = table.is_some_and(|table| context.is_exempt(&table) || context.after(&table).is_none());
        if is_told && !is_new_table && context.existed_before_scope(&object.id).is_some() {
            gaps.extend(made_again(context, &object.id).map(|at| (&object.id, at)));
        }
    }
    let Some((first, at)) = gaps.first() else { return };
    let ids: Vec<&ObjectId> = gaps.iter().map(|(id, _)| *id).collect();
    let (ending, be) = if ids.len() == 1 { ("", "is") } else { ("s", "are") };
    let message = format!(
        "The {}{ending} {} {be} missing between this statement and {}, which commits by itself",
        first.kind.name(),
        phrase::list(&ids),
        at.place(context)
    );
    let mut finding = context.finding(&RULE, first.owner_table().as_ref().or(Some(*first)), message);
    finding.advice.push(match (context.history.engine, first.kind) {
        (Engine::MariaDb, ObjectKind::View | ObjectKind::Trigger | ObjectKind::Routine)
        | (Engine::MySql, ObjectKind::View) => "Use CREATE OR REPLACE, which leaves no gap.".to_owned(),
        (Engine::MySql | Engine::MariaDb, ObjectKind::Constraint | ObjectKind::Index) => {
            "Drop and add it in one ALTER TABLE.".to_owned()
        }
        (Engine::Postgres, ObjectKind::Index) => {
            "Build the new one under another name first, then drop the old one and rename the new one.".to_owned()
        }
        (Engine::MySql, _) => {
            "Hold writers off with LOCK TABLES … WRITE around both, or do it while nothing writes.".to_owned()
        }
        (Engine::Postgres | Engine::MariaDb | Engine::Sqlite, _) => {
            "Do both in one statement or one transaction.".to_owned()
        }
    });
    findings.push(finding);
}

/// Migrations behind the one that drops an index, in which it is looked for: safe versions of one migration become several.
const MIGRATIONS_MAX: usize = 5;

/// The later statement that makes the object again in another transaction: of the same migration, or with an index of one that
/// follows it.
fn made_again<'a>(context: &Context<'a>, id: &ObjectId) -> Option<Neighbour<'a>> {
    let makes = |one: &Neighbour<'a>| {
        let steps = context.timeline.steps(one.position);
        one.position > context.position
            && steps
                .iter()
                .any(|step| step.before.is_none() && step.after.is_some_and(|after| after.id == *id))
    };
    let again = match id.kind {
        ObjectKind::Index => context.nearby(MIGRATIONS_MAX).find(makes),
        _ => context.scope().find(makes),
    }?;
    (again.effect.transaction != context.effect.transaction).then_some(again)
}
