//! Trying rows until the server takes one.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ObjectId};
use dbwright_ddl::{ATTEMPTS, Row, Rows, candidates};

/// Why the server did not do something.
pub(super) struct Refusal {
    /// In the server's words.
    pub(super) message: String,
    /// Whether trying another row is of no use.
    pub(super) is_final: bool,
}

/// The guesses for one row of a table, each another one.
pub(super) struct Guesses<'a> {
    table: &'a ObjectId,
    /// Which row of the table, from 0.
    index: usize,
    attempt: usize,
    tried: BTreeSet<Vec<(String, String)>>,
    reason: String,
    is_over: bool,
}

impl<'a> Guesses<'a> {
    /// For row number `index` of this table.
    pub(super) fn new(table: &'a ObjectId, index: usize) -> Self {
        Guesses {
            table,
            index,
            attempt: 0,
            tried: BTreeSet::new(),
            reason: String::new(),
            is_over: false,
        }
    }

    /// The next row to try; the reason why there is none where all guesses were refused.
    pub(super) fn next(&mut self, catalog: &Catalog, ledger: &Rows) -> Result<Row, String> {
        while !self.is_over && self.attempt < ATTEMPTS {
            let row = candidates(catalog, ledger, self.table, self.index, self.attempt)?;
            self.attempt += 1;
            if self.tried.insert(row.values.clone()) {
                return Ok(row);
            }
        }
        Err(std::mem::take(&mut self.reason))
    }

    /// How many were tried.
    pub(super) fn count(&self) -> usize {
        self.attempt
    }

    /// Takes note of why the server did not take the row. The first reason is the one that counts, or a final one.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        if self.reason.is_empty() || refusal.is_final {
            self.reason = refusal.message;
        }
        self.is_over = refusal.is_final;
    }
}
