//! The integration tests of this crate: generated rows go into real SQLite databases.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod rows;
mod schema;
