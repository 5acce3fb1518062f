//! The examples of every insight's page, on real servers: of what is called told the insight tells something, of what is
//! called silent it does not.

use dbwright_advise::{INSIGHTS, Insight, InsightExample};
use dbwright_catalog::{Engine, ExplainedPlan, ExplainedQuery};
use dbwright_engineer::{ExplainOn, ExplainRequest, ReadLimits, explain, queries_in};
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};
use dbwright_sql::{Dialect, statements};
use tokio_postgres::SimpleQueryMessage;

use crate::servers;

/// Explains an example on a server.
async fn explained(session: &Session, url: &str, example: &InsightExample) -> ExplainedQuery {
    let (mut queries, mut plans) = (queries_in(example.engine, &example.query, None), Vec::new());
    if example.kept {
        let sql = format!("BEGIN; EXPLAIN (ANALYZE, FORMAT JSON) {}; ROLLBACK", example.query);
        let answer = session.client.simple_query(&sql).await.unwrap();
        let json = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        plans.push(("kept.json".to_owned(), json.unwrap().to_owned()));
        queries.clear();
    }
    let request = ExplainRequest {
        on: ExplainOn::Live {
            url: url.to_owned(),
            passwords: dbwright_engineer::Passwords::default(),
            limits: ReadLimits::default(),
            run: example.analyze,
        },
        queries,
        plans,
    };
    let mut explanation = explain(&request).await.unwrap();
    assert_eq!(explanation.queries.len(), 1, "{}", example.query);
    explanation.queries.remove(0)
}

/// What is wrong with an example.
fn mistake(insight: &Insight, example: &InsightExample, explained: &ExplainedQuery) -> Option<String> {
    let plan: &ExplainedPlan = match &explained.outcome {
        Ok(plan) => plan,
        Err(problem) => return Some(format!("there is no plan: {problem}")),
    };
    if example.analyze && !plan.plan.is_measured() {
        return Some(format!("it was not run: {:?}", plan.notes));
    }
    let told: Vec<&str> = plan
        .findings
        .iter()
        .filter(|finding| finding.insight == insight.name)
        .map(|finding| finding.message.as_str())
        .collect();
    match (told.is_empty(), example.told) {
        (true, true) => Some("nothing is told".to_owned()),
        (false, false) => Some(format!("something is told: {told:?}")),
        (true, false) | (false, true) => None,
    }
}

async fn wrong_on_postgres(server: &PostgresScratch, major: u32) -> Vec<String> {
    let mut wrong = Vec::new();
    let folder = server.socket_folder().unwrap().display().to_string();
    for insight in INSIGHTS {
        let mut there: Option<(String, (String, Session))> = None;
        let examples = insight.examples().into_iter();
        for example in examples.filter(|example| example.engine == Engine::Postgres && example.holds_for(major)) {
            let (database, session) = match there.take() {
                Some((setup, there)) if setup == example.setup => there,
                _ => {
                    let database = server.create_database().await.unwrap();
                    let session = server.connect(&database, Who::Observer).await.unwrap();
                    let statements = statements(Dialect::server(Engine::Postgres), &example.setup);
                    let setup = statements.iter().map(|statement| statement.text.as_str());
                    for sql in ["SET search_path = public"].into_iter().chain(setup).chain(["ANALYZE"]) {
                        let done = session.client.batch_execute(sql).await;
                        done.unwrap_or_else(|error| panic!("{}: {sql}: {error:?}", insight.name));
                    }
                    (database, session)
                }
            };
            let url = format!("postgres://dbwright@/{database}?host={folder}");
            let explained = explained(&session, &url, &example).await;
            if let Some(mistake) = mistake(insight, &example, &explained) {
                wrong.push(format!(
                    "{} on PostgreSQL {major}, told: {}:\n{}\n=> {mistake}\n{explained:#?}",
                    insight.name, example.told, example.query
                ));
            }
            there = Some((example.setup, (database, session)));
        }
    }
    wrong
}

#[tokio::test]
async fn insights_tell_what_their_pages_show_on_postgres() {
    for major in servers::majors() {
        let server = servers::scratch(major).await;
        let wrong = wrong_on_postgres(&server, major).await;
        assert!(wrong.is_empty(), "{} examples:\n{}", wrong.len(), wrong.join("\n\n"));
        server.stop().await.unwrap();
    }
}
