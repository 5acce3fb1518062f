//! What becomes of the queries of the application: lines of a report, and the wire format.

use std::collections::BTreeSet;

use dbwright_catalog::{
    self as catalog, CostUnit, PlanComparison, Query, QueryOrigin, QueryShape, Release, ReleaseAnswers, ReleasePlace,
    Section, SqlError,
};

use crate::place::path;
use crate::wire::release as format;
use crate::{words, worse_plans};

/// What is told of the queries of a section, a line each; nothing where there are none.
pub(crate) fn told(section: &Section) -> Vec<String> {
    let release = &section.release;
    let mut lines = Vec::new();
    if let Some(answers) = &release.answers {
        lines.extend(prepared(release, answers));
        lines.extend(unprepared(release, answers));
    }
    lines.extend(release.plans.as_ref().map(planned));
    lines.extend(release.plans.as_ref().and_then(|plans| not_planned(release, plans)));
    lines.extend(release.not_done.iter().map(|sentence| format!("queries: {sentence}")));
    lines
}

/// `queries: 312 of the running release (commit 1a2b3c4), 2 fail after a migration, 1 gives something else`.
fn prepared(release: &Release, answers: &ReleaseAnswers) -> Option<String> {
    let mut parts = Vec::new();
    if !release.running.is_empty() {
        let commit = release.commit.as_ref();
        let commit = commit.map_or_else(String::new, |commit| format!(" (commit {commit})"));
        let broken: BTreeSet<usize> = answers.broken.iter().map(|broken| broken.query).collect();
        let changed: BTreeSet<usize> = answers.changed.iter().map(|changed| changed.query).collect();
        let changed = changed.difference(&broken).count();
        let asked = release.running.len() - answers.unprepared.len();
        let mut part = format!("{asked} of the running release{commit}");
        let verb = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
        if broken.is_empty() && changed == 0 {
            part.push_str(match asked {
                0 => "",
                1 => ", which runs on",
                _ => ", all of which run on",
            });
        }
        if !broken.is_empty() {
            part = format!(
                "{part}, {}",
                verb(broken.len(), "fails after a migration", "fail after a migration")
            );
        }
        if changed > 0 {
            part = format!(
                "{part}, {}",
                verb(changed, "gives or takes something else", "give or take something else")
            );
        }
        parts.push(part);
    }
    if !release.next.is_empty() {
        let new = words::count(release.next.len(), "new one");
        let not_ready = match answers.not_ready.len() {
            0 => String::new(),
            1 => ", 1 does not fit the schema".to_owned(),
            number => format!(", {number} do not fit the schema"),
        };
        parts.push(format!("{new} in the working tree{not_ready}"));
    }
    (!parts.is_empty()).then(|| format!("queries: {}", parts.join("; ")))
}

/// `plans: 37 compared on a twin of production (exact), 1 gets worse, 2 get better`.
fn planned(plans: &PlanComparison) -> String {
    let PlanComparison {
        compared,
        better,
        worse,
        fidelity,
        not_planned: _,
    } = plans;
    let mut told = format!("plans: {compared} compared on a twin of production ({fidelity})");
    let mut add = |number: usize, what: &str| match number {
        0 => {}
        1 => told.extend([format!(", 1 gets {what}")]),
        _ => told.extend([format!(", {number} get {what}")]),
    };
    add(worse.len(), "worse");
    add(*better, "better");
    if worse.is_empty() && *better == 0 {
        told.push_str(", none gets worse");
    }
    told
}

/// `3 queries have no plan that can be compared; the first is GetUser (q.sql:3): …`.
fn not_planned(release: &Release, plans: &PlanComparison) -> Option<String> {
    let (first, why) = plans.not_planned.first()?;
    let query = release.running.get(*first)?;
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    let (queries, which) = match plans.not_planned.len() {
        1 => ("1 query has".to_owned(), "it is"),
        number => (format!("{number} queries have"), "the first is"),
    };
    Some(format!(
        "plans: {queries} no plans that can be compared; {which} {query} ({}): {}",
        query.place(),
        why.trim_end_matches('.')
    ))
}

fn unit(unit: CostUnit) -> format::PlanUnit {
    match unit {
        CostUnit::Milliseconds => format::PlanUnit::Milliseconds,
        CostUnit::Cost => format::PlanUnit::Cost,
        CostUnit::RowsRead => format::PlanUnit::Rows,
    }
}

