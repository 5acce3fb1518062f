//! What statements mean for production: how large the tables are that they work on, who waits, and for how long.
//!
//! Effects are seen on tables with a few rows; a snapshot knows how many there are, and measured rates of this machine what
//! the same work takes on them. What has no rate is left without a time.

mod clock;
mod memory;
mod tell;
#[cfg(test)]
mod tests;
mod work;

pub use tell::{tell_impacts, told_rates};

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Effect, Engine, Finding, History, Impact, ObjectId, ObjectKind, Rates, Snapshot, StoredKind, StoredRelation,
    TableImpact, TableWork, TimeRange, Trace, Traffic, Waiting,
};

use crate::statement_text;

/// What the statements of these findings mean for the production that a snapshot was taken of.
pub fn impacts(
    history: &History,
    trace: &Trace,
    findings: &[Finding],
    snapshot: &Snapshot,
    rates: Option<&Rates>,
) -> Vec<Impact> {
    let production = Production {
        history,
        snapshot,
        rates,
    };
    let places: BTreeSet<(usize, usize)> = findings.iter().filter_map(|finding| finding.place.statement).collect();
    let impacts = places.into_iter().filter_map(|statement| {
        let effect = trace.effect(statement)?;
        let work = production.work(trace, statement);
        let held = production.held(trace, statement, effect);
        let mut waiting = waiting(effect);
        if snapshot.server.engine == Engine::Sqlite {
            // One session writes in a database at a time.
            waiting.extend(work.keys().map(|table| (table.clone(), Waiting::Writes)));
        }
        let tables: BTreeSet<&ObjectId> = work.keys().chain(waiting.keys()).collect();
        let tables = tables.into_iter().filter_map(|id| {
            let stored = production.table(id)?;
            let waits = waiting.get(id).copied().unwrap_or(Waiting::Nobody);
            Some(TableImpact {
                table: id.clone(),
                rows: rows(stored),
                bytes: production.bytes(stored),
                waiting: waits,
                traffic: production.traffic(stored),
                work: work.get(id).cloned().unwrap_or_default(),
                memory: memory::of_copy(snapshot, trace, effect, id, rows(stored)),
                held: held.filter(|_| waits > Waiting::Nobody),
            })
        });
        let tables: Vec<TableImpact> = tables.collect();
        (!tables.is_empty()).then_some(Impact { statement, tables })
    });
    impacts.collect()
}

/// Whether a statement of these findings works on a table of the snapshot, so that rates would tell something.
pub fn needs_rates(history: &History, trace: &Trace, findings: &[Finding], snapshot: &Snapshot) -> bool {
    let impacts = impacts(history, trace, findings, snapshot, None);
    impacts
        .iter()
        .flat_map(|impact| &impact.tables)
        .any(|table| !table.work.is_empty())
}

/// A snapshot with what it is read by.
struct Production<'a> {
    history: &'a History,
    snapshot: &'a Snapshot,
    rates: Option<&'a Rates>,
}

