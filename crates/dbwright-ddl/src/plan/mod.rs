//! The steps that turn one schema into another, one file per engine.

mod graph;
mod mysql_family;
mod postgres;
mod sqlite;

use std::time::Duration;

pub use self::postgres::keeps_text;
use dbwright_catalog::{Catalog, Engine, Plan};

/// What a plan has to keep to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// How long a step may wait for a lock while others queue up behind it.
    pub lock_timeout: Duration,
    /// How long a step that only changes the catalog may run. Those that scan or build may take as long as they need.
    pub statement_timeout: Duration,
}

impl Default for PlanOptions {
    fn default() -> Self {
        PlanOptions {
            lock_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(20),
        }
    }
}

/// The steps that turn `before` into `after`. Both were printed by the same engine and major; renames were carried out
/// before (`before` is what they left).
pub fn plan(before: &Catalog, after: &Catalog, options: &PlanOptions) -> Plan {
    match after.server.engine {
        Engine::Postgres => postgres::plan(before, after, options),
        Engine::MySql | Engine::MariaDb => mysql_family::plan(before, after, options),
        Engine::Sqlite => sqlite::plan(before, after, options),
    }
}
