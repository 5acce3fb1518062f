//! Carrying out a plan on a copy of the schema that it starts from, with generated rows in its tables, one file per engine.
//!
//! Not for deciding what a plan does; that is pure and stands in `dbwright-ddl`.

pub mod mysql_family;
pub mod postgres;
pub mod sqlite;
mod wanted;
