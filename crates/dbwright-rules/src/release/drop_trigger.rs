//! A trigger is gone after the migration, and what it kept in step is not kept any more.
//!
//! Nothing fails: rows are written as before, and a total, a search column, an audit table or a time of the last change is
//! silently wrong from then on, as long as the running release counts on the trigger.
//!
//! It is fine when no running release needs what the trigger does. A table that gets another trigger in the same migration
//! is not reported, nor are triggers that go with their table or with the function that they call.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, amount integer, changed timestamptz);
//! CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed = now(); RETURN NEW; END';
//! CREATE TRIGGER orders_changed BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note_change();
//! ```
//!
//! ```sql bad postgres
//! DROP TRIGGER orders_changed ON orders;
//! ```
//!
//! What to do: let the release do it first, or drop the trigger in a later migration, when none needs it any more.
//!
//! ```sql good postgres
//! DROP TRIGGER orders_changed ON orders;
//! CREATE TRIGGER orders_changed BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note_change();
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id int PRIMARY KEY, amount int, changed datetime);
//! CREATE TRIGGER orders_changed BEFORE UPDATE ON orders FOR EACH ROW SET NEW.changed = now();
//! ```
//!
//! ```sql bad mysql mariadb
//! DROP TRIGGER orders_changed;
//! ```
//!
//! ```sql good mysql mariadb
//! DROP TRIGGER orders_changed;
//! CREATE TRIGGER orders_changed BEFORE UPDATE ON orders FOR EACH ROW SET NEW.changed = utc_timestamp();
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER, changed TEXT);
//! CREATE TRIGGER orders_changed AFTER UPDATE OF amount ON orders BEGIN
//!   UPDATE orders SET changed = datetime('now') WHERE id = NEW.id;
//! END;
//! ```
//!
//! ```sql bad sqlite
//! DROP TRIGGER orders_changed;
//! ```
//!
//! ```sql good sqlite
//! DROP TRIGGER orders_changed;
//! CREATE TRIGGER orders_touched AFTER UPDATE ON orders BEGIN
//!   UPDATE orders SET changed = datetime('now') WHERE id = NEW.id;
//! END;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-droptrigger.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/drop-trigger.html>,
//! <https://mariadb.com/docs/server/server-usage/triggers-events/triggers/drop-trigger> and
//! <https://www.sqlite.org/lang_droptrigger.html>.

use dbwright_catalog::{Engine, Finding, Group, ObjectId, ObjectKind, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "drop-trigger",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("drop_trigger.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // What goes with something larger is told with that.
    let with_more = context.dropped().any(|object| object.id.kind != ObjectKind::Trigger);
    if !context.is_judged_for_locks() || with_more {
        return;
    }
    let dropped = context.dropped().map(|object| &object.id);
    let gone: Vec<&ObjectId> = dropped.filter(|id| is_missed(context, id)).collect();
    let Some(first) = gone.first() else { return };
    let be = if gone.len() == 1 { "trigger is" } else { "triggers are" };
    let message = format!(
        "The {be} dropped whose work the running release may count on: {}",
        phrase::list(&gone)
    );
    let mut finding = context.finding(&RULE, Some(first), message);
    finding
        .advice
        .push("Deploy a release that does without it first, and drop it in a later migration.".to_owned());
    findings.push(finding);
}

/// Whether a trigger was there before the migration, its table stays, and no other comes to that.
fn is_missed(context: &Context<'_>, id: &ObjectId) -> bool {
    let Some(table) = id.owner_table() else { return false };
    let stays = context.at_scope_end(&table).is_some();
    let is_replaced = context
        .timeline
        .standing_after(context.scope_end(), ObjectKind::Trigger)
        .any(|other| {
            other.id.owner_table().as_ref() == Some(&table)
                && (other.id == *id || context.at_scope_start(&other.id).is_none())
        });
    stays && context.existed_before_scope(id).is_some() && !is_replaced
}
