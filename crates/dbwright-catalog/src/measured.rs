//! What was measured of a live database beside its schema: how far its counters are, and rows whose parents are missing.
//!
//! Numbers only. No value of a row is kept.

use crate::ObjectId;

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Counters that give numbers to rows.
    pub counters: Vec<Counter>,
    /// Relations whose rows were looked at.
    pub relations: Vec<Related>,
    /// What could not be measured, and why, as whole sentences.
    pub not_measured: Vec<String>,
}

/// A sequence, identity column or `AUTO_INCREMENT` that has given numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The column that gets the numbers, or the sequence where no column does.
    pub object: ObjectId,
    /// How much of its numbers is used, in thousandths.
    pub used_thousandths: u32,
    /// What ends it: `integer`, `int unsigned`, `the sequence's own MAXVALUE`.
    pub bound: String,
}

/// Columns that hold the keys of another table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The table with the columns.
    pub table: ObjectId,
    /// The columns.
    pub columns: Vec<String>,
    /// The table with the keys.
    pub parent: ObjectId,
    /// Its key, in the order of the columns.
    pub parent_columns: Vec<String>,
    /// How they are known to belong together.
    pub kind: RelationKind,
}

/// How columns are known to hold the keys of another table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelationKind {
    /// A foreign key that is `NOT VALID`.
    NotValidated(ObjectId),
    /// A foreign key that is `NOT ENFORCED`.
    NotEnforced(ObjectId),
    /// A foreign key that is checked only where the session says so (SQLite, MySQL, MariaDB).
    Switchable(ObjectId),
    /// No constraint says so, but names and types do.
    ByName,
}

/// A relation whose rows were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Which.
    pub relation: Relation,
    /// How many rows have a key that the parent does not have. Counting ends at [`Related::COUNTED_MAX`].
    pub orphans: u64,
    /// Whether any row has a key that the parent has.
    pub has_matches: bool,
}

impl Related {
    /// So many orphans are counted and no more.
    pub const COUNTED_MAX: u64 = 1000;
}
