//! A lock that makes others wait is held while later statements of the transaction work.
//!
//! A lock is held until its transaction ends.
//! `ALTER TABLE … ADD COLUMN` takes ACCESS EXCLUSIVE for an instant, unless the same transaction then updates rows, builds
//! an index or reads a big table: reads and writes of the first table wait for all of that.
//! A lock timeout does not help: it bounds the wait for a lock, not its hold.
//!
//! A transaction is reported once, at the statement that took the first such lock.
//!
//! It is fine when the later statements are changes to the catalog alone, which take an instant; those are not reported.
//! Nor are locks on tables that the same migration creates.
//! Where every piece of work has a finding of its own (an index built, a rewrite, all rows updated), that finding says who
//! waits meanwhile, and its advice is the same: a transaction for each. Only where three tables and more are held for it is
//! the sum of them reported as well.
//!
//! ```sql setup postgres
//! CREATE TABLE accounts (id integer PRIMARY KEY, name text);
//! CREATE TABLE audit (id integer PRIMARY KEY, note text);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE accounts ADD COLUMN active boolean;
//! CREATE TABLE audit_copy AS SELECT * FROM audit;
//! ```
//!
//! What to do: one transaction for the change, others for the work.
//!
//! ```sql good postgres mode:each-statement
//! ALTER TABLE accounts ADD COLUMN active boolean;
//! CREATE TABLE audit_copy AS SELECT * FROM audit;
//! ```
//!
//! Work first and locks last is the next best:
//!
//! ```sql good postgres
//! CREATE TABLE audit_copy AS SELECT * FROM audit;
//! ALTER TABLE accounts ADD COLUMN active boolean;
//! ```
//!
//! Here the finding about the index says that reads and writes of accounts wait for it as well:
//!
//! ```sql
//! ALTER TABLE accounts ADD COLUMN active boolean;
//! CREATE INDEX audit_note ON audit (note);
//! ```
//!
//! Triggers and policies count as well: `CREATE TRIGGER` makes writes wait (SHARE ROW EXCLUSIVE), dropping a trigger and making,
//! changing or dropping a policy make reads wait too (ACCESS EXCLUSIVE). By themselves they take an instant.
//!
//! ```sql bad postgres
//! CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
//! CREATE TRIGGER note_it BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION note_it();
//! CREATE TABLE audit_copy AS SELECT * FROM audit;
//! ```
//!
//! ```sql bad postgres
//! CREATE POLICY own_rows ON accounts USING (name = current_user);
//! CREATE TABLE audit_copy AS SELECT * FROM audit;
//! ```
//!
//! ```sql good postgres mode:each-statement
//! CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
//! CREATE TRIGGER note_it BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION note_it();
//! CREATE POLICY own_rows ON accounts USING (name = current_user);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>.

use std::collections::BTreeSet;

use dbwright_catalog::{Engine, Finding, Group, HeldLock, LockMode, ObjectId, ObjectKind, Severity};

use super::work::{self, Work};
use crate::context::{Context, Neighbour};
use crate::{Check, Claim, Rule, phrase, tool_advice};

/// So many sentences say which locks are held, and so many what is done meanwhile.
const FACTS_MAX: usize = 4;
/// So many tables stand in the message.
const TABLES_MAX: usize = 3;
/// Where so many tables are held, the sum of them is news, whatever tells of the work.
const SUM_MIN: usize = 3;

pub(crate) static RULE: Rule = Rule {
    name: "long-lock-hold",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::LockCarriedOver(LockMode::Share)],
    source: include_str!("long_lock_hold.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

/// A lock that makes others wait while later statements work.
struct Hold<'a> {
    /// The statement that took it.
    at: Neighbour<'a>,
    lock: &'a HeldLock,
    /// The strongest that it becomes while they do.
    strongest: LockMode,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_followed = || context.later_in_transaction().next().is_some();
    if taken(context).is_empty() || !is_followed() || is_told_earlier(context) {
        return;
    }
    let works = work::works(context);
    let holds: Vec<Hold<'_>> = std::iter::once(context.here())
        .chain(context.later_in_transaction())
        .flat_map(|at| holds(context, at, &works))
        .collect();
    if let Some(first) = holds.first().filter(|first| first.at.position == context.position)
        && is_news(&holds, &works)
    {
        findings.push(finding(context, first, &holds, &works));
    }
}

/// Whether some of the work has no finding of its own, or the tables that are held are many.
fn is_news(holds: &[Hold<'_>], works: &[Work<'_>]) -> bool {
    let is_untold = |hold: &Hold<'_>| {
        let mut works = works.iter().filter(|work| work.at.position > hold.at.position);
        works.any(|work| !work.has_finding && !work.told.contains(&&hold.lock.relation))
    };
    let held: BTreeSet<&ObjectId> = holds.iter().map(|hold| &hold.lock.relation).collect();
    held.len() >= SUM_MIN || holds.iter().any(is_untold)
}

/// Who else waits while a statement works, because earlier statements of the transaction have locked it: a fact for the
/// finding that tells of the work. Nothing where the sum is told, or nobody else waits.
pub(crate) fn meanwhile(context: &Context<'_>) -> Option<String> {
    let work = work::work_of(context).filter(|work| work.has_finding)?;
    let first = context
        .earlier_in_transaction()
        .find(|earlier| context.is_judged(earlier) && !taken(&context.at(*earlier)).is_empty())?;
    let there = context.at(first);
    let works = work::works(&there);
    let all: Vec<Hold<'_>> = std::iter::once(first)
        .chain(there.later_in_transaction())
        .flat_map(|at| holds(&there, at, &works))
        .collect();
    let held: Vec<&Hold<'_>> = all
        .iter()
        .filter(|hold| hold.at.position < context.position && !work.told.contains(&&hold.lock.relation))
        .collect();
    if held.is_empty() || is_news(&all, &works) {
        return None;
    }
    let places: BTreeSet<String> = held.iter().map(|hold| hold.at.place(context)).collect();
    let places: Vec<String> = places.into_iter().collect();
    Some(format!(
        "Meanwhile {} wait as well, for locks of {}.",
        phrase::lowercase_first(&who_waits(&held)),
        phrase::some_of(&places, TABLES_MAX, "statement")
    ))
}