/// `12 of 324 queries could never be prepared, so that nothing is said of them; the first, GetUser (q.sql:3): syntax error …`.
fn unprepared(release: &Release, answers: &ReleaseAnswers) -> Option<String> {
    let (first, error) = answers.unprepared.first()?;
    let query = release.running.get(*first)?;
    let (number, all) = (answers.unprepared.len(), release.running.len());
    let message = error.message.split_whitespace().collect::<Vec<_>>().join(" ");
    let of = if all == 1 { "query" } else { "queries" };
    let (them, which) = if number == 1 {
        ("it", "it is")
    } else {
        ("them", "the first is")
    };
    Some(format!(
        "queries: {number} of {all} {of} could not be prepared before the migrations either, so that nothing is said of \
         {them}; {which} {query} ({}): {}",
        query.place(),
        message.trim_end_matches('.')
    ))
}

/// The figures in the wire format; nothing where there are no queries.
pub(crate) fn wire(section: &Section) -> Option<format::Release> {
    let release = &section.release;
    if release.is_empty() && release.not_done.is_empty() {
        return None;
    }
    let none = ReleaseAnswers::default();
    let answers = release.answers.as_ref().unwrap_or(&none);
    let running = |index: usize| Some(query(release.running.get(index)?, release.still_asked.contains(&index)));
    let failing = |query: Option<format::Query>, error: &SqlError| {
        Some(format::FailingQuery {
            query: query?,
            error: error.message.clone(),
            code: error.code.clone(),
        })
    };
    let broken = answers.broken.iter().filter_map(|broken| {
        let mended_by = broken.mended_by.and_then(|index| section.history.migrations.get(index));
        Some(format::BrokenQuery {
            query: running(broken.query)?,
            cause: cause(section, broken.place)?,
            error: broken.error.message.clone(),
            code: broken.error.code.clone(),
            mended_by: mended_by.map(|migration| migration.name.clone()),
        })
    });
    let changed = answers.changed.iter().filter_map(|changed| {
        Some(format::ChangedQuery {
            query: running(changed.query)?,
            cause: cause(section, changed.place)?,
            before: shape(&changed.before),
            after: shape(&changed.after),
        })
    });
    let not_ready = answers.not_ready.iter();
    let unprepared = answers.unprepared.iter();
    Some(format::Release {
        commit: release.commit.clone(),
        running: release.running.len(),
        next: release.next.len(),
        asked: release.answers.is_some(),
        broken: broken.collect(),
        changed: changed.collect(),
        not_ready: not_ready
            .filter_map(|(index, error)| failing(Some(query(release.next.get(*index)?, true)), error))
            .collect(),
        unprepared: unprepared
            .filter_map(|(index, error)| failing(running(*index), error))
            .collect(),
        plans: release.plans.as_ref().map(|plans| format::Plans {
            compared: plans.compared,
            better: plans.better,
            fidelity: plans.fidelity.clone(),
            not_planned: plans
                .not_planned
                .iter()
                .filter_map(|(index, why)| {
                    Some(format::UnplannedQuery {
                        query: running(*index)?,
                        why: why.clone(),
                    })
                })
                .collect(),
            worse: plans
                .worse
                .iter()
                .filter_map(|worse| {
                    Some(format::WorsePlan {
                        query: running(worse.query)?,
                        cause: cause(section, worse.place)?,
                        because: worse.because.clone(),
                        unit: unit(worse.unit),
                        cost_before: worse.cost_before,
                        cost_after: worse.cost_after,
                        plan_before: worse_plans::plain(&worse.before),
                        plan_after: worse_plans::plain(&worse.after),
                    })
                })
                .collect(),
        }),
        not_done: release.not_done.clone(),
    })
}

fn query(query: &Query, still_asked: bool) -> format::Query {
    let (file, line) = match &query.origin {
        QueryOrigin::File { path: file, line } => (Some(path(file)), Some(*line)),
        QueryOrigin::Workload => (None, None),
    };
    format::Query {
        name: query.name.clone(),
        file,
        line,
        text: query.text.clone(),
        calls: query.load.map(|load| load.calls),
        share_percent: query.load.map(|load| f64::from(load.share_permille) / 10.0),
        still_asked,
    }
}

fn cause(section: &Section, place: ReleasePlace) -> Option<format::Cause> {
    let migration = section.history.migrations.get(place.migration)?;
    let statement = place.statement.and_then(|index| migration.statements.get(index));
    Some(format::Cause {
        migration: migration.name.clone(),
        file: path(&migration.path),
        statement: place.statement,
        line: statement.map(|statement| statement.line),
    })
}

fn shape(shape: &QueryShape) -> format::Shape {
    let column = |column: &catalog::ResultColumn| format::ResultColumn {
        name: column.name.clone(),
        type_name: (!column.type_name.is_empty()).then(|| column.type_name.clone()),
    };
    format::Shape {
        parameters: shape.parameters.clone(),
        columns: shape.columns.iter().map(column).collect(),
    }
}
