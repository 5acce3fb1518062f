//! Fewer parallel workers ran than were planned.
//!
//! The plan was chosen because several processes would share its work. Where all workers of the server are busy with other
//! queries, the query runs with fewer or none, and a plan without them might have been better.
//!
//! How it is found: the query was run (`--analyze`), and a `Gather` that takes a good part of the time launched fewer workers
//! than it planned.
//!
//! ```sql setup postgres
//! CREATE TABLE reading (id integer PRIMARY KEY, value integer NOT NULL);
//! INSERT INTO reading SELECT n, n FROM generate_series(1, 200000) n;
//! DO $$ BEGIN
//!   EXECUTE format('ALTER DATABASE %I SET max_parallel_workers = 0', current_database());
//!   EXECUTE format('ALTER DATABASE %I SET parallel_setup_cost = 0', current_database());
//!   EXECUTE format('ALTER DATABASE %I SET min_parallel_table_scan_size = 0', current_database());
//! END $$;
//! ```
//!
//! ```sql told postgres analyze
//! SELECT sum(value) FROM reading WHERE value % 3 = 1
//! ```
//!
//! ```sql setup postgres
//! CREATE TABLE reading (id integer PRIMARY KEY, value integer NOT NULL);
//! INSERT INTO reading SELECT n, n FROM generate_series(1, 1000) n;
//! ```
//!
//! ```sql silent postgres analyze
//! SELECT sum(value) FROM reading WHERE value % 3 = 1
//! ```
//!
//! What to do: raise `max_parallel_workers` (and `max_worker_processes`, which needs a restart) if the machine has the cores; else
//! lower `max_parallel_workers_per_gather`, so that each query plans with fewer.
//!
//! See <https://www.postgresql.org/docs/current/how-parallel-query-works.html>.

use dbwright_catalog::{Engine, Operation, PlanFinding, Severity};

use crate::context::Context;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "workers-not-launched",
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    source: include_str!("workers_not_launched.rs"),
    look,
};

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes_of(&[Operation::Gather]) {
        let Some(workers) = node.workers else { continue };
        let Some(launched) = workers.launched.filter(|launched| *launched < workers.planned) else {
            continue;
        };
        if !context.is_much(context.costs[index].inclusive) {
            continue;
        }
        let mut finding = INSIGHT.finding(
            Some(index),
            format!("{} parallel workers were planned, and {launched} ran", workers.planned),
        );
        let settings = ["max_parallel_workers", "max_worker_processes"]
            .iter()
            .filter_map(|name| Some(format!("{name} is {}", context.facts.setting(name)?)));
        let told: Vec<String> = settings.collect();
        if !told.is_empty() {
            finding.evidence.push(format!("{}.", told.join(", ")));
        }
        finding.advice.push(
            "Raise max_parallel_workers if the machine has the cores, or let queries plan with fewer workers."
                .to_owned(),
        );
        findings.push(finding);
    }
}