/// Whether an earlier judged statement of the transaction holds a lock over work: the finding stands there.
fn is_told_earlier(context: &Context<'_>) -> bool {
    context.earlier_in_transaction().any(|earlier| {
        let there = context.at(earlier);
        context.is_judged(&earlier)
            && !taken(&there).is_empty()
            && !holds(&there, earlier, &work::works(&there)).is_empty()
    })
}

/// The locks of one statement that are held over work which nothing else tells of.
fn holds<'a>(context: &Context<'a>, at: Neighbour<'a>, works: &[Work<'a>]) -> Vec<Hold<'a>> {
    if !at.ran() || !works.iter().any(|work| work.at.position > at.position) {
        return Vec::new();
    }
    let taken = taken(&context.at(at)).into_iter();
    let held = taken.filter_map(|lock| {
        let later = || works.iter().filter(|work| work.at.position > at.position);
        let is_news = later().any(|work| !work.told.contains(&&lock.relation));
        // What it grows to after the last work makes nobody wait for work.
        let meanwhile = later()
            .flat_map(|work| &work.at.effect.locks)
            .filter(|held| held.relation == lock.relation)
            .map(|held| held.mode);
        is_news.then(|| Hold {
            at,
            lock,
            strongest: meanwhile.max().unwrap_or(lock.mode).max(lock.mode),
        })
    });
    held.collect()
}

/// The locks with which the statement is the first of its transaction to make others wait for a table, the tables that it
/// changes itself first.
fn taken<'a>(context: &Context<'a>) -> Vec<&'a HeldLock> {
    if !context.is_judged_for_locks() {
        return Vec::new();
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
    taken.retain(|lock| {
        let parents = context.partition_parents(&lock.relation);
        !parents.iter().any(|parent| relations.contains(parent))
    });
    let changed: Vec<ObjectId> = context
        .steps()
        .iter()
        .filter_map(|step| step.after.or(step.before))
        .map(|object| context.table_of(&object.id))
        .collect();
    taken.sort_by_key(|lock| (!changed.contains(&lock.relation), std::cmp::Reverse(lock.mode)));
    taken
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

fn finding(context: &Context<'_>, first: &Hold<'_>, holds: &[Hold<'_>], works: &[Work<'_>]) -> Finding {
    let works: Vec<&Work<'_>> = works
        .iter()
        .filter(|work| work.at.position > first.at.position)
        .collect();
    let message = format!(
        "{} wait while {} of the transaction {}",
        who_waits(&holds.iter().collect::<Vec<_>>()),
        phrase::count(works.len(), "later statement"),
        if works.len() == 1 { "works" } else { "work" },
    );
    let mut finding = context.lock_finding(&RULE, first.lock, message);
    finding.evidence.facts.extend(lock_facts(context, holds));
    finding.evidence.facts.extend(work::facts(context, &works, FACTS_MAX));
    finding
        .advice
        .push("End the transaction before the work begins, or do the work first and take the lock last.".to_owned());
    finding.advice.push(tool_advice::committed_separately(
        context.history.tool,
        context.migration.run_mode,
    ));
    finding
}

/// `Reads and writes on orders and writes on users`.
fn who_waits(holds: &[&Hold<'_>]) -> String {
    let waiting = |blocked: &'static str| {
        let of_kind = holds.iter().filter(|hold| phrase::blocked(hold.strongest) == blocked);
        let tables: Vec<&ObjectId> = of_kind.map(|hold| &hold.lock.relation).collect();
        (!tables.is_empty()).then(|| {
            let tables = phrase::some_of(&tables, TABLES_MAX, "table");
            format!("{blocked} on {tables}")
        })
    };
    let both = [waiting("reads and writes"), waiting("writes")];
    phrase::uppercase_first(&both.into_iter().flatten().collect::<Vec<_>>().join(", and "))
}

/// The locks after the first, one sentence for those that one statement took.
fn lock_facts(context: &Context<'_>, holds: &[Hold<'_>]) -> Vec<String> {
    let others = holds.get(1..).unwrap_or_default();
    let groups: Vec<&[Hold<'_>]> = others
        .chunk_by(|a, b| a.at.position == b.at.position && a.strongest == b.strongest)
        .collect();
    let mut facts: Vec<String> = groups
        .iter()
        .take(FACTS_MAX)
        .map(|group| {
            let tables: Vec<&ObjectId> = group.iter().map(|hold| &hold.lock.relation).collect();
            let since = if group[0].at.position == context.position {
                String::new()
            } else {
                format!(" from {} on", group[0].at.place(context))
            };
            format!(
                "{} on {} blocks {}{since}.",
                group[0].strongest,
                phrase::some_of(&tables, TABLES_MAX, "table"),
                phrase::blocked(group[0].strongest)
            )
        })
        .collect();
    let more: usize = groups.iter().skip(FACTS_MAX).map(|group| group.len()).sum();
    if more > 0 {
        facts.push(format!(
            "Later statements lock {} as well.",
            phrase::count(more, "more table")
        ));
    }
    facts
}
