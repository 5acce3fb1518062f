//! The examples of every insight's page, on real servers: of what is called told the insight tells something, of what is
//! called silent it does not.

use dbwright_advise::{INSIGHTS, Insight, InsightExample};
use dbwright_catalog::{Engine, ExplainedPlan, ExplainedQuery, Outcome, RunMode};
use dbwright_engineer::{ExplainOn, ExplainRequest, ReadLimits, explain, queries_in};
use dbwright_live::scratch::postgres::Who;
use dbwright_live::scratch::{Scratch, ScratchOptions};
use tokio_postgres::SimpleQueryMessage;

use crate::run::history;
use crate::servers;

/// Explains an example on a server.
async fn explained(scratch: &Scratch, database: &str, example: &InsightExample) -> ExplainedQuery {
    let url = servers::url(scratch, database).await;
    let (mut queries, mut plans) = (queries_in(example.engine, &example.query, None), Vec::new());
    if example.kept {
        plans.push(("kept.json".to_owned(), kept(scratch, database, &example.query).await));
        queries.clear();
    }
    let request = ExplainRequest {
        on: ExplainOn::Live {
            url,
            passwords: dbwright_engineer::Passwords::default(),
            limits: ReadLimits::default(),
            run: example.analyze,
            values: false,
        },
        queries,
        plans,
    };
    let mut explanation = explain(&request).await.unwrap();
    assert_eq!(explanation.queries.len(), 1, "{}", example.query);
    explanation.queries.remove(0)
}

/// The plan of a query that somebody has run, as the server prints it.
async fn kept(scratch: &Scratch, database: &str, query: &str) -> String {
    let Scratch::Postgres(scratch) = scratch else {
        panic!("plans that are given are PostgreSQL's");
    };
    let session = scratch.connect(database, Who::Observer).await.unwrap();
    let sql = format!("SET search_path = public; BEGIN; EXPLAIN (ANALYZE, FORMAT JSON) {query}; ROLLBACK");
    let answer = session.client.simple_query(&sql).await.unwrap();
    let json = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    json.unwrap().to_owned()
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

/// A database with the tables and rows of an example, and statistics of them.
pub(crate) async fn set_up(scratch: &Scratch, name: &str, setup: &str) -> String {
    let engine = scratch.server().engine;
    let gathered = match engine {
        Engine::Postgres | Engine::Sqlite => "ANALYZE;",
        Engine::MySql | Engine::MariaDb => "",
    };
    let history = history(engine, None, &format!("{setup}\n{gathered}"), RunMode::EachStatement);
    let replayed = scratch.replay(&history, &mut |_| {}).await.unwrap();
    for effect in replayed.migrations.iter().flat_map(|migration| &migration.effects) {
        assert_eq!(effect.outcome, Outcome::Done, "{name}: {setup}");
    }
    replayed.database
}

/// What is wrong with the examples for the engine of this server.
async fn wrong(scratch: &Scratch) -> Vec<String> {
    let server = scratch.server().clone();
    let mut wrong = Vec::new();
    for insight in INSIGHTS {
        let mut there: Option<(String, String)> = None;
        let of_server =
            |example: &InsightExample| example.engine == server.engine && example.holds_for(server.version.major);
        for example in insight.examples().into_iter().filter(of_server) {
            let database = match there.take() {
                Some((setup, database)) if setup == example.setup => database,
                _ => set_up(scratch, insight.name, &example.setup).await,
            };
            let explained = explained(scratch, &database, &example).await;
            if let Some(mistake) = mistake(insight, &example, &explained) {
                wrong.push(format!(
                    "{} on {server}, told: {}:\n{}\n=> {mistake}\n{explained:#?}",
                    insight.name, example.told, example.query
                ));
            }
            there = Some((example.setup, database));
        }
    }
    wrong
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} examples:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn insights_tell_what_their_pages_show_on_postgres() {
    for major in servers::majors() {
        let scratch = Scratch::Postgres(Box::new(servers::scratch(major).await));
        assert_none(&wrong(&scratch).await);
        scratch.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn insights_tell_what_their_pages_show_on_mysql_and_mariadb() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = Scratch::MySqlFamily(Box::new(servers::mysql_family(engine, major).await));
        assert_none(&wrong(&scratch).await);
        scratch.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn insights_tell_what_their_pages_show_on_sqlite() {
    let options = ScratchOptions {
        cache: servers::cache(),
        ..ScratchOptions::default()
    };
    let scratch = Scratch::start(Engine::Sqlite, &options).await.unwrap();
    assert_none(&wrong(&scratch).await);
    scratch.stop().await.unwrap();
}
