//! Schemas of PostgreSQL: what is read, written as SQL and applied to an empty database reads back the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use dbwright_catalog::{Catalog, Change, ObjectKind, Reading, changes};
use dbwright_ddl::render;
use dbwright_live::introspect::postgres::read_whole;
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};

use crate::servers;

/// The schemas that are made for this, with the first major version that each runs on.
fn schemas() -> Vec<(String, u32, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/schema/postgres");
    let mut schemas: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let from = text
                .strip_prefix("-- from ")
                .map_or(0, |rest| rest[..2].parse().unwrap());
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), from, text)
        })
        .collect();
    schemas.sort();
    schemas
}

/// A session with all rights, in a new database.
async fn session(scratch: &PostgresScratch) -> Session {
    let database = scratch.create_database().await.unwrap();
    let session = scratch.connect(&database, Who::Observer).await.unwrap();
    session.client.batch_execute("SET search_path = public").await.unwrap();
    session
}

async fn read(scratch: &PostgresScratch, session: &Session) -> Reading {
    read_whole(&session.client, scratch.server()).await.unwrap()
}

/// Applies what a catalog is as SQL to an empty database; what it is then, and what was refused or failed.
async fn rebuilt(scratch: &PostgresScratch, catalog: &Catalog) -> (Catalog, Vec<String>) {
    let session = session(scratch).await;
    let rendered = render(catalog);
    let mut trouble: Vec<String> = rendered
        .refusals
        .iter()
        .map(|refusal| {
            format!(
                "refused: {} {}: {}",
                refusal.object.kind.name(),
                refusal.object,
                refusal.reason
            )
        })
        .collect();
    for step in &rendered.steps {
        if let Err(error) = session.client.batch_execute(&step.sql).await {
            let why = error
                .as_db_error()
                .map_or(error.to_string(), |error| error.message().to_owned());
            trouble.push(format!("failed: {}\n    {why}", step.sql));
        }
    }
    (read(scratch, &session).await.catalog, trouble)
}

/// What is different, as text.
fn difference(before: &Catalog, after: &Catalog) -> String {
    let mut text = String::new();
    for change in changes(before, after) {
        match change {
            Change::Created(object) => writeln!(text, "more: {} {}", object.id.kind.name(), object.id),
            Change::Dropped(object) => {
                writeln!(
                    text,
                    "missing: {} {}: {}",
                    object.id.kind.name(),
                    object.id,
                    object.definition
                )
            }
            Change::Altered { before, after } => writeln!(
                text,
                "other: {} {}\n    {}\n    {}\n    {}",
                after.id.kind.name(),
                after.id,
                before.definition,
                after.definition,
                pieces(&format!("{:?}", before.body), &format!("{:?}", after.body)),
            ),
        }
        .unwrap();
    }
    for edge in before.dependencies.difference(&after.dependencies) {
        writeln!(text, "missing edge: {} -> {}", edge.dependent, edge.on).unwrap();
    }
    for edge in after.dependencies.difference(&before.dependencies) {
        writeln!(text, "more edge: {} -> {}", edge.dependent, edge.on).unwrap();
    }
    text
}

/// The pieces of one text that the other does not have.
fn pieces(before: &str, after: &str) -> String {
    let split = |text: &str| text.split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
    let (before, after) = (split(before), split(after));
    let (was, is): (Vec<_>, Vec<_>) = (before.difference(&after).collect(), after.difference(&before).collect());
    format!("was {was:?}\n    is {is:?}")
}

#[tokio::test]
async fn what_is_read_and_written_as_sql_reads_back_the_same() {
    let mut trouble = String::new();
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        for (name, from, sql) in schemas() {
            if from > major {
                continue;
            }
            let source = session(&scratch).await;
            if let Err(error) = source.client.batch_execute(&sql).await {
                writeln!(trouble, "== {name} on {major} can't be made: {error:?}").unwrap();
                continue;
            }
            let before = read(&scratch, &source).await.catalog;
            let (after, failures) = rebuilt(&scratch, &before).await;
            let difference = difference(&before, &after);
            if !difference.is_empty() || !failures.is_empty() {
                writeln!(trouble, "== {name} on {major}\n{}\n{difference}", failures.join("\n")).unwrap();
            }
        }
    }
    assert!(trouble.is_empty(), "{trouble}");
}

#[tokio::test]
async fn every_kind_stands_in_a_schema_that_is_made_for_this() {
    let scratch = servers::scratch(18).await;
    let mut kinds = BTreeSet::new();
    for (_, _, sql) in schemas() {
        let source = session(&scratch).await;
        source.client.batch_execute(&sql).await.unwrap();
        kinds.extend(read(&scratch, &source).await.catalog.objects.keys().map(|id| id.kind));
    }
    let missing: Vec<&str> = ObjectKind::ALL
        .into_iter()
        .filter(|kind| !kinds.contains(kind) && *kind != ObjectKind::Event)
        .map(ObjectKind::name)
        .collect();
    assert_eq!(missing, [""; 0]);
}
