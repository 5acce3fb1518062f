//! An index is built CONCURRENTLY on a partitioned table, which PostgreSQL refuses.
//!
//! Without CONCURRENTLY it works, and is fine while nothing writes. There is a way that makes nobody wait: an index on the parent alone, which is invalid at first, one index built
//! CONCURRENTLY on each partition, and each of them attached; with the last one the parent's index becomes valid.
//!
//! ```sql setup postgres
//! CREATE TABLE events (id integer, at date) PARTITION BY RANGE (at);
//! CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
//! ```
//!
//! ```sql bad postgres mode:each-statement
//! CREATE INDEX CONCURRENTLY events_at_idx ON events (at);
//! ```
//!
//! What to do:
//!
//! ```sql good postgres mode:each-statement
//! CREATE INDEX events_at_idx ON ONLY events (at);
//! CREATE INDEX CONCURRENTLY events_2026_at_idx ON events_2026 (at);
//! ALTER INDEX events_at_idx ATTACH PARTITION events_2026_at_idx;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE>.

use dbwright_catalog::{Engine, Finding, Group, ObjectBody, ObjectId, ObjectKind, Severity, SqlError};

use super::statement_fails::{facts, one_line};
use crate::context::Context;
use crate::{Check, Claim, Rule, phrase, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "concurrently-on-partitioned",
    group: Group::Failure,
    severity: Severity::Error,
    engines: &[Engine::Postgres],
    claims: &[Claim::Error("0A000")],
    source: include_str!("concurrently_on_partitioned.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(error) = super::own_error(context).filter(|error| is_partitioned_refusal(error)) else {
        return;
    };
    let message = format!("The statement fails: {}", one_line(&error.message));
    let mut finding = context.finding(&RULE, None, message);
    finding.evidence.facts = facts(context, error);
    let partitions = partitions(context);
    if !partitions.is_empty() {
        let fact = format!("Its partitions are {}.", phrase::list(&partitions));
        finding.evidence.facts.push(fact);
    }
    finding.advice.push(
        "Create the index ON ONLY the partitioned table, build one on each partition CONCURRENTLY, and attach them with ALTER \
         INDEX … ATTACH PARTITION."
            .to_owned(),
    );
    findings.push(finding);
}

/// The partitions of the table that the error names.
fn partitions<'a>(context: &Context<'a>) -> Vec<&'a ObjectId> {
    let tables = context.timeline.standing_after(context.position, ObjectKind::Table);
    let mut partitions: Vec<&ObjectId> = tables
        .filter(|object| match &object.body {
            ObjectBody::Table(table) => table.partition.as_ref().is_some_and(|partition| {
                let parent = partition.parent.name();
                statement_text::names(context.history.engine, &context.statement.text, parent)
            }),
            _ => false,
        })
        .map(|object| &object.id)
        .collect();
    partitions.sort();
    partitions
}

/// Whether the server refuses to build, drop or rebuild the index of a partitioned table concurrently.
pub(super) fn is_partitioned_refusal(error: &SqlError) -> bool {
    matches!(error.code.as_str(), "0A000" | "42809")
        && error.message.contains("partitioned")
        && error.message.contains("concurrently")
}
