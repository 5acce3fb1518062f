//! Trying what insights propose. A change that does not make the plan better is not offered.

use dbwright_advise::read_plan;
use dbwright_catalog::{
    ChangePurpose, Engine, Operation, PlanChangeKind, PlanFacts, PlanFinding, PlanTrial, QueryPlan,
};
use dbwright_live::connect::Connection;
use dbwright_live::explain::{ExplainOptions, Explained, explain};

use super::ask::{Asked, settings};
use super::bench::Bench;
use super::complete;
use crate::EngineerError;

/// Said of an index of SQLite that was tried.
const BEFORE_ANALYZE: &str = "Planned as SQLite plans until the next `ANALYZE`, which counts how many values it has.";

/// A plan is better from this share of the cost before on.
const BETTER_COST: f64 = 0.95;

/// A run is faster from this share of the time before on; times differ from run to run.
const BETTER_TIME: f64 = 0.8;

/// Tries each change on the server that made the plan, which was asked this.
pub(super) async fn tried(
    bench: &mut Bench<'_>,
    query: &Asked,
    plan: &QueryPlan,
    known: &PlanFacts,
    findings: Vec<PlanFinding>,
) -> Result<Vec<PlanFinding>, EngineerError> {
    let run = plan.is_measured();
    let mut kept = Vec::new();
    for mut finding in findings {
        let Some(mut change) = finding.change.take() else {
            kept.push(finding);
            continue;
        };
        let mut added = Vec::new();
        change.trial = match change.kind {
            PlanChangeKind::Query => {
                let filled = bench.filled(&change.sql).await?;
                let instead = Asked {
                    before: settings(&filled.values),
                    text: filled.text,
                };
                let run = run && filled.values.is_empty();
                let ours = bench.is_ours();
                asked(bench.connection, &instead, known, run, ours).await?
            }
            PlanChangeKind::Setting => {
                let mut set = query.clone();
                set.before.push(change.sql.clone());
                let ours = bench.is_ours();
                asked(bench.connection, &set, known, run, ours).await?
            }
            PlanChangeKind::Index => {
                let trial = with_index(bench, query, plan, known, &change.sql).await?;
                added = trial.1;
                trial.0
            }
        };
        if !added.is_empty() && bench.server().engine == Engine::Sqlite {
            change.remarks.push(BEFORE_ANALYZE.to_owned());
        }
        let holds = match &change.trial {
            PlanTrial::Planned(after) if leaves_limit_out(bench.connection, plan, after) => true,
            PlanTrial::Planned(after) => is_better(plan, after, &added),
            PlanTrial::NotTried(_) => change.purpose != ChangePurpose::Evidence,
            PlanTrial::Refused(_) => false,
        };
        match change.purpose {
            ChangePurpose::Evidence if !holds => continue,
            ChangePurpose::Cost if !holds => {}
            ChangePurpose::Result if matches!(change.trial, PlanTrial::Refused(_)) => {}
            ChangePurpose::Cost | ChangePurpose::Evidence | ChangePurpose::Result => finding.change = Some(change),
        }
        kept.push(finding);
    }
    Ok(kept)
}

/// What is left where nothing can be tried.
pub(super) fn not_tried(findings: Vec<PlanFinding>) -> Vec<PlanFinding> {
    let stands = |finding: &PlanFinding| {
        let change = finding.change.as_ref();
        change.is_none_or(|change| change.purpose != ChangePurpose::Evidence)
    };
    let mut findings: Vec<PlanFinding> = findings.into_iter().filter(stands).collect();
    for change in findings.iter_mut().filter_map(|finding| finding.change.as_mut()) {
        change.trial = PlanTrial::NotTried("the plan came from elsewhere".to_owned());
    }
    findings
}

