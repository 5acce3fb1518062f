//! What came of trying the way back of a migration.

use crate::{MigrationSet, ObjectId, Server, SqlError};

/// The way back of one migration under review.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rollback {
    /// Index into the migrations of the history.
    pub migration: usize,
    /// What came of it.
    pub outcome: RollbackOutcome,
}

/// What came of a way back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RollbackOutcome {
    /// There is none.
    Missing,
    /// It was not run, and why: a clause without a full stop.
    NotTried {
        /// The reason.
        reason: String,
    },
    /// The migration went up, back and up again, with generated rows in the tables.
    Ran(Box<RoundTrip>),
}

/// Up, back and up again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RoundTrip {
    /// Where it ran.
    pub server: Server,
    /// The first statement of the way back that failed. What follows was not tried then.
    pub failure: Option<WayFailure>,
    /// Whether the migration changed anything in the schema.
    pub changes_schema: bool,
    /// Whether the way back changed anything in the schema.
    pub goes_back: bool,
    /// What is not as it was before the migration, after the way back.
    pub differences: Vec<Difference>,
    /// Rows and values that were there before the migration and are not after the way back.
    pub lost: Vec<LostRows>,
    /// What came of going up a second time.
    pub again: Again,
    /// The ways back with which this one belongs together, where it is not right by itself: they were run from the newest to
    /// the oldest.
    pub together: Option<Together>,
    /// What is not as it was after all of these. Only the newest of them has it.
    pub left_together: Vec<Difference>,
}

/// Migrations whose ways back belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Together {
    /// Index of the oldest.
    pub first: usize,
    /// Index of the newest.
    pub last: usize,
    /// Whether one after the other they lead back, and the migrations can be applied again.
    pub leads_back: bool,
}

impl RoundTrip {
    /// Whether the schema came back and the migration can be applied again.
    pub fn is_proven(&self) -> bool {
        self.failure.is_none() && self.differences.is_empty() && self.again == Again::Same
    }
}

/// A statement that failed on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WayFailure {
    /// Its index.
    pub statement: usize,
    /// The server's words.
    pub error: SqlError,
    /// Whether it runs where the tables are empty.
    pub on_rows: bool,
}

/// What came of going up a second time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Again {
    /// It was not come to.
    NotTried,
    /// It ended in the same schema as the first time.
    Same,
    /// A statement failed.
    Fails(WayFailure),
    /// It ended in another schema than the first time.
    Other(Vec<Difference>),
}

/// An object that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Difference {
    /// Which one.
    pub object: ObjectId,
    /// In what way.
    pub kind: DifferenceKind,
}

/// In what way an object is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DifferenceKind {
    /// It was there and is not.
    Missing,
    /// It was not there and is.
    Left,
    /// It is another, in the server's words.
    Changed {
        /// What it was.
        was: String,
        /// What it is.
        is: String,
    },
}

/// What one table has lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LostRows {
    /// The table.
    pub table: ObjectId,
    /// How many rows it held before the migration.
    pub rows_before: u64,
    /// How many it held after the way back.
    pub rows_after: u64,
    /// How many were lost on the way back; the others were lost by the migration itself.
    pub rows_lost_back: u64,
    /// Columns whose values are not what they were, of rows that are still there.
    pub columns: Vec<LostValues>,
}

/// What one column has lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LostValues {
    /// Its name.
    pub column: String,
    /// How many values it held before the migration; NULL is none.
    pub values: u64,
    /// How many of them are not there any more.
    pub lost: u64,
    /// How many of these were still there after the migration, so that it is the way back that loses them.
    pub lost_back: u64,
}

/// How far the migrations under review can be undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollbackCoverage {
    /// Migrations under review.
    pub migrations: usize,
    /// Those that have a way back that does something.
    pub with_way_back: usize,
    /// Those whose way back was run and proven by itself: the schema came back, and the migration could be applied again.
    pub proven: usize,
    /// Those whose way back is right only with the ways back of the migrations beside it, which was proven.
    pub proven_together: usize,
    /// Of the proven ones, those after which rows or values are lost.
    pub losing_rows: usize,
    /// Those whose way back fails.
    pub failing: usize,
    /// Those whose way back leaves another schema.
    pub leaving_differences: usize,
    /// Those that came back and could not be applied again, or not with the same end.
    pub not_repeatable: usize,
    /// Those whose way back was not run.
    pub not_tried: usize,
    /// Those without a way back, or with an empty one where there is something to be undone.
    pub missing: usize,
}

impl RollbackCoverage {
    /// Counts what came of the ways back.
    pub fn of(rollbacks: &[Rollback]) -> Self {
        let mut coverage = RollbackCoverage {
            migrations: rollbacks.len(),
            ..RollbackCoverage::default()
        };
        for rollback in rollbacks {
            coverage.count(&rollback.outcome);
        }
        coverage
    }

    fn count(&mut self, outcome: &RollbackOutcome) {
        let trip = match outcome {
            RollbackOutcome::Missing => {
                self.missing += 1;
                return;
            }
            RollbackOutcome::NotTried { .. } => {
                self.with_way_back += 1;
                self.not_tried += 1;
                return;
            }
            RollbackOutcome::Ran(trip) => trip,
        };
        if trip.does_nothing() {
            self.missing += 1;
            return;
        }
        self.with_way_back += 1;
        let together = trip.together.filter(|_| !trip.is_proven());
        if together.is_some_and(|together| together.leads_back) {
            self.proven_together += 1;
        } else if together.is_some() {
            self.leaving_differences += 1;
        } else if trip.failure.is_some() {
            self.failing += 1;
        } else if !trip.differences.is_empty() {
            self.leaving_differences += 1;
        } else if trip.again != Again::Same {
            self.not_repeatable += 1;
        } else {
            self.proven += 1;
            self.losing_rows += usize::from(!trip.lost.is_empty());
        }
    }
}

impl RoundTrip {
    /// Whether the way back leaves the schema as the migration has made it, although there is something to be undone.
    pub fn does_nothing(&self) -> bool {
        self.failure.is_none() && self.changes_schema && !self.goes_back
    }
}

impl MigrationSet {
    /// The indexes of the migrations under review, of so many.
    pub fn indexes(&self, migrations: usize) -> impl Iterator<Item = usize> + '_ {
        (0..migrations).filter(|index| self.contains(*index))
    }
}
