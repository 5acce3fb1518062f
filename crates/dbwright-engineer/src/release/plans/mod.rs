//! Whether plans of the running release's queries get worse: planned on a twin of production as it is, and after the migrations
//! under review.

mod cause;
mod one_twin;
mod search;
mod two_twins;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dbwright_advise::{KnownPlan, Outcome, Thresholds, Weighed, read_plan, weigh};
use dbwright_catalog::{Effect, Engine, PlanComparison, PlanFacts, QueryPlan, Section, Snapshot, Trace, WorsePlan};
use dbwright_live::connect::Connection;
use dbwright_live::explain::{ExplainOptions, Explained, explain};
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::twin::{Fidelity, Twin};
use dbwright_repo::Config;
use dbwright_sql::{Summary, summarise};

use crate::EngineerError;
use crate::check::Phase;
use crate::late;
use crate::levels::Levels;

/// The busiest so many queries are planned.
const QUERIES_MAX: usize = 2000;

/// When a plan is worse, as the project sets it.
pub(crate) fn thresholds(config: &Config) -> Thresholds {
    Thresholds {
        factor: config.plan_cost_factor.as_ref().map(|setting| setting.value),
        cost_min: config.plan_cost_min.as_ref().map(|setting| setting.value),
    }
}

/// A plan, with what is known of the tables where the plan does not tell that; or why there is none, as a clause.
type Asked = Result<(QueryPlan, Arc<PlanFacts>), String>;

/// The plans of all queries at one moment.
struct Stage {
    /// The migration that they are made after; nothing where that is the first or all of them.
    after: Option<usize>,
    /// In the order of the queries.
    plans: Vec<Asked>,
}

/// The plans before the migrations and after them, at one moment at least.
struct Stages {
    fidelity: String,
    before: Vec<Asked>,
    after: Vec<Stage>,
    /// The migration that makes a query worse, by its place among the queries, where the stages do not tell it.
    worse_by: BTreeMap<usize, usize>,
}

/// What is planned.
#[derive(Clone, Copy)]
struct Ground<'a> {
    section: &'a Section,
    snapshot: &'a Snapshot,
    trace: &'a Trace,
    /// Indexes into the queries of the running release.
    queries: &'a [usize],
    options: &'a ScratchOptions,
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
    progress(Phase::Planning { queries: queries.len() });
    let options = ScratchOptions {
        url: None,
        ..options.clone()
    };
    let ground = Ground {
        section,
        snapshot,
        trace,
        queries: &queries,
        options: &options,
    };
    let planned = match snapshot.server.engine {
        Engine::Postgres => Box::pin(two_twins::plans(ground, thresholds)).await,
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => Box::pin(one_twin::plans(ground)).await,
    };
    let stages = match planned {
        Ok(Ok(stages)) => stages,
        Ok(Err(why)) => return section.release.not_done.push(untold(&why)),
        Err(error) => return section.release.not_done.push(untold(&error.message())),
    };
    let comparison = compared(ground, stages, thresholds);
    let server = trace.server.clone();
    section.release.plans = Some(comparison);
    let (history, judged, release) = (&section.history, &section.judged, &section.release);
    let found = dbwright_rules::judge_plans(history, judged, release, &server, &levels.choice);
    late::take(section, found, levels);
}

fn untold(why: &str) -> String {
    format!("Whether plans get worse is not known: {}.", why.trim_end_matches('.'))
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
    let engine = section.history.engine;
    // Servers keep statements that define something beside the queries.
    let asks = |query: &usize| {
        matches!(
            summarise(engine, &release.running[*query].text),
            Summary::Query | Summary::Write
        )
    };
    let out: BTreeSet<usize> = unprepared.chain(broken).collect();
    let mut queries: Vec<usize> = (0..release.running.len())
        .filter(|query| !out.contains(query) && asks(query))
        .collect();
    let share = |query: &usize| release.running[*query].load.map_or(0, |load| load.share_permille);
    queries.sort_by_key(|query| std::cmp::Reverse(share(query)));
    queries.truncate(QUERIES_MAX);
    (!queries.is_empty()).then_some(queries)
}

