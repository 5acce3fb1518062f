//! Trying what insights propose. A change that does not make the plan better is not offered.

use dbwright_catalog::{ChangePurpose, PlanChangeKind, PlanFinding, PlanTrial, QueryPlan};
use dbwright_live::connect::Connection;
use dbwright_live::explain::{ExplainOptions, Explained, explain};

use super::plan_of;
use crate::{EngineerError, Twin};

/// A plan is better from this share of the cost before on.
const BETTER_COST: f64 = 0.95;

/// A run is faster from this share of the time before on; times differ from run to run.
const BETTER_TIME: f64 = 0.8;

/// Tries each change on the server that made the plan.
pub(super) async fn tried(
    connection: &mut Connection,
    twin: Option<&Twin>,
    query: &str,
    plan: &QueryPlan,
    findings: Vec<PlanFinding>,
) -> Result<Vec<PlanFinding>, EngineerError> {
    let mut kept = Vec::new();
    for mut finding in findings {
        let Some(mut change) = finding.change.take() else {
            kept.push(finding);
            continue;
        };
        change.trial = match change.kind {
            PlanChangeKind::Query => asked(connection, &change.sql, plan.is_measured(), Vec::new()).await?,
            PlanChangeKind::Setting => asked(connection, query, plan.is_measured(), vec![change.sql.clone()]).await?,
            PlanChangeKind::Index => with_index(connection, twin, query, &change.sql).await?,
        };
        let holds = match &change.trial {
            PlanTrial::Planned(after) => is_better(plan, after),
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

/// The plan with a hypothetical index, which only a twin can have.
async fn with_index(
    connection: &mut Connection,
    twin: Option<&Twin>,
    query: &str,
    sql: &str,
) -> Result<PlanTrial, EngineerError> {
    let Some(twin) = twin else {
        return Ok(PlanTrial::NotTried(
            "an index is tried on a twin (`dbwright capture URL -o FILE`, `dbwright explain --on FILE`)".to_owned(),
        ));
    };
    let indexes = match twin.add_index(sql).await {
        Ok(indexes) => indexes,
        Err(error) => {
            let problem = EngineerError::from(error).message();
            // The operators of an extension that is not there yet.
            return Ok(if sql.contains("gin_trgm_ops") {
                PlanTrial::NotTried("the extension pg_trgm is not in this database".to_owned())
            } else {
                PlanTrial::Refused(problem)
            });
        }
    };
    let planned = asked(connection, query, false, Vec::new()).await;
    for index in indexes {
        twin.drop_index(&index).await?;
    }
    planned
}

async fn asked(
    connection: &mut Connection,
    query: &str,
    run: bool,
    before: Vec<String>,
) -> Result<PlanTrial, EngineerError> {
    let options = ExplainOptions { run, before };
    Ok(match explain(connection, query, &options).await? {
        Explained::Refused(problem) => PlanTrial::Refused(problem),
        Explained::Plan { text, .. } => match plan_of(connection, &text) {
            Ok(plan) => PlanTrial::Planned(Box::new(plan)),
            Err(no_plan) => PlanTrial::Refused(no_plan.to_string()),
        },
    })
}

fn is_better(before: &QueryPlan, after: &QueryPlan) -> bool {
    if let (Some(before), Some(after)) = (before.execution_ms, after.execution_ms) {
        return after < before * BETTER_TIME;
    }
    match (before.total_cost(), after.total_cost()) {
        (Some(before), Some(after)) => after < before * BETTER_COST,
        // Where costs are not told, another plan is what is wanted.
        _ => before.root != after.root,
    }
}
