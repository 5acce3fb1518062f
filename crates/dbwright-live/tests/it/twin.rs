//! Twins: the same plans, to the last digit of their costs, as on the database that the snapshot was taken of.

use dbwright_catalog::{SampleValues, Snapshot};
use dbwright_live::capture::capture;
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::scratch::postgres::{Session, Who};
use dbwright_live::twin::Fidelity;
use dbwright_live::twin::postgres::build;

use crate::servers;

/// Every kind of table and of index, with rows.
const FILLED: &str = include_str!("twin/filled.sql");

/// What is asked of both.
const QUERIES: &str = include_str!("twin/queries.sql");

async fn plans(session: &Session) -> Vec<String> {
    let mut plans = Vec::new();
    for query in QUERIES.split(';').map(str::trim).filter(|query| !query.is_empty()) {
        // Those of bitmap scans are compared where plain index scans would be cheaper.
        for settings in [
            "",
            "SET LOCAL enable_seqscan = off; ",
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; ",
        ] {
            let answer = session
                .client
                .simple_query(&format!("BEGIN; {settings}EXPLAIN {query}; ROLLBACK"))
                .await;
            let answer = answer.unwrap_or_else(|error| panic!("{query}: {error:?}"));
            let lines = answer.iter().filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            });
            let plan: Vec<&str> = lines.collect();
            plans.push(format!("{settings}{query}\n{}", plan.join("\n")));
        }
    }
    plans
}

/// Without the ends of indexes the plans of queries at the edges are others, and the twin says so.
async fn without_ends(mut snapshot: Snapshot, there: &[String]) {
    for relation in &mut snapshot.relations {
        relation.end_points = None;
    }
    let twin = build(&snapshot, &servers::scratch_options(18)).await.unwrap();
    assert!(
        matches!(&twin.fidelity, Fidelity::Approximate(reasons) if reasons.len() == 1),
        "{:?}",
        twin.fidelity
    );
    let session = twin.scratch.connect(&twin.database, Who::Observer).await.unwrap();
    let here = plans(&session).await;
    let differing: Vec<&str> = there
        .iter()
        .zip(&here)
        .filter(|(there, here)| there != here)
        .filter_map(|(there, _)| there.lines().next())
        .collect();
    let columns = [
        "id >", "plain", "short", "amount", "at >", "share >", "parts", "day", "share *",
    ];
    let same: Vec<&&str> = columns
        .iter()
        .filter(|column| !differing.iter().any(|query| query.contains(**column)))
        .collect();
    assert!(same.is_empty(), "{same:?}");
    session.close().await;
    twin.scratch.stop().await.unwrap();
}

#[tokio::test]
async fn a_twin_plans_as_the_filled_database_does() {
    for major in servers::majors() {
        let production = servers::scratch(major).await;
        let database = production.create_database().await.unwrap();
        let observer = production.connect(&database, Who::Observer).await.unwrap();
        for statement in FILLED.split(";\n") {
            // 13 has no statistics of expressions.
            if major < 14 && statement.contains("ends_expressions") {
                continue;
            }
            observer
                .client
                .simple_query(statement)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        }
        let there = plans(&observer).await;
        let folder = production.socket_folder().unwrap();
        let url = format!("postgres://dbwright@/{database}?host={}", folder.display());
        let mut connection = Connection::open(&url.parse().unwrap(), &ReadLimits::default())
            .await
            .unwrap();
        let all = SampleValues {
            by_default: true,
            exceptions: Vec::new(),
        };
        let snapshot = capture(&mut connection, &all).await.unwrap();
        connection.close().await;
        observer.close().await;
        production.stop().await.unwrap();

        let twin = build(&snapshot, &servers::scratch_options(major)).await.unwrap();
        assert_eq!(twin.fidelity, Fidelity::Exact, "{major}");
        let session = twin.scratch.connect(&twin.database, Who::Observer).await.unwrap();
        let here = plans(&session).await;
        let differing: Vec<String> = there
            .iter()
            .zip(&here)
            .filter(|(there, here)| there != here)
            .map(|(there, here)| format!("production: {there}\ntwin: {here}"))
            .collect();
        assert!(
            differing.is_empty(),
            "{major}: {} of {}:\n{}",
            differing.len(),
            there.len(),
            differing.join("\n\n")
        );
        session.close().await;
        twin.scratch.stop().await.unwrap();
        if major == 18 {
            without_ends(snapshot, &there).await;
        }
    }
}
