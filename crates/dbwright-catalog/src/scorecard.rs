//! How well a database and its migrations are looked after, in figures, and how risky each change is.

use crate::ObjectId;

/// The scorecard of one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scorecard {
    /// The figures, in the order in which they are told.
    pub figures: Vec<Figure>,
    /// One for each statement of the judged migrations, in their order.
    pub risks: Vec<ChangeRisk>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Which.
    pub kind: FigureKind,
    /// What it is.
    pub value: FigureValue,
    /// What it should be.
    pub target: Target,
    /// What it lacks, by name, and how to raise it, in whole sentences; nothing where it is as it should be.
    pub to_raise: Vec<String>,
}

/// What a figure tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FigureKind {
    /// Statements of the judged migrations that were observed.
    MigrationCoverage,
    /// Migrations with a way back whose way back was proven.
    RollbackSuccess,
    /// Objects in which a live database differs from its migrations.
    SchemaDrift,
    /// Tables that have a key, and relations that a foreign key keeps.
    ConstraintCoverage,
    /// Foreign keys that an index serves.
    IndexCoverage,
}

impl FigureKind {
    /// The name in wire formats and in `dbwright.toml`.
    pub fn name(self) -> &'static str {
        match self {
            FigureKind::MigrationCoverage => "migration-coverage",
            FigureKind::RollbackSuccess => "rollback-success",
            FigureKind::SchemaDrift => "schema-drift",
            FigureKind::ConstraintCoverage => "constraint-coverage",
            FigureKind::IndexCoverage => "index-coverage",
        }
    }

    /// What is counted.
    pub fn counts(self) -> &'static str {
        match self {
            FigureKind::MigrationCoverage => "statements observed",
            FigureKind::RollbackSuccess => "rollbacks proven",
            FigureKind::SchemaDrift => "objects that differ",
            FigureKind::ConstraintCoverage => "tables with a key and relations with a foreign key",
            FigureKind::IndexCoverage => "foreign keys with an index",
        }
    }
}

/// What a figure is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FigureValue {
    /// So many of so many.
    Share {
        /// Those that are as they should be.
        part: usize,
        /// All.
        whole: usize,
    },
    /// A number that should be 0.
    Number(usize),
    /// There is nothing to count.
    NothingToCount(String),
    /// It is not known, and why: one sentence without a full stop, that says what would make it known.
    Unknown(String),
}

impl FigureValue {
    /// The share in percent, rounded down, so that only all of it is 100.
    pub fn percent(&self) -> Option<u8> {
        match self {
            FigureValue::Share { part, whole } if *whole > 0 => u8::try_from(part * 100 / whole).ok(),
            FigureValue::Share { .. }
            | FigureValue::Number(_)
            | FigureValue::NothingToCount(_)
            | FigureValue::Unknown(_) => None,
        }
    }
}

/// What a figure should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// At least so many percent, and who says so where the project does (`dbwright.toml:12`).
    Percent {
        /// How many.
        percent: u8,
        /// Who sets it; nothing where it is dbwright's own.
        from: Option<String>,
    },
    /// None at all.
    Zero,
}

impl Figure {
    /// Whether it is as it should be; nothing where it is not known.
    pub fn is_met(&self) -> Option<bool> {
        match (&self.value, &self.target) {
            (FigureValue::Unknown(_), _) => None,
            (FigureValue::NothingToCount(_), _) => Some(true),
            (FigureValue::Number(number), _) => Some(*number == 0),
            (FigureValue::Share { .. }, Target::Percent { percent, .. }) => {
                Some(self.value.percent().is_none_or(|value| value >= *percent))
            }
            (FigureValue::Share { part, .. }, Target::Zero) => Some(*part == 0),
        }
    }

    /// Whether the project asks for more, so that a check fails.
    pub fn misses_threshold(&self) -> bool {
        let is_set = match &self.target {
            Target::Percent { from, .. } => from.is_some(),
            Target::Zero => false,
        };
        is_set && self.is_met() == Some(false)
    }
}

/// How much harm a change can do in production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Nothing that anybody uses is touched.
    None,
    /// It is over at once, or it works and there is a better way.
    Low,
    /// Writes wait for as long as a table is worked on, or nobody has seen what it does.
    Medium,
    /// Reads wait for as long as a table is worked on, or data is lost on purpose.
    High,
    /// It fails, or loses what nobody asked it to lose.
    Critical,
}

impl Risk {
    /// All, the least first.
    pub const ALL: [Risk; 5] = [Risk::None, Risk::Low, Risk::Medium, Risk::High, Risk::Critical];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Risk::None => "none",
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
            Risk::Critical => "critical",
        }
    }
}

/// The risk of one statement of a judged migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRisk {
    /// Index of its migration.
    pub migration: usize,
    /// Index of the statement in it.
    pub statement: usize,
    /// The objects that it creates, drops and alters, or whose rows it touches; parts of one table as that table.
    pub objects: Vec<ObjectId>,
    /// How much harm it can do.
    pub risk: Risk,
    /// Why, in short: rules that report it, or what was not seen.
    pub because: Vec<String>,
    /// Whether a schema is changed, so that every database needs it as a migration.
    pub needs_migration: bool,
    /// The foreign keys that it adds and no index serves.
    pub needs_index: bool,
    /// Whether rows that exist have to be filled, and this statement does not do it.
    pub needs_backfill: bool,
}
