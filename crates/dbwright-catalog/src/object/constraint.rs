//! Constraints and indexes of tables.

use super::{ObjectId, PostgresConstraint, PostgresIndex};

/// A constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Constraint {
    /// What it demands.
    pub kind: ConstraintKind,
    /// Whether existing rows are known to satisfy it. `NOT VALID` ones check only new rows.
    pub validated: bool,
    /// Whether it is checked at all (PostgreSQL 18 knows `NOT ENFORCED`).
    pub enforced: bool,
    /// `DEFERRABLE`.
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    pub initially_deferred: bool,
    /// `NO INHERIT`.
    pub no_inherit: bool,
    /// The index that enforces it.
    pub index: Option<ObjectId>,
    /// What only PostgreSQL constraints have.
    pub postgres: Option<PostgresConstraint>,
}

impl Constraint {
    /// One that holds for all rows and is checked at once.
    pub fn new(kind: ConstraintKind) -> Constraint {
        Constraint {
            kind,
            validated: true,
            enforced: true,
            deferrable: false,
            initially_deferred: false,
            no_inherit: false,
            index: None,
            postgres: None,
        }
    }
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ConstraintKind {
    /// `PRIMARY KEY` over these columns.
    PrimaryKey(Vec<String>),
    /// `UNIQUE` over these columns.
    Unique(Vec<String>),
    /// `FOREIGN KEY`.
    ForeignKey(ForeignKey),
    /// `CHECK`, with its expression as the server prints it, without the outer parentheses of the definition.
    Check(String),
    /// `EXCLUDE`, as the server prints it.
    Exclusion(String),
    /// A named `NOT NULL` (PostgreSQL 18) of this column.
    NotNull(String),
    /// A constraint trigger (PostgreSQL).
    Trigger,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ForeignKey {
    /// Columns of the referencing table.
    pub columns: Vec<String>,
    /// The referenced table.
    pub references: ObjectId,
    /// Columns of the referenced table.
    pub referenced_columns: Vec<String>,
    /// `CASCADE`, `SET NULL`, `SET DEFAULT`, `RESTRICT`, `NO ACTION`.
    pub on_delete: String,
    /// The same for updates of the key.
    pub on_update: String,
    /// `MATCH FULL`.
    pub match_full: bool,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Index {
    /// The table (or materialised view) it belongs to.
    pub table: ObjectId,
    /// `btree`, `gin` … (SQLite: `btree`).
    pub method: String,
    /// The key parts as the server prints them, each a column or an expression with its options.
    pub keys: Vec<String>,
    /// `INCLUDE` columns.
    pub included: Vec<String>,
    /// `WHERE` of a partial index.
    pub predicate: Option<String>,
    /// Whether it refuses duplicates.
    pub unique: bool,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
    /// Whether a constraint owns it (primary key, unique, exclusion).
    pub of_constraint: bool,
    /// Whether queries may use it. A failed `CREATE INDEX CONCURRENTLY` leaves it invalid.
    pub valid: bool,
    /// What only PostgreSQL indexes have.
    pub postgres: Option<PostgresIndex>,
}
