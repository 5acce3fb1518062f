//! A trigger that is switched off.
//!
//! `DISABLE TRIGGER` is meant for the length of a bulk load. What the trigger keeps in step (audit, search columns, counters)
//! drifts away from then on, and nothing says so.
//!
//! It is fine while the load runs. A trigger that is meant to be off is better dropped.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, total integer NOT NULL, doubled integer);
//! CREATE FUNCTION double_total() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.doubled := 2 * NEW.total; RETURN NEW; END $$;
//! CREATE TRIGGER orders_double BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION double_total();
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders DISABLE TRIGGER orders_double;
//! INSERT INTO orders SELECT 1000 + i, i FROM generate_series(1, 3) i;
//! ```
//!
//! ```sql good postgres
//! ALTER TABLE orders DISABLE TRIGGER orders_double;
//! INSERT INTO orders SELECT 1000 + i, i FROM generate_series(1, 3) i;
//! ALTER TABLE orders ENABLE TRIGGER orders_double;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html>.

use dbwright_catalog::{Engine, Group, ObjectBody, ObjectKind, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "disabled-trigger",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("disabled_trigger.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for object in schema.objects(ObjectKind::Trigger) {
        if let ObjectBody::Trigger(trigger) = &object.body
            && !trigger.enabled
        {
            flaws.push(Flaw::new(&object.id, "is switched off").advice("Enable it again, or drop it."));
        }
    }
}
