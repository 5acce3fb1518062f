//! Plans on two twins, of production as it is and as it would be: the planner of PostgreSQL looks at the sizes of files, which
//! migrations must not see.

use std::sync::Arc;

use dbwright_advise::{Outcome, Thresholds};
use dbwright_catalog::PlanFacts;
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};
use dbwright_live::twin::migrated::{OF_MIGRATION, migrated};
use dbwright_live::twin::{Fidelity, Twin, build};

use super::search::Search;
use super::{Asked, Ground, Stage, Stages, ask, told, weighed, with_twin};
use crate::EngineerError;
use crate::schema::SchemaError;

/// So many more twins are built at most, to find out which of several migrations makes plans worse.
const MORE_TWINS: usize = 20;

/// The plans on both twins, and which of the migrations makes worse what gets worse; why there are no plans, as a clause.
pub(super) async fn plans(ground: Ground<'_>, thresholds: Thresholds) -> Result<Result<Stages, String>, EngineerError> {
    let section = ground.section;
    let migrations: Vec<usize> = section.judged.indexes(section.history.migrations.len()).collect();
    // Where they can't be followed, no server has to start.
    if let Err(why) = migrated(ground.snapshot, &section.history, &migrations, ground.trace) {
        return Ok(Err(why));
    }
    let everything: Vec<usize> = (0..ground.queries.len()).collect();
    let twin = build(ground.snapshot, ground.options).await?;
    let fidelity = told(twin.fidelity());
    let first = all(&twin, ground, &everything).await;
    let before = with_twin(twin, first).await?;
    let last = match after(ground, &migrations, &everything).await? {
        Ok(last) => last,
        Err(why) => return Ok(Err(why)),
    };
    let is_worse = |query: usize, plan: &Asked| {
        let engine = ground.snapshot.server.engine;
        let weighed = weighed(engine, &before[query], std::iter::once((None, plan)), thresholds);
        weighed.is_ok_and(|(weighed, ..)| weighed.outcome == Outcome::Worse)
    };
    let worse = everything
        .iter()
        .copied()
        .filter(|query| is_worse(*query, &last[*query]));
    let mut search = Search::new(worse, migrations.len());
    for _ in 0..MORE_TWINS {
        let Some((taken, queries)) = search.next() else { break };
        let Ok(plans) = after(ground, &migrations[..taken], &queries).await? else {
            // All of them went well: it is only not known which it was.
            break;
        };
        for (query, plan) in queries.into_iter().zip(plans) {
            search.learn(query, taken, is_worse(query, &plan));
        }
    }
    let worse_by = search.found().into_iter();
    let worse_by = worse_by.map(|(query, nth)| (query, migrations[nth])).collect();
    Ok(Ok(Stages {
        fidelity,
        before,
        after: vec![Stage {
            after: None,
            plans: last,
        }],
        worse_by,
    }))
}

/// The plans of some queries after some migrations; why there are none, as a clause.
async fn after(
    ground: Ground<'_>,
    migrations: &[usize],
    queries: &[usize],
) -> Result<Result<Vec<Asked>, String>, EngineerError> {
    let after = match migrated(ground.snapshot, &ground.section.history, migrations, ground.trace) {
        Ok(after) => after,
        Err(why) => return Ok(Err(why)),
    };
    let twin = build(&after.snapshot, ground.options).await?;
    let plans = match made_up(&twin, &after.indexes).await {
        Ok(()) => all(&twin, ground, queries).await.map(Ok),
        Err(why) => Ok(Err(why)),
    };
    with_twin(twin, plans).await
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

/// The plans of some queries on a twin.
async fn all(twin: &Twin, ground: Ground<'_>, queries: &[usize]) -> Result<Vec<Asked>, EngineerError> {
    let url: DatabaseUrl = twin.url().parse().map_err(SchemaError::Url)?;
    let mut connection = Connection::open(&url, &ReadLimits::default()).await?;
    // Its plans tell all that is held against each other.
    let facts = Arc::new(PlanFacts::default());
    let mut plans = Vec::with_capacity(queries.len());
    for query in queries {
        let query = &ground.section.release.running[ground.queries[*query]];
        let plan = ask(&mut connection, &query.text).await?;
        plans.push(plan.map(|plan| (plan, Arc::clone(&facts))));
    }
    connection.close().await;
    Ok(plans)
}