impl Production<'_> {
    /// The table of this name; nothing for what a migration makes.
    fn table(&self, id: &ObjectId) -> Option<&StoredRelation> {
        let is_it = |relation: &&StoredRelation| {
            let is_table = matches!(
                relation.kind,
                StoredKind::Table | StoredKind::PartitionedTable | StoredKind::MaterialisedView
            );
            // Only PostgreSQL has schemas in a database; elsewhere the catalog calls the one that there is `main`.
            let is_there = relation.schema == id.schema() || id.schema() == "main";
            is_table && is_there && relation.name == id.name()
        };
        self.snapshot.relations.iter().find(is_it)
    }

    /// What the rows of a table take, with their long values.
    fn bytes(&self, table: &StoredRelation) -> Option<u64> {
        let of_toast = |relation: &&StoredRelation| {
            relation.kind == StoredKind::Toast && relation.schema == table.schema && relation.name == table.name
        };
        let toast = self.snapshot.relations.iter().find(of_toast);
        let long_values = toast.and_then(|toast| toast.bytes).unwrap_or_default();
        table.bytes.map(|bytes| bytes + long_values)
    }

    fn traffic(&self, table: &StoredRelation) -> Option<Traffic> {
        let (activity, since) = (table.activity?, self.snapshot.counted_since.as_deref()?);
        let over = clock::between(since, &self.snapshot.taken_at)?;
        let sum = |counts: &[i64]| counts.iter().filter_map(|count| u64::try_from(*count).ok()).sum();
        Some(Traffic {
            reads: sum(&[activity.sequential_scans, activity.index_scans]),
            writes: sum(&[activity.inserted, activity.updated, activity.deleted]),
            over,
        })
    }

    /// What a statement does to tables of production that takes time, by table.
    fn work(&self, trace: &Trace, statement: (usize, usize)) -> BTreeMap<ObjectId, Vec<TableWork>> {
        let mut by_table: BTreeMap<ObjectId, Vec<TableWork>> = BTreeMap::new();
        for (table, work) in work::of(self, trace, statement) {
            by_table.entry(table).or_default().push(work);
        }
        by_table
    }

    /// Whether a statement takes all rows of what it reads: nothing in it chooses.
    fn takes_all(&self, (migration, statement): (usize, usize)) -> bool {
        let migration = self.history.migrations.get(migration);
        let Some(statement) = migration.and_then(|migration| migration.statements.get(statement)) else {
            return false;
        };
        let words = statement_text::words(self.history.engine, &statement.text);
        let first = words.first().map_or("", String::as_str);
        let chooses = |word: &String| {
            matches!(word.as_str(), "where" | "limit" | "join" | "using") || (first == "update" && word == "from")
        };
        matches!(first, "update" | "delete" | "insert" | "create") && !words.iter().any(chooses)
    }

    /// How long the locks of a statement are held: until its transaction ends. Nothing where some of it can't be estimated.
    fn held(&self, trace: &Trace, (migration, statement): (usize, usize), effect: &Effect) -> Option<TimeRange> {
        let effects = &trace.migrations.get(migration)?.effects;
        let together = (statement..effects.len()).take_while(|later| effects[*later].transaction == effect.transaction);
        let works = together.flat_map(|statement| work::of(self, trace, (migration, statement)));
        let nothing = TimeRange::default();
        works
            .map(|(_, work)| work.time)
            .try_fold(nothing, |sum, time| Some(sum.then(time?)))
            .filter(|sum| *sum != nothing)
    }
}

/// A setting of production, where the snapshot has it.
fn setting<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a str> {
    let mut settings = snapshot.settings.iter();
    let setting = settings.find(|setting| setting.name == name)?;
    Some(&setting.value)
}

/// Rows, where they were counted, or where there is no page for them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of rows, which the server keeps as a float"
)]
fn rows(table: &StoredRelation) -> Option<u64> {
    if table.tuples >= 0.0 {
        return Some(table.tuples as u64);
    }
    (table.bytes == Some(0)).then_some(0)
}

/// Who waits on which table: of several locks on one, for the strongest.
fn waiting(effect: &Effect) -> BTreeMap<ObjectId, Waiting> {
    let of_locks = effect
        .locks
        .iter()
        .filter(|lock| matches!(lock.relation.kind, ObjectKind::Table | ObjectKind::View))
        .map(|lock| (&lock.relation, (lock.mode.blocks_reads(), lock.mode.blocks_writes())));
    let of_operations = effect.operations.iter().map(|operation| {
        (
            &operation.table,
            (operation.lock.blocks_reads(), operation.lock.blocks_writes()),
        )
    });
    let mut waiting = BTreeMap::new();
    for (table, blocked) in of_locks.chain(of_operations) {
        let who = match blocked {
            (true, _) => Waiting::ReadsAndWrites,
            (false, true) => Waiting::Writes,
            (false, false) => continue,
        };
        let strongest = waiting.entry(table.clone()).or_insert(who);
        *strongest = who.max(*strongest);
    }
    waiting
}
