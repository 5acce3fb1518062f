//! Generated rows on real servers.

mod mysql_family;
mod postgres;
mod sqlite;
