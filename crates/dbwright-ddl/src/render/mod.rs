//! A catalog as SQL that creates it, one file per engine.

mod mysql_family;
mod postgres;
pub(crate) mod sqlite;

use dbwright_catalog::{Catalog, Engine, Refusal, Step};

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
