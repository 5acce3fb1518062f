//! Plans on two twins, of production as it is and as it would be: the planner of PostgreSQL looks at the sizes of files, which
//! migrations must not see.

use std::sync::Arc;

use dbwright_catalog::PlanFacts;
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};
use dbwright_live::twin::migrated::{OF_MIGRATION, migrated};
use dbwright_live::twin::{Fidelity, Twin, build};

use super::{Asked, Ground, Stage, Stages, ask, told, with_twin};
use crate::EngineerError;
use crate::schema::SchemaError;

/// The plans on both twins; why there are none, as a clause.
pub(super) async fn plans(ground: Ground<'_>) -> Result<Result<Stages, String>, EngineerError> {
    let section = ground.section;
    let after = match migrated(ground.snapshot, &section.history, &section.judged, ground.trace) {
        Ok(after) => after,
        Err(why) => return Ok(Err(why)),
    };
    let twin = build(ground.snapshot, ground.options).await?;
    let fidelity = told(twin.fidelity());
    let first = all(&twin, ground).await;
    let before = with_twin(twin, first).await?;
    let twin = build(&after.snapshot, ground.options).await?;
    let second = match made_up(&twin, &after.indexes).await {
        Ok(()) => all(&twin, ground).await.map(Ok),
        Err(why) => Ok(Err(why)),
    };
    let second = with_twin(twin, second).await?;
    Ok(second.map(|plans| Stages {
        fidelity,
        before,
        after: vec![Stage { after: None, plans }],
    }))
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

async fn all(twin: &Twin, ground: Ground<'_>) -> Result<Vec<Asked>, EngineerError> {
    let url: DatabaseUrl = twin.url().parse().map_err(SchemaError::Url)?;
    let mut connection = Connection::open(&url, &ReadLimits::default()).await?;
    // Its plans tell all that is held against each other.
    let facts = Arc::new(PlanFacts::default());
    let mut plans = Vec::with_capacity(ground.queries.len());
    for query in ground.queries {
        let plan = ask(&mut connection, &ground.section.release.running[*query].text).await?;
        plans.push(plan.map(|plan| (plan, Arc::clone(&facts))));
    }
    connection.close().await;
    Ok(plans)
}
