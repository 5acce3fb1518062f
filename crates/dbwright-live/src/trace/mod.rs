//! Running a history on a scratch server and watching what each statement does, one file per engine.
mod blame;
pub(crate) mod bookkeeping;
pub mod mysql_family;
pub mod postgres;
mod rebuilds;
pub mod sqlite;

pub(crate) use blame::words;

/// How far a trace has come, for progress output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Index of the migration that begins.
    pub migration: usize,
    /// How many there are.
    pub migrations: usize,
}
