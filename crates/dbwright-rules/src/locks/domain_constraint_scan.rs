//! A domain gets a constraint, and every table that uses it is read while writes wait.
//!
//! `ALTER DOMAIN … ADD CONSTRAINT` and `SET NOT NULL` take SHARE on each table with a column of the domain and read all of them,
//! one after the other, in one transaction: writes to all of them wait until the last has been read.
//!
//! It is fine where these tables are small. Tables that the same migration creates are not reported.
//!
//! ```sql setup postgres
//! CREATE DOMAIN email AS text;
//! CREATE TABLE users (id integer PRIMARY KEY, email email);
//! ```
//!
//! ```sql bad postgres
//! ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (value LIKE '%@%');
//! ```
//!
//! What to do: add it NOT VALID, which reads nothing and holds for new values.
//!
//! ```sql good postgres
//! ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (value LIKE '%@%') NOT VALID;
//! ```
//!
//! Validating it later reads the tables again under SHARE before PostgreSQL 18, and lets writes pass from 18 on.
//!
//! See <https://www.postgresql.org/docs/current/sql-alterdomain.html>.

use dbwright_catalog::{Engine, Finding, Group, HeldLock, LockMode, ObjectBody, ObjectId, Severity, TypeKind};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "domain-constraint-scan",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::ScanUnderLock(LockMode::Share)],
    source: include_str!("domain_constraint_scan.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let domain = context.altered().find_map(|(_, after)| match &after.body {
        ObjectBody::Type(body) => match body.kind {
            TypeKind::Domain { .. } => Some(&after.id),
            TypeKind::Enum(_) | TypeKind::Composite(_) | TypeKind::Range(_) | TypeKind::Base(_) | TypeKind::Shell => {
                None
            }
        },
        _ => None,
    });
    let (Some(domain), true) = (domain, context.is_judged_for_locks()) else {
        return;
    };
    let scanned = context.effect.scanned.iter().filter(|table| !context.is_exempt(table));
    let locked: Vec<(&ObjectId, &HeldLock)> = scanned
        .filter_map(|table| Some((table, context.lock_from(table, LockMode::Share)?)))
        .collect();
    let Some((_, first)) = locked.first() else { return };
    let tables: Vec<&ObjectId> = locked.iter().map(|(table, _)| *table).collect();
    let message = format!(
        "Checking every value of the domain {domain} blocks {} on {}",
        phrase::blocked(first.mode),
        phrase::list(&tables)
    );
    let mut finding = context.lock_finding(&RULE, first, message);
    for table in tables {
        finding.evidence.facts.push(Context::scan_fact(table));
    }
    finding.advice.push(
        "Add the constraint NOT VALID, which holds for new values and reads nothing; mend the old values, then validate it while \
         little is written."
            .to_owned(),
    );
    findings.push(finding);
}
