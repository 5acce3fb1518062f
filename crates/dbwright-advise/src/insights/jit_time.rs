//! Compiling expressions took longer than it was worth.
//!
//! From a certain cost on, PostgreSQL compiles expressions to machine code before it runs a query. Where the estimate of the cost is
//! too high, or the query touches many partitions, that takes longer than the query itself.
//!
//! How it is found: the query was run (`--analyze`), and compiling took at least a fifth of the time, and ten milliseconds.
//!
//! ```sql setup postgres
//! CREATE TABLE reading (id integer PRIMARY KEY, value integer NOT NULL);
//! INSERT INTO reading SELECT n, n FROM generate_series(1, 20000) n;
//! DO $$ BEGIN
//!   EXECUTE format('ALTER DATABASE %I SET jit = on', current_database());
//!   EXECUTE format('ALTER DATABASE %I SET jit_above_cost = 0', current_database());
//!   EXECUTE format('ALTER DATABASE %I SET jit_optimize_above_cost = 0', current_database());
//!   EXECUTE format('ALTER DATABASE %I SET jit_inline_above_cost = 0', current_database());
//! END $$;
//! ```
//!
//! ```sql told postgres analyze below:16
//! SELECT sum(value), avg(value), max(value % 7) FROM reading WHERE value > 10
//! ```
//!
//! ```sql setup postgres
//! CREATE TABLE reading (id integer PRIMARY KEY, value integer NOT NULL);
//! INSERT INTO reading SELECT n, n FROM generate_series(1, 20000) n;
//! ```
//!
//! ```sql silent postgres analyze
//! SELECT sum(value), avg(value), max(value % 7) FROM reading WHERE value > 10
//! ```
//!
//! What to do: `SET jit = off` for such queries, or raise `jit_above_cost` for the server (100000 unless somebody has changed
//! it).
//!
//! See <https://www.postgresql.org/docs/current/jit-decision.html>.

use dbwright_catalog::{ChangePurpose, Engine, PlanChangeKind, PlanFinding, Severity};

use crate::context::Context;
use crate::finding::change;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "jit-time",
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    source: include_str!("jit_time.rs"),
    look,
};

/// Milliseconds that are worth a word.
const COMPILING_MIN: f64 = 10.0;

/// The share of the time.
const SHARE_MIN: f64 = 0.2;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let (Some(jit), Some(execution)) = (context.plan.jit, context.plan.execution_ms) else {
        return;
    };
    let Some(compiling) = jit
        .total_ms
        .filter(|ms| *ms >= COMPILING_MIN && *ms >= SHARE_MIN * execution)
    else {
        return;
    };
    let mut finding = INSIGHT.finding(
        None,
        format!(
            "Compiling {} functions took {compiling:.0} of {execution:.0} ms",
            jit.functions
        ),
    );
    if let Some(above) = context.facts.setting("jit_above_cost") {
        finding.evidence.push(format!("jit_above_cost is {above}."));
    }
    finding
        .advice
        .push("Switch it off for such queries, or raise jit_above_cost.".to_owned());
    finding.change = Some(change(
        PlanChangeKind::Setting,
        ChangePurpose::Cost,
        "SET LOCAL jit = off".to_owned(),
        &[],
    ));
    findings.push(finding);
}
