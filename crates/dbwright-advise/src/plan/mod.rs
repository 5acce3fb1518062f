//! Plans as servers print them, read into [`QueryPlan`](dbwright_catalog::QueryPlan)s.

mod json;
mod mysql_family;
mod postgres;
mod printed;
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
    let json = match printed::json_in(text)? {
        Some((json, false)) => json,
        Some((_, true)) => {
            return Err(NoPlan(
                "it holds several plans; give each in a file of its own, `--plan` may be given several times"
                    .to_owned(),
            ));
        }
        None => return read_kept_tree(engine, text),
    };
    let has = |mark: &str| json.contains(mark);
    // What stands in conditions of PostgreSQL may look like anything.
    let is_of_mysql_family = ["\"query_block\"", "\"query_plan\"", "-> "].into_iter().any(has);
    let told = if is_of_mysql_family && !has("\"Node Type\"") {
        Engine::MySql
    } else {
        Engine::Postgres
    };
    match engine.unwrap_or(told) {
        Engine::Postgres => read_postgres_file(&json).map(|(plan, query)| (Engine::Postgres, plan, query)),
        Engine::MySql | Engine::MariaDb => read_mysql_family(&json).map(|(plan, engine)| (engine, plan, None)),
        Engine::Sqlite => read_sqlite(&json).map(|plan| (Engine::Sqlite, plan, None)),
    }
}

/// Reads a plan that is drawn as a tree, by MySQL or by SQLite's shell.
fn read_kept_tree(engine: Option<Engine>, text: &str) -> Result<(Engine, QueryPlan, Option<String>), NoPlan> {
    if let Some(other) = printed::other_form(text) {
        return Err(other);
    }
    if printed::is_tree_of_mysql(text) && engine != Some(Engine::Sqlite) {
        return read_mysql_family(&printed::tree_on_lines(text)).map(|(plan, engine)| (engine, plan, None));
    }
    let first = text.trim_start();
    if first.starts_with("QUERY PLAN") || first.starts_with(['|', '`']) || engine == Some(Engine::Sqlite) {
        return read_sqlite(text).map(|plan| (Engine::Sqlite, plan, None));
    }
    Err(NoPlan(
        "no plan that is known: neither JSON, nor a tree of MySQL or of SQLite's shell".to_owned(),
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_plan_it_is_tells_its_form() {
        let tree = "-> Filter: (t.a = 1)  (cost=0.35 rows=1)\n    -> Table scan on t  (cost=0.35 rows=1)\n";
        for (printed, engine) in [
            (
                "[{\"Plan\": {\"Node Type\": \"Seq Scan\", \"Filter\": \"((doc -> 'a'::text) IS NOT NULL)\"}}]",
                Engine::Postgres,
            ),
            (
                " QUERY PLAN \n------------\n [          +\n {\"Plan\": {\"Node Type\": \"Result\"}}  +\n ]\n(1 row)\n",
                Engine::Postgres,
            ),
            (tree, Engine::MySql),
            (
                &format!("+----+\n| EXPLAIN |\n+----+\n| {tree} |\n+----+"),
                Engine::MySql,
            ),
            (&format!("| {tree} |"), Engine::MySql),
            (
                "*** 1. row ***\nEXPLAIN: -> Rows fetched before execution  (cost=0..0 rows=1)\n",
                Engine::MySql,
            ),
            (
                "EXPLAIN\n-> Sort: t.a  (cost=2 rows=1)\\n    -> Table scan on t  (cost=2 rows=1)\\n\n",
                Engine::MySql,
            ),
            ("QUERY PLAN\n`--SCAN t\n", Engine::Sqlite),
            ("|--SCAN t\n`--USE TEMP B-TREE FOR ORDER BY\n", Engine::Sqlite),
        ] {
            let told = read_kept_plan(None, printed).map(|(engine, ..)| engine);
            assert_eq!(told, Ok(engine), "{printed}");
        }
        let batch = "EXPLAIN\n-> Sort: t.a  (cost=2 rows=1)\\n    -> Table scan on t  (cost=2 rows=1)\\n\n";
        let (_, plan, _) = read_kept_plan(None, batch).unwrap();
        assert_eq!(plan.nodes().len(), 2);
    }

    #[test]
    fn what_is_not_read_is_told_with_what_to_ask_for() {
        let postgres = "                 QUERY PLAN\n-------------\n Limit  (cost=0.00..0.44 rows=5 width=42)\n   ->  Seq Scan on t  \
                        (cost=0.00..1093.00 rows=12648 width=42)\n(2 rows)\n";
        let table = "+----+-------------+-------+---------------+\n| id | select_type | table | possible_keys |\n";
        for (printed, problem) in [
            (
                postgres,
                "a plan of PostgreSQL that is not in JSON; `EXPLAIN (FORMAT JSON)`",
            ),
            (
                "->  Seq Scan on t  (cost=0.00..1.0 rows=1 width=4)",
                "a plan of PostgreSQL that",
            ),
            (
                table,
                "a plan as a table, which tells too little; `EXPLAIN FORMAT=TREE`",
            ),
            ("root:x:0:0:root:/root:/bin/bash\n", "no plan that is known"),
            ("{\"Plan\": 1", "not JSON: EOF"),
            ("{\"Plan\": 1}\n{\"Plan\": 2}", "it holds several plans"),
            ("", "no plan that is known"),
        ] {
            let told = read_kept_plan(None, printed).map(|_| ()).unwrap_err();
            assert!(told.0.starts_with(problem), "{printed}: {told}");
        }
    }
}