/// The plan with an index that only a twin can have, and the names of what was made.
async fn with_index(
    bench: &mut Bench<'_>,
    query: &Asked,
    plan: &QueryPlan,
    known: &PlanFacts,
    sql: &str,
) -> Result<(PlanTrial, Vec<String>), EngineerError> {
    let Some((connection, twin)) = bench.twin().await? else {
        let why = "an index is tried on a twin (`dbwright capture URL -o FILE`, `dbwright explain --on FILE`)";
        return Ok((PlanTrial::NotTried(why.to_owned()), Vec::new()));
    };
    if connection.server().engine == Engine::Sqlite {
        let same = matches!(
            asked(connection, query, known, false, true).await?,
            PlanTrial::Planned(before) if before.root == plan.root
        );
        if !same {
            let why = "a copy of its schema and statistics plans this query otherwise";
            return Ok((PlanTrial::NotTried(why.to_owned()), Vec::new()));
        }
    }
    let indexes = match twin.add_index(sql).await {
        Ok(indexes) => indexes,
        Err(error) => {
            let problem = EngineerError::from(error).message();
            // The operators of an extension that is not there yet.
            let trial = if sql.contains("gin_trgm_ops") {
                PlanTrial::NotTried("the extension pg_trgm is not in this database".to_owned())
            } else {
                PlanTrial::Refused(problem)
            };
            return Ok((trial, Vec::new()));
        }
    };
    let planned = asked(connection, query, known, false, true).await;
    for index in &indexes {
        twin.drop_index(index).await?;
    }
    Ok((planned?, indexes.into_iter().map(|index| index.name).collect()))
}

async fn asked(
    connection: &mut Connection,
    query: &Asked,
    known: &PlanFacts,
    run: bool,
    on_our_server: bool,
) -> Result<PlanTrial, EngineerError> {
    let options = ExplainOptions {
        run,
        before: query.before.clone(),
        on_our_server,
    };
    let server = connection.server().clone();
    Ok(match explain(connection, &query.text, &options).await? {
        Explained::Refused(problem) => PlanTrial::Refused(problem),
        Explained::Withheld(why) => PlanTrial::NotTried(why),
        Explained::Plan { text, .. } => match read_plan(server.engine, &text) {
            Ok(mut plan) => {
                complete(&mut plan, &query.text, known, &server);
                PlanTrial::Planned(Box::new(plan))
            }
            Err(no_plan) => PlanTrial::Refused(no_plan.to_string()),
        },
    })
}

/// Whether a plan sorts no longer, on MariaDB, whose costs do not take a `LIMIT` into account: it chooses such a plan where it is
/// cheaper with it.
fn leaves_limit_out(connection: &Connection, before: &QueryPlan, after: &QueryPlan) -> bool {
    let sorts = |plan: &QueryPlan| plan.nodes().iter().any(|(_, node)| node.operation == Operation::Sort);
    connection.server().engine == Engine::MariaDb && sorts(before) && !sorts(after)
}

/// Whether a plan is better than the one before. Where a server tells no cost: it uses the indexes that were made for it, or reads
/// fewer rows as far as that is known.
fn is_better(before: &QueryPlan, after: &QueryPlan, added: &[String]) -> bool {
    if let (Some(before), Some(after)) = (before.execution_ms, after.execution_ms) {
        return after < before * BETTER_TIME;
    }
    if let (Some(before), Some(after)) = (before.total_cost(), after.total_cost()) {
        return after < before * BETTER_COST;
    }
    if added.is_empty() {
        let reads = |plan: &QueryPlan| plan.costs().first().map_or(0.0, |cost| cost.inclusive);
        return reads(after) < reads(before) * BETTER_COST;
    }
    let used = after.nodes().into_iter().filter_map(|(_, node)| node.index.as_ref());
    // Sorting what came in order before is no help.
    let sorts = |plan: &QueryPlan| {
        let nodes = plan.nodes().into_iter();
        nodes.filter(|(_, node)| node.operation == Operation::Sort).count()
    };
    before.root != after.root && sorts(after) <= sorts(before) && used.into_iter().any(|index| added.contains(index))
}
