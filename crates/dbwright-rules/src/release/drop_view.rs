//! A view is gone after the migration, and the running release may still read it.
//!
//! The release that still runs while the migration does fails as soon as it reads the view. With CASCADE, views that stand
//! on it go as well.
//!
//! It is fine when no running release reads the view. A view that is dropped and made again in the same migration is not
//! reported.
//!
//! ```sql setup
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! CREATE VIEW big_orders AS SELECT id, total FROM orders WHERE total > 1000;
//! ```
//!
//! ```sql bad
//! DROP VIEW big_orders;
//! ```
//!
//! What to do: drop it in a later migration, when no release reads it any more.
//!
//! ```sql good
//! DROP VIEW big_orders;
//! CREATE VIEW big_orders AS SELECT id, total, 'EUR' AS currency FROM orders WHERE total > 1000;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-dropview.html>, <https://dev.mysql.com/doc/refman/9.7/en/drop-view.html>,
//! <https://mariadb.com/docs/server/server-usage/views/drop-view> and <https://www.sqlite.org/lang_dropview.html>.

use dbwright_catalog::{Engine, Finding, Group, ObjectId, ObjectKind, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "drop-view",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("drop_view.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // Views that go with a table or a column are told with it.
    let with_more = context.dropped().any(|object| {
        matches!(
            object.id.kind,
            ObjectKind::Table | ObjectKind::Column | ObjectKind::Schema
        )
    });
    if !context.is_judged_for_locks() || with_more {
        return;
    }
    let gone: Vec<&ObjectId> = context
        .dropped()
        .map(|object| &object.id)
        .filter(|id| id.kind == ObjectKind::View && is_gone(context, id))
        .collect();
    let Some(first) = gone.first() else { return };
    let be = if gone.len() == 1 { "view is" } else { "views are" };
    let message = format!(
        "The {be} dropped that the running release may read: {}",
        phrase::list(&gone)
    );
    let mut finding = context.finding(&RULE, Some(first), message);
    finding
        .advice
        .push("Deploy a release that does not read it first, and drop it in a later migration.".to_owned());
    findings.push(finding);
}

/// Whether it was there before the migration and nothing bears its name after it.
fn is_gone(context: &Context<'_>, view: &ObjectId) -> bool {
    let table = ObjectId::new(ObjectKind::Table, view.path.iter().cloned());
    context.existed_before_scope(view).is_some()
        && context.at_scope_end(view).is_none()
        && context.at_scope_end(&table).is_none()
}
