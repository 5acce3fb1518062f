//! From the words of the catalog to the wire format.

use dbwright_catalog::{
    ConditionKind, ExplainedQuery, Explanation, NodeRole, ParameterValue, PlanChange, PlanChangeKind, PlanFinding,
    PlanNode, PlanTrial, Planner, QueryPlan, ValueOrigin,
};

use crate::json;
use crate::wire::explain as format;

/// Explained queries in the wire format, pretty printed, with an end of line.
pub fn explanation_json(explanation: &Explanation) -> String {
    let (planner, fidelity, reasons) = match &explanation.planner {
        Planner::Live => ("live", None, Vec::new()),
        Planner::Twin { fidelity, reasons } => ("twin", Some(fidelity.clone()), reasons.clone()),
        Planner::Elsewhere => ("elsewhere", None, Vec::new()),
    };
    json::pretty(&format::Explanation {
        version: format::VERSION,
        server: explanation.server.as_ref().map(json::server),
        planner,
        fidelity,
        fidelity_reasons: reasons,
        queries: explanation.queries.iter().map(query).collect(),
    })
}

/// The JSON Schema of that.
pub fn explanation_format() -> String {
    json::format_of::<format::Explanation>()
}

fn query(query: &ExplainedQuery) -> format::Query {
    let explained = query.outcome.as_ref().ok();
    format::Query {
        query: query.text.clone(),
        place: query.place.clone(),
        problem: query.outcome.as_ref().err().cloned(),
        plan: explained.map(|explained| plan(&explained.plan)),
        notes: explained.map(|explained| explained.notes.clone()).unwrap_or_default(),
        parameters: explained
            .map(|explained| explained.parameters.iter().map(parameter).collect())
            .unwrap_or_default(),
        findings: explained
            .map(|explained| explained.findings.iter().map(finding).collect())
            .unwrap_or_default(),
    }
}

fn parameter(parameter: &ParameterValue) -> format::Parameter {
    format::Parameter {
        stands_for: parameter.stands_for.clone(),
        value: parameter.value.clone(),
        origin: match parameter.origin {
            ValueOrigin::Sample => "sample",
            ValueOrigin::Twin => "twin",
            ValueOrigin::Index => "index",
            ValueOrigin::Type => "type",
            ValueOrigin::Assumed => "assumed",
            ValueOrigin::Written => "written",
        },
    }
}

fn plan(plan: &QueryPlan) -> format::Plan {
    let costs = plan.costs();
    let whole = costs.first().map_or(0.0, |cost| cost.inclusive);
    let mut path: Vec<usize> = Vec::new();
    let mut nodes = Vec::new();
    for (index, ((depth, node), cost)) in plan.nodes().into_iter().zip(&costs).enumerate() {
        path.truncate(depth);
        let share = if whole > 0.0 { cost.own / whole } else { 0.0 };
        nodes.push(self::node(node, path.last().copied(), share));
        path.push(index);
    }
    format::Plan {
        planning_ms: plan.planning_ms,
        execution_ms: plan.execution_ms,
        jit_ms: plan.jit.and_then(|jit| jit.total_ms),
        // A sum of nothing is -0.0.
        triggers_ms: 0.0 + plan.triggers.iter().map(|trigger| trigger.total_ms).sum::<f64>(),
        nodes,
    }
}

fn node(node: &PlanNode, parent: Option<usize>, own_share: f64) -> format::Node {
    let (role, subquery) = match &node.role {
        NodeRole::Root => ("root", None),
        NodeRole::Outer => ("outer", None),
        NodeRole::Inner => ("inner", None),
        NodeRole::Member => ("member", None),
        NodeRole::Once(name) => ("once", Some(name.clone())),
        NodeRole::PerRow(name) => ("per-row", Some(name.clone())),
    };
    let relation = node.relation.as_ref();
    format::Node {
        parent,
        name: node.name.clone(),
        role,
        subquery,
        schema: relation.and_then(|relation| relation.schema.clone()),
        relation: relation.map(|relation| relation.name.clone()),
        alias: relation.map(|relation| relation.alias.clone()),
        index: node.index.clone(),
        own_share,
        startup_cost: node.estimate.and_then(|estimate| estimate.startup_cost),
        total_cost: node.estimate.and_then(|estimate| estimate.total_cost),
        expected_rows: node.estimate.map(|estimate| estimate.rows),
        width: node.estimate.and_then(|estimate| estimate.width),
        rows_read: node.rows_read,
        partitions: node.partitions.clone(),
        rows: node.actual.map(|actual| actual.rows),
        ms: node.actual.and_then(|actual| actual.total_ms),
        loops: node.actual.map(|actual| actual.loops),
        conditions: node
            .conditions
            .iter()
            .map(|condition| format::Condition {
                kind: match condition.kind {
                    ConditionKind::Filter => "filter",
                    ConditionKind::Index => "index",
                    ConditionKind::Recheck => "recheck",
                    ConditionKind::Join => "join",
                    ConditionKind::JoinFilter => "join-filter",
                    ConditionKind::OneTime => "one-time",
                },
                text: condition.text.clone(),
                removed: condition.removed,
            })
            .collect(),
        keys: node.keys.clone(),
    }
}

fn finding(finding: &PlanFinding) -> format::Finding {
    format::Finding {
        insight: finding.insight.clone(),
        severity: json::severity(finding.severity),
        node: finding.node,
        message: finding.message.clone(),
        evidence: finding.evidence.clone(),
        advice: finding.advice.clone(),
        change: finding.change.as_ref().map(change),
    }
}

fn change(change: &PlanChange) -> format::Change {
    let (planned, not_tried) = match &change.trial {
        PlanTrial::Planned(after) => (Some(plan(after)), None),
        PlanTrial::NotTried(why) | PlanTrial::Refused(why) => (None, Some(why.clone())),
    };
    format::Change {
        kind: match change.kind {
            PlanChangeKind::Query => "query",
            PlanChangeKind::Index => "index",
            PlanChangeKind::Setting => "setting",
        },
        sql: change.sql.clone(),
        remarks: change.remarks.clone(),
        plan: planned,
        not_tried,
    }
}
