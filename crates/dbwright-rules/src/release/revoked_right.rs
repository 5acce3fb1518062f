//! A right that the running release may need is taken away.
//!
//! `REVOKE` and `DROP POLICY` take effect at once.
//! A release that still reads or writes there fails with `permission denied`, or, with row security, silently sees fewer rows
//! than it should.
//!
//! What is taken from PUBLIC alone is a note.
//! It is fine when no running release uses the right. What the same migration grants again to the same role is not reported,
//! nor are rights on what it creates, tables whose policies it replaces, and tables that are not under row security.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, owner text);
//! GRANT SELECT, INSERT ON orders TO shop_app;
//! ```
//!
//! ```sql bad postgres
//! REVOKE INSERT ON orders FROM shop_app;
//! ```
//!
//! What to do: deploy a release that does without the right first.
//!
//! ```sql good postgres
//! REVOKE ALL ON orders FROM shop_app;
//! GRANT SELECT, INSERT, UPDATE ON orders TO shop_app;
//! ```
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, owner text);
//! ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
//! CREATE POLICY own_rows ON orders USING (owner = current_user);
//! CREATE POLICY shared_rows ON orders USING (owner IS NULL);
//! ```
//!
//! ```sql bad postgres
//! DROP POLICY shared_rows ON orders;
//! ```
//!
//! ```sql good postgres
//! DROP POLICY shared_rows ON orders;
//! CREATE POLICY shared_rows ON orders FOR SELECT USING (owner IS NULL OR owner = 'all');
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-revoke.html> and
//! <https://www.postgresql.org/docs/current/sql-droppolicy.html>.

use std::collections::BTreeSet;

use dbwright_catalog::{Change, Engine, Finding, Group, ObjectBody, ObjectId, ObjectKind, Severity, TableExtra};

use crate::context::{Context, Neighbour};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "revoked-right",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("revoked_right.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    for policy in dropped_policies(context) {
        let Some(table) = policy.owner_table() else { continue };
        let message = format!(
            "The policy {} is dropped: roles of the running release may see fewer rows of {table}",
            policy.name()
        );
        findings.push(with_advice(context.finding(&RULE, Some(&table), message)));
    }
    if let Some(revoked) = Revoked::of(&context.here())
        && !is_granted_again(context, &revoked)
        && !is_of_new_objects(context, &revoked)
    {
        let from: Vec<&String> = revoked.roles.iter().collect();
        let message = format!(
            "{} is taken from {}, and the running release may need it",
            revoked.what,
            phrase::list(&from)
        );
        let mut finding = with_advice(context.finding(&RULE, None, message));
        // What everybody has by default is mostly taken away on purpose.
        if revoked.roles.iter().all(|role| role.eq_ignore_ascii_case("public")) {
            finding.severity = Severity::Note;
        }
        findings.push(finding);
    }
}

fn with_advice(mut finding: Finding) -> Finding {
    finding
        .advice
        .push("Deploy a release that does without the right first, and take it away in a later migration.".to_owned());
    finding
}

/// Policies of tables under row security that the statement dropped, where the table keeps others, and gets none instead.
/// That no policy is left is told by a rule of its own.
fn dropped_policies<'a>(context: &Context<'a>) -> Vec<&'a ObjectId> {
    let of_migration = || {
        let changes = context.trace.access_changes.iter();
        changes.filter(|access| access.migration == context.position.0)
    };
    let is_replaced = |table: &ObjectId| {
        of_migration().any(|access| match &access.change {
            Change::Created(object) | Change::Altered { after: object, .. } => {
                object.id.kind == ObjectKind::Policy && object.id.owner_table().as_ref() == Some(table)
            }
            Change::Dropped(_) => false,
        })
    };
    let is_secured = |table: &ObjectId| match context.at_scope_end(table).map(|object| &object.body) {
        Some(ObjectBody::Table(table)) => matches!(&table.extra, TableExtra::Postgres(extra) if extra.row_security),
        _ => false,
    };
    let keeps_others = |table: &ObjectId| {
        let mut policies = context.trace.access.iter().map(|object| &object.id);
        policies.any(|id| id.kind == ObjectKind::Policy && id.owner_table().as_ref() == Some(table))
    };
    let here = of_migration().filter(|access| access.statement == context.position.1);
    here.filter_map(|access| match &access.change {
        Change::Dropped(object) if object.id.kind == ObjectKind::Policy => Some(&object.id),
        Change::Dropped(_) | Change::Created(_) | Change::Altered { .. } => None,
    })
    .filter(|policy| {
        let table = policy.owner_table();
        table.is_some_and(|table| is_secured(&table) && keeps_others(&table) && !is_replaced(&table))
    })
    .collect()
}

/// What a `REVOKE` takes, and from whom. Rights of single roles are read from its words.
struct Revoked {
    /// `INSERT on orders`, `Membership in admins`.
    what: String,
    /// The words between `ON` and `FROM`.
    objects: Vec<String>,
    roles: BTreeSet<String>,
}

impl Revoked {
    fn of(at: &Neighbour<'_>) -> Option<Revoked> {
        let words = words(&at.statement.text);
        let (first, rest) = words.split_first()?;
        if !first.eq_ignore_ascii_case("revoke") {
            return None;
        }
        let place = |word: &str| rest.iter().rposition(|other| other.eq_ignore_ascii_case(word));
        let from = place("from")?;
        let roles = rest[from + 1..]
            .iter()
            .filter(|word| !["group", "cascade", "restrict", ","].contains(&word.to_ascii_lowercase().as_str()))
            .take_while(|word| !word.eq_ignore_ascii_case("granted"))
            .cloned()
            .collect();
        let on = place("on").filter(|on| *on < from);
        let rights = rest[..on.unwrap_or(from)].join(" ").replace(" ,", ",");
        let (what, objects) = match on {
            Some(on) => {
                let objects = rest[on + 1..from].to_vec();
                let named = objects.join(" ").replace(" ,", ",").replace(" . ", ".");
                (format!("{rights} on {named}"), objects)
            }
            None => (format!("Membership in {rights}"), Vec::new()),
        };
        Some(Revoked { what, objects, roles })
    }
}

fn words(text: &str) -> Vec<String> {
    dbwright_sql::tokens(Engine::Postgres, text)
        .filter(|token| !token.is_space() && !token.is_symbol(";"))
        .map(|token| token.name().unwrap_or_else(|| token.text.to_owned()))
        .collect()
}

/// Whether a later statement of the migration grants something to the same roles.
fn is_granted_again(context: &Context<'_>, revoked: &Revoked) -> bool {
    context
        .scope()
        .filter(|later| later.position > context.position)
        .any(|later| {
            let words = words(&later.statement.text);
            let is_grant = words.first().is_some_and(|word| word.eq_ignore_ascii_case("grant"));
            is_grant && revoked.roles.iter().any(|role| words.contains(role))
        })
}

/// Whether what it is about was made by the migration: each new object begins with rights that many take away.
fn is_of_new_objects(context: &Context<'_>, revoked: &Revoked) -> bool {
    let created = context.scope().flat_map(|at| {
        let steps = context.timeline.steps(at.position);
        steps
            .iter()
            .filter(|step| step.before.is_none())
            .filter_map(|step| step.after)
    });
    created
        .filter(|object| object.id.kind != ObjectKind::Column)
        .any(|object| {
            let name = object.id.name().split('(').next().unwrap_or_default();
            revoked.objects.iter().any(|word| word == name)
        })
}
