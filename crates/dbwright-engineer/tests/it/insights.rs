//! The examples of every insight's page, on real servers: of what is called told the insight tells something, of what is
//! called silent it does not.

use dbwright_advise::{INSIGHTS, Insight, InsightExample};
use dbwright_catalog::{Engine, ExplainedPlan, ExplainedQuery};
use dbwright_engineer::{ExplainOn, ExplainRequest, ReadLimits, explain, queries_in};
use dbwright_live::scratch::postgres::{PostgresScratch, Who};

use crate::servers;

/// Explains an example on a server.
async fn explained(url: &str, example: &InsightExample) -> ExplainedQuery {
    let request = ExplainRequest {
        on: ExplainOn::Live {
            url: url.to_owned(),
            passwords: dbwright_engineer::Passwords::default(),
            limits: ReadLimits::default(),
            run: example.analyze,
        },
        queries: queries_in(example.engine, &example.query, None),
        plans: Vec::new(),
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
        let mut there: Option<(String, String)> = None;
        let examples = insight.examples().into_iter();
        for example in examples.filter(|example| example.engine == Engine::Postgres && example.holds_for(major)) {
            let database = match there.take() {
                Some((setup, database)) if setup == example.setup => database,
                _ => {
                    let database = server.create_database().await.unwrap();
                    let session = server.connect(&database, Who::Observer).await.unwrap();
                    for sql in ["SET search_path = public", example.setup.as_str(), "VACUUM ANALYZE"] {
                        let done = session.client.batch_execute(sql).await;
                        done.unwrap_or_else(|error| panic!("{}: {sql}: {error:?}", insight.name));
                    }
                    session.close().await;
                    database
                }
            };
            let url = format!("postgres://dbwright@/{database}?host={folder}");
            let explained = explained(&url, &example).await;
            if let Some(mistake) = mistake(insight, &example, &explained) {
                wrong.push(format!(
                    "{} on PostgreSQL {major}, told: {}:\n{}\n=> {mistake}\n{explained:#?}",
                    insight.name, example.told, example.query
                ));
            }
            there = Some((example.setup, database));
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
