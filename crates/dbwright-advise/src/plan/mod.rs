//! Plans as servers print them, read into [`QueryPlan`](dbwright_catalog::QueryPlan)s.

mod postgres;

use dbwright_catalog::{Engine, QueryPlan};

pub use postgres::{read_postgres, read_postgres_file};

/// Reads what a server prints when it is asked for a plan as `dbwright explain` asks.
///
/// # Errors
///
/// When it is no plan.
pub fn read_plan(engine: Engine, text: &str) -> Result<QueryPlan, NoPlan> {
    match engine {
        Engine::Postgres => read_postgres(text),
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => Err(NoPlan(format!("plans of {engine} are not read yet"))),
    }
}

/// Why a text is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPlan(pub String);

impl std::fmt::Display for NoPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoPlan {}
