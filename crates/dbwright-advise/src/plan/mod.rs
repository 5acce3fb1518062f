//! Plans as servers print them, read into [`QueryPlan`](dbwright_catalog::QueryPlan)s.

mod json;
mod mysql_family;
mod postgres;
mod sqlite;

use dbwright_catalog::{Engine, QueryPlan};

use mysql_family::read_mysql_family;
use postgres::{read_postgres, read_postgres_file};
pub use sqlite::complete_sqlite;
use sqlite::read_sqlite;
pub(crate) use sqlite::work as sqlite_work;

/// Reads what a server prints when it is asked for a plan as `dbwright explain` asks.
///
/// # Errors
///
/// When it is no plan.
pub fn read_plan(engine: Engine, text: &str) -> Result<QueryPlan, NoPlan> {
    match engine {
        Engine::Postgres => read_postgres(text),
        Engine::MySql | Engine::MariaDb => read_mysql_family(text).map(|(plan, _)| plan),
        Engine::Sqlite => read_sqlite(text),
    }
}

/// Reads a plan that somebody has kept: its engine, the plan, and the query where it stands beside the plan. Whose plan it is, its
/// form tells, unless the engine is known.
///
/// # Errors
///
/// When it is no plan.
pub fn read_kept_plan(engine: Option<Engine>, text: &str) -> Result<(Engine, QueryPlan, Option<String>), NoPlan> {
    let is_drawn = text.trim_start().starts_with("QUERY PLAN") || text.trim_start().starts_with(['|', '`']);
    let is_of_mysql_family = ["\"query_block\"", "\"query_plan\"", "-> "]
        .iter()
        .any(|mark| text.contains(mark));
    let told = match (is_drawn, is_of_mysql_family) {
        (true, _) => Engine::Sqlite,
        (false, true) => Engine::MySql,
        (false, false) => Engine::Postgres,
    };
    match engine.unwrap_or(told) {
        Engine::Postgres => read_postgres_file(text).map(|(plan, query)| (Engine::Postgres, plan, query)),
        Engine::MySql | Engine::MariaDb => read_mysql_family(text).map(|(plan, engine)| (engine, plan, None)),
        Engine::Sqlite => read_sqlite(text).map(|plan| (Engine::Sqlite, plan, None)),
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
