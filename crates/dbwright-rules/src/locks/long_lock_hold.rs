//! A lock that makes others wait is held while later statements of the transaction work.
//!
//! A lock is held until its transaction ends.
//! `ALTER TABLE … ADD COLUMN` takes ACCESS EXCLUSIVE for an instant, unless the same transaction then updates rows, builds
//! an index or reads a big table: reads and writes of the first table wait for all of that.
//! A lock timeout does not help: it bounds the wait for a lock, not its hold.
//!
//! It is fine when the later statements are changes to the catalog alone, which take an instant; those are not reported.
//! Nor are locks on tables that the same migration creates.
//!
//! ```sql setup postgres
//! CREATE TABLE accounts (id integer PRIMARY KEY, name text);
//! CREATE TABLE audit (id integer PRIMARY KEY, note text);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE accounts ADD COLUMN active boolean;
//! UPDATE audit SET note = 'seen';
//! ```
//!
//! What to do: one transaction for the change, others for the work.
//!
//! ```sql good postgres mode:each-statement
//! ALTER TABLE accounts ADD COLUMN active boolean;
//! UPDATE audit SET note = 'seen';
//! ```
//!
//! Work first and locks last is the next best:
//!
//! ```sql good postgres
//! UPDATE audit SET note = 'seen';
//! ALTER TABLE accounts ADD COLUMN active boolean;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>.

use dbwright_catalog::{Engine, Finding, Group, HeldLock, LockMode, ObjectBody, ObjectId, ObjectKind, Severity};

use crate::context::{Context, Neighbour};
use crate::{Claim, Rule, phrase, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "long-lock-hold",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::LockCarriedOver(LockMode::Share)],
    source: include_str!("long_lock_hold.rs"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let mut taken: Vec<&HeldLock> = Vec::new();
    for lock in context.effect.locks.iter().filter(|lock| is_taken_here(context, lock)) {
        match taken.iter_mut().find(|known| known.relation == lock.relation) {
            Some(known) if known.mode < lock.mode => *known = lock,
            Some(_) => {}
            None => taken.push(lock),
        }
    }
    let relations: Vec<ObjectId> = taken.iter().map(|lock| lock.relation.clone()).collect();
    for lock in taken {
        let with_parent = context
            .partition_parents(&lock.relation)
            .iter()
            .any(|parent| relations.contains(parent));
        if with_parent {
            continue;
        }
        let works: Vec<(Neighbour<'_>, String)> = context
            .later_in_transaction()
            .filter_map(|later| Some((later, work(context, later, &lock.relation)?)))
            .collect();
        if !works.is_empty() {
            findings.push(finding(context, lock, &works));
        }
    }
}

/// Whether the statement is the first of its transaction that makes others wait for this table.
fn is_taken_here(context: &Context<'_>, lock: &HeldLock) -> bool {
    let earlier_blocks = || {
        let mut held = context
            .effect
            .locks
            .iter()
            .filter(|held| held.relation == lock.relation);
        held.any(|held| held.mode.blocks_writes() && !context.took(held))
    };
    lock.mode.blocks_writes()
        && matches!(lock.relation.kind, ObjectKind::Table | ObjectKind::View)
        && context.took(lock)
        && !context.is_exempt(&lock.relation)
        && !context.dropped().any(|object| object.id == lock.relation)
        && !earlier_blocks()
}

/// What a later statement does that takes time, in words; nothing where it only changes the catalog or new tables.
fn work(context: &Context<'_>, later: Neighbour<'_>, locked: &ObjectId) -> Option<String> {
    let effect = later.effect;
    let steps = context.timeline.steps(later.position);
    // `constraint-validated-under-lock` tells of this one, and since when the lock is held.
    if !later.ran() || super::constraint_validated_under_lock::is_validated_by(steps, locked) {
        return None;
    }
    let is_old = |id: &ObjectId| !context.is_exempt_at(id, later.position);
    let indexed = steps
        .iter()
        .filter(|step| step.before.is_none())
        .filter_map(|step| match &step.after?.body {
            ObjectBody::Index(index) if is_old(&index.table) => Some(&index.table),
            _ => None,
        });
    let indexed: Vec<&ObjectId> = indexed.collect();
    let rewritten: Vec<&ObjectId> = effect
        .rewritten
        .iter()
        .filter(|id| is_old(id) && !context.is_emptied(id, &later))
        .collect();
    let rebuilt: Vec<&ObjectId> = effect.rebuilt_indexes.iter().filter(|id| is_old(id)).collect();
    let scanned: Vec<&ObjectId> = effect.scanned.iter().filter(|id| is_old(id)).collect();
    let written = effect
        .rows
        .iter()
        .filter(|rows| rows.updated + rows.deleted > 0 && is_old(&rows.table));
    let written: Vec<&ObjectId> = written.map(|rows| &rows.table).collect();
    let what = if !rewritten.is_empty() {
        format!("rewrites {}", phrase::list(rewritten))
    } else if !indexed.is_empty() {
        format!("builds an index on {}", phrase::list(indexed))
    } else if !rebuilt.is_empty() {
        format!("builds {} anew", phrase::list(rebuilt))
    } else if !written.is_empty() {
        format!("writes rows of {}", phrase::list(written))
    } else if !scanned.is_empty() {
        format!("reads {} from end to end", phrase::list(scanned))
    } else {
        return None;
    };
    Some(format!("{} {what}", later.place(context)))
}

fn finding(context: &Context<'_>, lock: &HeldLock, works: &[(Neighbour<'_>, String)]) -> Finding {
    let relation = &lock.relation;
    let strongest = works
        .iter()
        .flat_map(|(later, _)| &later.effect.locks)
        .filter(|held| held.relation == *relation);
    let strongest = strongest
        .map(|held| held.mode)
        .max()
        .unwrap_or(lock.mode)
        .max(lock.mode);
    let message = format!(
        "{} on {relation} wait while {} of the transaction {}",
        uppercase_first(phrase::blocked(strongest)),
        phrase::count(works.len(), "later statement"),
        if works.len() == 1 { "works" } else { "work" },
    );
    let mut finding = context.lock_finding(&RULE, lock, message);
    for (_, what) in works {
        finding.evidence.facts.push(format!("While it is held, {what}."));
    }
    if let Some((last, _)) = works.last() {
        let at_once: Vec<&ObjectId> = tables_locked_away(context, last);
        if at_once.len() > 1 {
            let fact = format!("Reads and writes wait on {} at the same time.", phrase::list(at_once));
            finding.evidence.facts.push(fact);
        }
    }
    finding
        .advice
        .push("End the transaction before the work begins, or do the work first and take the lock last.".to_owned());
    finding.advice.push(tool_advice::committed_separately(
        context.history.tool,
        context.migration.run_mode,
    ));
    finding
}

/// Tables that existed before and that nobody can read at the end of a statement.
fn tables_locked_away<'a>(context: &Context<'a>, at: &Neighbour<'a>) -> Vec<&'a ObjectId> {
    let mut tables: Vec<&ObjectId> = at
        .effect
        .locks
        .iter()
        .filter(|lock| lock.mode.blocks_reads() && lock.relation.kind == ObjectKind::Table)
        .map(|lock| &lock.relation)
        .filter(|id| !context.is_exempt_at(id, at.position))
        .collect();
    tables.sort();
    tables.dedup();
    tables
}

fn uppercase_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
