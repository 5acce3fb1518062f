//! A catalog as SQL that creates it, one file per engine.

pub(crate) mod mysql_family;
pub mod postgres;
pub(crate) mod sqlite;

use dbwright_catalog::{Catalog, Engine, Refusal, Step};

pub use mysql_family::code::{Circumstances, without_definer};
pub use mysql_family::text::{TableOptions, TableText, table_text, with_collation, without_comment};

/// A catalog as SQL.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rendered {
    /// Statements that create it in an empty database, in an order that works, each with the objects that it makes.
    pub steps: Vec<Step>,
    /// Objects that could not be written as SQL, and why.
    pub refusals: Vec<Refusal>,
}

/// The SQL that recreates a catalog in an empty database of the same engine and major.
pub fn render(catalog: &Catalog) -> Rendered {
    match catalog.server.engine {
        Engine::Postgres => postgres::render(catalog),
        Engine::MySql | Engine::MariaDb => mysql_family::render(catalog),
        Engine::Sqlite => sqlite::render(catalog),
    }
}
