//! Trying a fix in place of the statement that it replaces, one file per engine.
pub mod postgres;

use dbwright_catalog::Fix;

/// A fix and the statement that it would replace.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Index into the migrations of the history.
    pub migration: usize,
    /// Index into the statements of the migration.
    pub statement: usize,
    /// What would be run instead.
    pub fix: &'a Fix,
}
