//! Putting generated rows into the tables of a scratch database, one file per engine.
//!
//! Never for a user's database: rows are committed.

mod attempt;
pub mod mysql_family;
pub mod postgres;
pub(crate) mod reach;
mod scope;
pub mod sqlite;
