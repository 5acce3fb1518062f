//! What a rule reports.

use std::fmt;
use std::path::PathBuf;

use crate::{Known, LockMode, ObjectId, Proof, Server, Span, TableOperation};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Harmful on a table with many rows or traffic.
    Warning,
    /// Fails or loses data.
    Error,
}

impl Severity {
    /// The word for it: `note`, `warning`, `error`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a rule protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Availability: locks and time.
    Locks,
    /// The migration itself: it fails.
    Failure,
    /// Data: something is lost.
    DataLoss,
    /// The release that still runs while the migration does.
    Release,
    /// The schema: it works, and there is a better way.
    Design,
    /// The way back: it fails, or does not lead back.
    Rollback,
    /// Access: somebody can read, write or run what they should not, or can't what they should.
    Security,
}

impl Group {
    /// The name in wire formats and folder names: `locks`, `failure`, `data-loss`, `release`, `rollback`, `design`,
    /// `security`.
    pub fn name(self) -> &'static str {
        match self {
            Group::Locks => "locks",
            Group::Failure => "failure",
            Group::DataLoss => "data-loss",
            Group::Release => "release",
            Group::Rollback => "rollback",
            Group::Design => "design",
            Group::Security => "security",
        }
    }
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the root of the repository.
    pub path: PathBuf,
    /// Index of the migration in its history and of the statement in it, where it concerns one.
    pub statement: Option<(usize, usize)>,
    /// The bytes of the file that are shown. For a finding about a statement, the statement.
    pub span: Option<Span>,
    /// Line, counted from 1.
    pub line: u32,
}

/// What a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How it is known.
    pub known: Known,
    /// On which server it was observed (or for which it was predicted).
    pub server: Server,
    /// The object concerned.
    pub relation: Option<ObjectId>,
    /// The lock on it.
    pub lock: Option<LockMode>,
    /// How it is changed (MySQL and MariaDB).
    pub operation: Option<TableOperation>,
    /// Whole sentences with the facts: `scanned orders from end to end`, the server's error, the rows that were lost.
    pub facts: Vec<String>,
}

/// One step of a fix, to be run by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixStep {
    /// One SQL statement without its separator.
    pub sql: String,
    /// Whether it may run inside a transaction. CONCURRENTLY may not.
    pub in_transaction: bool,
    /// What takes this step alone back, in order, where that is known: the way back of a file that holds nothing else.
    pub undo: Vec<String>,
}

/// A safe version of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order: `Build the index without blocking writes.`
    pub summary: String,
    /// What replaces the statement, in order, each committed by itself.
    pub steps: Vec<FixStep>,
    /// Locks that the steps must not take, because the fix is offered for avoiding them.
    pub avoids: Vec<(ObjectId, LockMode)>,
    /// What came of trying it. Only a fix whose proof holds is shown.
    pub proof: Option<Proof>,
}

/// What a rule reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule: `table-rewrite`.
    pub rule: String,
    /// What it protects.
    pub group: Group,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What happens, in one sentence without a full stop: `CREATE INDEX blocks writes to orders`.
    pub message: String,
    /// What it rests on.
    pub evidence: Evidence,
    /// What to do, in whole sentences.
    pub advice: Vec<String>,
    /// The safe version, where one is known.
    pub fix: Option<Fix>,
}
