//! Reading the catalog of a database, one file per engine.
pub mod mysql_family;
pub mod postgres;
pub mod sqlite;