/// How far plans on a twin are those of production, in a word or two.
fn told(fidelity: &Fidelity) -> String {
    let told = match fidelity {
        Fidelity::Exact => "exact",
        Fidelity::Approximate(_) => "approximate",
        Fidelity::SchemaOnly(_) => "one of the schema only, without statistics",
    };
    told.to_owned()
}

/// Asks for the plan of a query.
async fn ask(connection: &mut Connection, text: &str) -> Result<Result<QueryPlan, String>, EngineerError> {
    let options = ExplainOptions {
        on_our_server: true,
        ..ExplainOptions::default()
    };
    let text = text.trim_end().trim_end_matches(';');
    Ok(match explain(connection, text, &options).await? {
        Explained::Refused(why) | Explained::Withheld(why) => Err(why),
        Explained::Plan { text, .. } => {
            read_plan(connection.server().engine, &text).map_err(|no_plan| format!("its plan can't be read: {no_plan}"))
        }
    })
}

/// Ends with a twin, also where something on it went wrong.
async fn with_twin<T>(twin: Twin, outcome: Result<T, EngineerError>) -> Result<T, EngineerError> {
    twin.stop().await?;
    outcome
}

fn compared(ground: Ground<'_>, stages: Stages, thresholds: Thresholds) -> PlanComparison {
    let engine = ground.snapshot.server.engine;
    let mut comparison = PlanComparison {
        compared: 0,
        better: 0,
        worse: Vec::new(),
        fidelity: stages.fidelity,
        not_planned: Vec::new(),
    };
    for (at, (query, before)) in ground.queries.iter().zip(&stages.before).enumerate() {
        let all = stages.after.iter().map(|stage| (stage.after, &stage.plans[at]));
        match weighed(engine, before, all, thresholds) {
            Err(why) => comparison.not_planned.push((*query, why)),
            Ok((weighed, plans, by)) => {
                comparison.compared += 1;
                match weighed.outcome {
                    Outcome::Alike => {}
                    Outcome::Better => comparison.better += 1,
                    Outcome::Worse => {
                        let by = by.or_else(|| stages.worse_by.get(&at).copied());
                        let (place, because) = cause::cause(ground.section, ground.trace, by, plans);
                        comparison.worse.push(WorsePlan {
                            query: *query,
                            place,
                            because,
                            unit: weighed.unit,
                            cost_before: weighed.before,
                            cost_after: weighed.after,
                            before: plans.0.clone(),
                            after: plans.1.clone(),
                        });
                    }
                }
            }
        }
    }
    comparison
}

/// How the last plan of a query compares to the first one, both plans, and the migration since which it is worse.
type Judged<'a> = (Weighed, (&'a QueryPlan, &'a QueryPlan), Option<usize>);

/// Compares the plans of a query; why that can't be done, as a clause.
fn weighed<'a>(
    engine: Engine,
    before: &'a Asked,
    after: impl Iterator<Item = (Option<usize>, &'a Asked)>,
    thresholds: Thresholds,
) -> Result<Judged<'a>, String> {
    let (before, known) = before.as_ref().map_err(Clone::clone)?;
    let of = |plan: &QueryPlan, facts: &PlanFacts| {
        let first = KnownPlan {
            plan: before,
            facts: known,
        };
        weigh(engine, first, KnownPlan { plan, facts }, thresholds)
    };
    let mut worse_by = None;
    let mut last = Err("it was not planned after the migrations".to_owned());
    for (migration, asked) in after {
        last = match asked {
            Ok((plan, facts)) => of(plan, facts).map(|weighed| (weighed, plan)),
            Err(why) => Err(why.clone()),
        };
        match &last {
            Ok((weighed, _)) if weighed.outcome == Outcome::Worse => worse_by = worse_by.or(migration),
            // What came between does not count.
            _ => worse_by = None,
        }
    }
    let (weighed, plan) = last?;
    Ok((weighed, (before, plan), worse_by))
}
