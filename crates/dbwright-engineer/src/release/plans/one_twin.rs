//! Plans on one twin, before the migrations and after each of them: on SQLite, MySQL and MariaDB these run on it as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dbwright_advise::{complete_sqlite, rows_written};
use dbwright_catalog::{Change, MigrationTrace, Object, ObjectBody, ObjectKind, Outcome, PlanFacts, QueryPlan};
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};
use dbwright_live::explain::facts;
use dbwright_live::twin::{Twin, build};

use super::{Asked, Ground, Stage, Stages, ask, told, with_twin};
use crate::EngineerError;
use crate::schema::SchemaError;
use crate::values::Values;

/// The plans at all moments; why there are none, as a clause.
pub(super) async fn plans(ground: Ground<'_>) -> Result<Result<Stages, String>, EngineerError> {
    let mut twin = build(ground.snapshot, ground.options).await?;
    let planned = on(&mut twin, ground).await;
    with_twin(twin, planned).await
}

async fn on(twin: &mut Twin, ground: Ground<'_>) -> Result<Result<Stages, String>, EngineerError> {
    let queries = with_values(twin, ground).await?;
    let everything: Vec<usize> = (0..queries.len()).collect();
    let before = at_once(twin, &queries, &everything).await?;
    let mut stages = Stages {
        fidelity: told(twin.fidelity()),
        before,
        after: Vec::new(),
        worse_by: BTreeMap::new(),
    };
    let all = ground.section.history.migrations.iter().zip(&ground.trace.migrations);
    for (index, (migration, seen)) in all.enumerate().filter(|(_, (_, seen))| seen.judged) {
        let mut statements = Vec::new();
        for (statement, effect) in migration.statements.iter().zip(&seen.effects) {
            match &effect.outcome {
                Outcome::Done | Outcome::FailedOnRows(_) => statements.push(statement.text.as_str()),
                Outcome::Failed(_) | Outcome::FollowsFrom { .. } => {
                    return Ok(Err(format!("the migration {} fails", migration.name)));
                }
                Outcome::Refused(_) => {}
            }
        }
        if let Err(said) = twin.migrate(&statements).await? {
            // On MySQL and MariaDB it may be the rows that were made up.
            return Ok(Err(format!(
                "a twin of the snapshot does not take the migration {}: {said}",
                migration.name
            )));
        }
        let last = stages.after.last().map_or(&stages.before, |stage| &stage.plans);
        let touched = touched(seen, last);
        if touched.is_empty() && !stages.after.is_empty() {
            continue;
        }
        let mut plans = last.clone();
        let anew = at_once(twin, &queries, &touched).await?;
        for (query, plan) in touched.into_iter().zip(anew) {
            plans[query] = plan;
        }
        stages.after.push(Stage {
            after: Some(index),
            plans,
        });
    }
    Ok(Ok(stages))
}

/// The queries with values in place of their parameters, where their planner needs any.
async fn with_values(twin: &Twin, ground: Ground<'_>) -> Result<Vec<String>, EngineerError> {
    let engine = ground.snapshot.server.engine;
    let running = &ground.section.release.running;
    let queries = ground.queries.iter().map(|query| &running[*query]);
    let Twin::MySqlFamily(twin) = twin else {
        return Ok(queries.map(|query| query.text.clone()).collect());
    };
    let mut values = Values::of_twin(twin, ground.snapshot).await?;
    let mut texts = Vec::with_capacity(ground.queries.len());
    for query in queries {
        let filled = values.fill(None, &query.text).await?;
        // Their plans have costs, and those of statements that write have none on MySQL.
        texts.push(rows_written(engine, &filled.text).unwrap_or(filled.text));
    }
    Ok(texts)
}

/// Plans some of the queries on a twin as it is now.
async fn at_once(twin: &Twin, queries: &[String], which: &[usize]) -> Result<Vec<Asked>, EngineerError> {
    let url = match twin {
        Twin::Sqlite(twin) => DatabaseUrl::of_file(twin.path()),
        Twin::MySqlFamily(_) | Twin::Postgres(_) => twin.url().parse().map_err(SchemaError::Url)?,
    };
    let mut connection = Connection::open(&url, &ReadLimits::default()).await?;
    let mut known: Option<Arc<PlanFacts>> = None;
    let mut plans = Vec::with_capacity(which.len());
    for query in which {
        let text = &queries[*query];
        let mut plan = match ask(&mut connection, text).await? {
            Ok(plan) => plan,
            Err(why) => {
                plans.push(Err(why));
                continue;
            }
        };
        let facts = match &known {
            Some(known) => Arc::clone(known),
            None => Arc::clone(known.insert(Arc::new(known_of(twin, &mut connection, &plan).await?))),
        };
        if let Twin::Sqlite(_) = twin {
            complete_sqlite(&mut plan, text, &facts);
        }
        plans.push(Ok((plan, facts)));
    }
    connection.close().await;
    Ok(plans)
}

/// What is known of all tables, where plans do not tell it.
async fn known_of(twin: &Twin, connection: &mut Connection, plan: &QueryPlan) -> Result<PlanFacts, EngineerError> {
    let Twin::Sqlite(twin) = twin else {
        return Ok(PlanFacts::default());
    };
    let mut known = facts(connection, plan).await?;
    for table in &mut known.tables {
        table.rows = twin.rows.get(&table.name).copied();
    }
    Ok(known)
}

/// The queries whose plans a migration may have changed.
fn touched(seen: &MigrationTrace, plans: &[Asked]) -> Vec<usize> {
    let changes = seen.effects.iter().flat_map(|effect| &effect.changes);
    let mut tables: BTreeSet<String> = BTreeSet::new();
    for change in changes {
        let objects: Vec<&Object> = match change {
            Change::Created(object) | Change::Dropped(object) => vec![object],
            Change::Altered { before, after } => vec![before, after],
        };
        for object in objects {
            match table_of(object) {
                Some(table) => drop(tables.insert(table.to_lowercase())),
                // A view or a routine may be behind any of them.
                None => return (0..plans.len()).collect(),
            }
        }
    }
    let reads = |plan: &QueryPlan| {
        let nodes = plan.nodes();
        let mut relations = nodes.iter().filter_map(|(_, node)| node.relation.as_ref());
        relations.any(|relation| tables.contains(&relation.name.to_lowercase()))
    };
    let numbered = plans.iter().enumerate();
    let touched = numbered.filter(|(_, asked)| asked.as_ref().map_or(true, |(plan, _)| reads(plan)));
    touched.filter(|_| !tables.is_empty()).map(|(query, _)| query).collect()
}

/// The table that an object is, or is a part of.
fn table_of(object: &Object) -> Option<&str> {
    let path = match (&object.body, object.id.kind) {
        (ObjectBody::Index(index), _) => &index.table.path,
        (_, ObjectKind::Table | ObjectKind::Column | ObjectKind::Constraint | ObjectKind::Trigger) => &object.id.path,
        _ => return None,
    };
    path.get(1).map(String::as_str)
}
