//! The integration tests of this crate: generated rows go into real SQLite databases; those for MySQL and MariaDB are
//! looked at.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod mysql_family;
mod rename;
mod rows;
mod schema;
