//! Pairs of schemas that only a superuser can make: their plans are run as one, there and back.

use dbwright_catalog::{Catalog, ObjectId, ObjectKind, Plan, PlanClaim, PlanOutcome};
use dbwright_ddl::{PlanOptions, diff, plan};
use dbwright_live::introspect::postgres::read_whole;
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};

use super::{Tried, text};

async fn session(scratch: &PostgresScratch, sql: &str) -> Session {
    let database = scratch.create_database().await.unwrap();
    let session = scratch.connect(&database, Who::Observer).await.unwrap();
    session.client.batch_execute("SET search_path = public").await.unwrap();
    if let Err(error) = session.client.batch_execute(sql).await {
        panic!("{error:?}\n{sql}");
    }
    session
}

async fn read(scratch: &PostgresScratch, session: &Session) -> Catalog {
    let mut catalog = read_whole(&session.client, scratch.server()).await.unwrap().catalog;
    catalog.objects.retain(|id, _| id.kind != ObjectKind::Membership);
    catalog
}

/// What went wrong when a plan was run; nothing where nothing did.
async fn run(session: &Session, plan: &Plan) -> Option<String> {
    for step in plan.steps() {
        if let Err(error) = session.client.simple_query(&step.sql).await {
            return Some(format!("{}: {error:?}", step.sql));
        }
    }
    None
}

/// Plans the pair, runs the plan, and runs the way back where it is not refused.
pub(super) async fn try_pair(scratch: &PostgresScratch, before: &str, after: &str) -> (Plan, Tried) {
    let start = session(scratch, before).await;
    let was = read(scratch, &start).await;
    let goal = session(scratch, after).await;
    let is = read(scratch, &goal).await;
    goal.close().await;
    let options = PlanOptions::default();
    let there = plan(&was, &is, &options);
    if !there.refusals.is_empty() {
        return (there.clone(), Tried::Refused(there));
    }
    let back = plan(&is, &was, &options);
    let mut wrong = String::new();
    let both = [(&there, &is), (&back, &was)];
    for (way, end) in both.into_iter().filter(|(way, _)| way.refusals.is_empty()) {
        wrong.extend(run(&start, way).await);
        let changes = diff(&read(scratch, &start).await, end).changes;
        wrong.extend(changes.iter().map(|change| format!("{change:?}\n")));
    }
    start.close().await;
    let tried = if wrong.is_empty() {
        Tried::Proven(Vec::new())
    } else {
        Tried::Failed(format!("{wrong}\n== plan\n{}\n== back\n{}", text(&there), text(&back)))
    };
    (there, tried)
}

#[tokio::test]
async fn a_plan_for_an_extension_that_is_not_here_is_not_tried_and_that_is_said() {
    let scratch = super::server(18).await;
    let with = session(
        &scratch,
        "CREATE EXTENSION hstore; CREATE TABLE t (id integer PRIMARY KEY)",
    )
    .await;
    let mut was = read(&scratch, &with).await;
    with.close().await;
    // The server that it was read from has an extension that is nowhere here.
    let id = ObjectId::new(ObjectKind::Extension, ["hstore"]);
    let mut extension = was.objects.remove(&id).unwrap();
    was.dependencies.retain(|edge| edge.on != id && edge.dependent != id);
    extension.id = ObjectId::new(ObjectKind::Extension, ["postgis_of_another_server"]);
    extension.definition = extension.definition.replace("hstore", "postgis_of_another_server");
    was.objects
        .retain(|id, _| id.target().is_none_or(|target| target.name() != "hstore"));
    was.objects.insert(extension.id.clone(), extension);
    let mut is = was.clone();
    let column = is
        .objects
        .keys()
        .find(|id| id.kind == ObjectKind::Column)
        .unwrap()
        .clone();
    let mut other = is.get(&column).unwrap().clone();
    other.id = column.owner_table().unwrap().column("a");
    if let dbwright_catalog::ObjectBody::Column(body) = &mut other.body {
        (body.not_null, body.position) = (false, 2);
    }
    is.objects.insert(other.id.clone(), other);
    let there = plan(&was, &is, &PlanOptions::default());
    let proof = dbwright_live::prove_plan::postgres::prove(&scratch, &was, &is, &there, None)
        .await
        .unwrap();
    let first = &proof.checks[0];
    assert_eq!(first.claim, PlanClaim::StartIsRebuilt);
    let PlanOutcome::NotTried(why) = &first.outcome else {
        panic!("{first:?}");
    };
    assert!(
        why.starts_with("the scratch server does not have the extension postgis_of_another_server as it is needed"),
        "{why}"
    );
    assert!(why.ends_with("--scratch-url URL"), "{why}");
}
