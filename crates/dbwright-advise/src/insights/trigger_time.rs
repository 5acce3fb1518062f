//! Triggers took a good part of the time.
//!
//! A trigger runs for each row. Foreign keys are triggers as well: for each deleted row the referencing table is searched, which
//! without an index on its column means to read all of it.
//!
//! How it is found: in a plan of a statement that was run, triggers took at least a fifth of the time, and ten milliseconds.
//! dbwright runs no statement that writes, so that such a plan comes from elsewhere (`--plan`).
//!
//! ```sql setup postgres
//! CREATE TABLE customer (id integer PRIMARY KEY);
//! INSERT INTO customer SELECT n FROM generate_series(1, 300) n;
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customer);
//! INSERT INTO orders SELECT n, 1 FROM generate_series(1, 20000) n;
//! CREATE TABLE note (id integer PRIMARY KEY);
//! INSERT INTO note SELECT n FROM generate_series(1, 300) n;
//! ```
//!
//! ```sql told postgres kept
//! DELETE FROM customer WHERE id > 100
//! ```
//!
//! ```sql silent postgres kept
//! DELETE FROM note WHERE id > 100
//! ```
//!
//! What to do: index the columns of foreign keys that refer to the table; do the work of a trigger once for the statement
//! (`FOR EACH STATEMENT` with transition tables) instead of once for each row.
//!
//! See <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK>.

use dbwright_catalog::{Engine, PlanFinding, Severity};

use crate::context::{Context, rows_told};
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "trigger-time",
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    source: include_str!("trigger_time.rs"),
    look,
};

/// Milliseconds that are worth a word.
const TRIGGERS_MIN: f64 = 10.0;

/// The share of the time.
const SHARE_MIN: f64 = 0.2;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let Some(execution) = context.plan.execution_ms else {
        return;
    };
    for trigger in &context.plan.triggers {
        if trigger.total_ms < TRIGGERS_MIN || trigger.total_ms < SHARE_MIN * execution {
            continue;
        }
        let name = trigger.constraint.as_ref().unwrap_or(&trigger.name);
        let mut finding = INSIGHT.finding(
            None,
            format!(
                "The trigger of {name} took {:.0} of {execution:.0} ms",
                trigger.total_ms
            ),
        );
        finding
            .evidence
            .push(format!("It ran {} times.", rows_told(trigger.calls)));
        finding.advice.push(if trigger.constraint.is_some() {
            "Index the column that refers to this table: without an index all of the other table is read for each row."
                .to_owned()
        } else {
            "Do its work once for the statement instead of once for each row, or later.".to_owned()
        });
        findings.push(finding);
    }
}
