//! Whether plans of the running release's queries get worse: planned on a twin of production as it is, and on one after the
//! migrations under review.

use std::collections::BTreeSet;

use dbwright_catalog::{
    Change, Effect, Engine, ObjectBody, ObjectId, ObjectKind, PlanComparison, QueryPlan, ReleasePlace, Section,
    Snapshot, Trace, WorsePlan,
};
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};
use dbwright_live::explain::{ExplainOptions, Explained, explain};
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::twin::migrated::{Migrated, OF_MIGRATION, migrated};
use dbwright_live::twin::{Fidelity, Twin, build};
use dbwright_repo::Config;

use crate::EngineerError;
use crate::check::Phase;
use crate::late;
use crate::levels::Levels;
use crate::schema::SchemaError;
use dbwright_advise::read_plan;

/// The busiest so many queries are planned.
const QUERIES_MAX: usize = 2000;

/// From how many times its cost on a plan is worse.
const FACTOR: f64 = 2.0;

/// What a plan has to cost to be worse: some milliseconds.
const COST_MIN: f64 = 1000.0;

/// When a plan is worse.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thresholds {
    factor: f64,
    cost_min: f64,
}

impl Thresholds {
    /// As the project sets them.
    pub(crate) fn of(config: &Config) -> Self {
        Thresholds {
            factor: config.plan_cost_factor.as_ref().map_or(FACTOR, |setting| setting.value),
            cost_min: config.plan_cost_min.as_ref().map_or(COST_MIN, |setting| setting.value),
        }
    }

    fn is_worse(self, before: f64, after: f64) -> bool {
        after >= self.cost_min && after >= before * self.factor && after > before
    }
}

/// Compares plans, where there are queries, a snapshot of the same engine, and a migration that changes the schema. What goes
/// wrong is said in the section.
pub(crate) async fn compare(
    section: &mut Section,
    snapshot: &Snapshot,
    options: &ScratchOptions,
    thresholds: Thresholds,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) {
    let Some((trace, queries)) = section.trace.as_ref().zip(to_plan(section)) else {
        return;
    };
    if snapshot.server.engine != section.history.engine {
        return;
    }
    let untold = |why: &str| format!("Whether plans get worse is not known: {}.", why.trim_end_matches('.'));
    if section.history.engine != Engine::Postgres {
        let why = format!("plans are not compared on {} yet", section.history.engine);
        section.release.not_done.push(untold(&why));
        return;
    }
    let after = match migrated(snapshot, &section.history, &section.judged, trace) {
        Ok(after) => after,
        Err(why) => {
            section.release.not_done.push(untold(&why));
            return;
        }
    };
    progress(Phase::Planning { queries: queries.len() });
    let planned = Box::pin(both(section, snapshot, &after, &queries, options)).await;
    let (fidelity, plans) = match planned {
        Ok(Ok(planned)) => planned,
        Ok(Err(why)) => {
            section.release.not_done.push(untold(&why));
            return;
        }
        Err(error) => {
            section.release.not_done.push(untold(&error.message()));
            return;
        }
    };
    let comparison = compared(section, trace, fidelity, plans, thresholds);
    let server = trace.server.clone();
    section.release.plans = Some(comparison);
    let (history, judged, release) = (&section.history, &section.judged, &section.release);
    let found = dbwright_rules::judge_plans(history, judged, release, &server, &levels.choice);
    late::take(section, found, levels);
}

/// The queries that can be planned before and after, the busiest first; nothing where there is nothing to compare.
fn to_plan(section: &Section) -> Option<Vec<usize>> {
    let release = &section.release;
    let answers = release.answers.as_ref()?;
    let changes = |effect: &Effect| !effect.changes.is_empty();
    let traces = section.trace.iter().flat_map(|trace| &trace.migrations);
    let mut judged = traces.filter(|migration| migration.judged);
    if !judged.any(|migration| migration.effects.iter().any(changes)) {
        return None;
    }
    let unprepared = answers.unprepared.iter().map(|(query, _)| *query);
    let broken = answers.broken.iter().map(|broken| broken.query);
    let out: BTreeSet<usize> = unprepared.chain(broken).collect();
    let mut queries: Vec<usize> = (0..release.running.len())
        .filter(|query| !out.contains(query))
        .collect();
    let share = |query: &usize| release.running[*query].load.map_or(0, |load| load.share_permille);
    queries.sort_by_key(|query| std::cmp::Reverse(share(query)));
    queries.truncate(QUERIES_MAX);
    (!queries.is_empty()).then_some(queries)
}

/// A query with both of its plans.
type Planned = (usize, QueryPlan, QueryPlan);

/// The plans on both twins, and how good these are; why there are none, as a clause.
async fn both(
    section: &Section,
    snapshot: &Snapshot,
    after: &Migrated,
    queries: &[usize],
    options: &ScratchOptions,
) -> Result<Result<(String, Vec<Planned>), String>, EngineerError> {
    let options = ScratchOptions {
        url: None,
        ..options.clone()
    };
    let before = build(snapshot, &options).await?;
    let first = plans(&before, section, queries).await;
    let fidelity = match before.fidelity() {
        Fidelity::Exact => "exact",
        Fidelity::Approximate(_) => "approximate",
        Fidelity::SchemaOnly(_) => "one of the schema only, without statistics",
    };
    before.stop().await?;
    let first = first?;
    let twin = build(&after.snapshot, &options).await?;
    let second = match made_up(&twin, &after.indexes).await {
        Ok(()) => plans(&twin, section, queries).await.map(Ok),
        Err(why) => Ok(Err(why)),
    };
    twin.stop().await?;
    let second = match second? {
        Ok(second) => second,
        Err(why) => return Ok(Err(why)),
    };
    let pairs = queries.iter().zip(first.into_iter().zip(second));
    let pairs = pairs.filter_map(|(query, (before, after))| Some((*query, before?, after?)));
    Ok(Ok((fidelity.to_owned(), pairs.collect())))
}

