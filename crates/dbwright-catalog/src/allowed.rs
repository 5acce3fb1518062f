//! What somebody has looked at and accepted, with a comment in the migration.

use crate::{Date, Finding};

/// A comment that silences a rule, and counts: it has a reason and has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Why, in the words of the comment.
    pub reason: String,
    /// The last day on which it counts, where it has one.
    pub until: Option<Date>,
    /// Line of the comment, counted from 1, in the file of the finding; for one about a way back, in the file of either way.
    pub line: u32,
}

/// A finding that is not reported because a comment allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedFinding {
    /// What would be reported.
    pub finding: Finding,
    /// What allows it.
    pub allowance: Allowance,
}
