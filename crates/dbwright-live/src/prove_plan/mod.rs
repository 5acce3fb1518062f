//! Carrying out a plan on a copy of the schema that it starts from, with generated rows in its tables, one file per engine.

pub mod mysql_family;
pub mod sqlite;
