//! Trying a fix in place of the statement that it replaces, one file per engine.
pub mod postgres;

use std::collections::BTreeSet;

use dbwright_catalog::{Finding, Fix, ObjectId, ObjectKind, Trace};

/// A fix and the statement that it would replace.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// Index into the migrations of the history.
    pub migration: usize,
    /// Index into the statements of the migration.
    pub statement: usize,
    /// What would be run instead.
    pub fix: &'a Fix,
    /// The tables concerned: they hold rows while the fix is tried.
    pub tables: BTreeSet<ObjectId>,
}

impl<'a> Candidate<'a> {
    /// The fix of a finding, where it has one; the tables are those that the statement locked.
    pub fn of(finding: &'a Finding, trace: &Trace) -> Option<Self> {
        let fix = finding.fix.as_ref()?;
        let (migration, statement) = finding.place.statement?;
        let effect = trace.migrations.get(migration)?.effects.get(statement)?;
        let locked = effect
            .locks
            .iter()
            .map(|lock| &lock.relation)
            .chain(&finding.evidence.relation);
        let tables = locked.filter(|id| id.kind == ObjectKind::Table).cloned().collect();
        Some(Candidate {
            migration,
            statement,
            fix,
            tables,
        })
    }
}