/// Makes the new indexes on a twin that the migrations have run on; why that is not so, as a clause.
async fn made_up(twin: &Twin, indexes: &[String]) -> Result<(), String> {
    let (Fidelity::Approximate(reasons) | Fidelity::SchemaOnly(reasons)) = twin.fidelity() else {
        return index_by_index(twin, indexes).await;
    };
    match reasons.iter().find(|reason| reason.starts_with(OF_MIGRATION)) {
        Some(reason) => Err(format!(
            "the schema of the snapshot does not take the migrations: {reason}"
        )),
        None => index_by_index(twin, indexes).await,
    }
}

async fn index_by_index(twin: &Twin, indexes: &[String]) -> Result<(), String> {
    let Twin::Postgres(twin) = twin else { return Ok(()) };
    for index in indexes {
        let added = twin.add_index(index).await;
        added.map_err(|error| {
            format!(
                "a new index can't be made there: {}",
                EngineerError::from(error).message()
            )
        })?;
    }
    Ok(())
}

async fn plans(twin: &Twin, section: &Section, queries: &[usize]) -> Result<Vec<Option<QueryPlan>>, EngineerError> {
    let url: DatabaseUrl = twin.url().parse().map_err(SchemaError::Url)?;
    let mut connection = Connection::open(&url, &ReadLimits::default()).await?;
    let options = ExplainOptions {
        run: false,
        before: Vec::new(),
    };
    let mut plans = Vec::with_capacity(queries.len());
    for query in queries {
        let text = section.release.running[*query].text.trim_end().trim_end_matches(';');
        plans.push(match explain(&mut connection, text, &options).await? {
            Explained::Refused(_) => None,
            Explained::Plan { text, .. } => read_plan(connection.server().engine, &text).ok(),
        });
    }
    connection.close().await;
    Ok(plans)
}

fn compared(
    section: &Section,
    trace: &Trace,
    fidelity: String,
    plans: Vec<Planned>,
    thresholds: Thresholds,
) -> PlanComparison {
    let cost = |plan: &QueryPlan| plan.root.estimate.and_then(|estimate| estimate.total_cost);
    let mut comparison = PlanComparison {
        compared: plans.len(),
        better: 0,
        worse: Vec::new(),
        fidelity,
    };
    for (query, before, after) in plans {
        let Some((old, new)) = cost(&before).zip(cost(&after)) else {
            continue;
        };
        if thresholds.is_worse(new, old) {
            comparison.better += 1;
        }
        if thresholds.is_worse(old, new) {
            let (place, because) = cause(section, trace, &before, &after);
            comparison.worse.push(WorsePlan {
                query,
                place,
                because,
                before,
                after,
            });
        }
    }
    comparison
}

/// The statement that has most likely made a plan worse, and what it did.
fn cause(section: &Section, trace: &Trace, before: &QueryPlan, after: &QueryPlan) -> (ReleasePlace, Option<String>) {
    let nodes = before.nodes().into_iter().chain(after.nodes());
    let mut tables: BTreeSet<&str> = BTreeSet::new();
    for (_, node) in nodes {
        tables.extend(node.relation.as_ref().map(|relation| relation.name.as_str()));
    }
    let indexes: BTreeSet<&str> = before
        .nodes()
        .iter()
        .filter_map(|(_, node)| node.index.as_deref())
        .collect();
    let is_table = |id: &ObjectId| {
        id.owner_table()
            .as_ref()
            .unwrap_or(id)
            .path
            .get(1)
            .is_some_and(|name| tables.contains(name.as_str()))
    };
    let mut best: Option<(u8, ReleasePlace, Option<String>)> = None;
    for (migration, seen) in trace.migrations.iter().enumerate().filter(|(_, seen)| seen.judged) {
        for (statement, effect) in seen.effects.iter().enumerate() {
            for change in &effect.changes {
                let (weight, because) = suspicion(change, &indexes, &is_table);
                if weight > best.as_ref().map_or(0, |(weight, ..)| *weight) {
                    let place = ReleasePlace {
                        migration,
                        statement: Some(statement),
                    };
                    best = Some((weight, place, because));
                }
            }
        }
    }
    let last = || ReleasePlace {
        migration: section
            .judged
            .indexes(section.history.migrations.len())
            .last()
            .unwrap_or_default(),
        statement: None,
    };
    best.map_or_else(|| (last(), None), |(_, place, because)| (place, because))
}

/// How much a change is to be suspected, and what it did.
fn suspicion(change: &Change, indexes: &BTreeSet<&str>, is_table: &dyn Fn(&ObjectId) -> bool) -> (u8, Option<String>) {
    let object = change.object();
    match change {
        Change::Dropped(old) if old.id.kind == ObjectKind::Index && indexes.contains(old.id.name()) => {
            (4, Some(format!("drops the index {}", old.id.name())))
        }
        Change::Altered { before, after } if is_table(&after.id) => match (&before.body, &after.body) {
            (ObjectBody::Column(old), ObjectBody::Column(new)) if old.type_name != new.type_name => {
                let (column, old, new) = (after.id.name(), &old.type_name, &new.type_name);
                (3, Some(format!("changes {column} from {old} to {new}")))
            }
            _ => (1, None),
        },
        Change::Dropped(_) if is_table(&object.id) => (2, None),
        Change::Created(_) if is_table(&object.id) => (1, None),
        Change::Dropped(_) | Change::Altered { .. } | Change::Created(_) => (0, None),
    }
}
