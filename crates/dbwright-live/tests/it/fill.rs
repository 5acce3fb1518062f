//! Generated rows on real servers.

mod postgres;
mod sqlite;
