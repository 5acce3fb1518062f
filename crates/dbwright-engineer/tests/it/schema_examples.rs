//! The examples of the rules that judge schemas, built on real servers, read whole and judged as `schema lint` does it: what
//! is called bad is told, and what is called good is not.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, Engine, Measured, Outcome};
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};
use dbwright_live::measure::measure;
use dbwright_live::scratch::{Scratch, ScratchOptions};
use dbwright_rules::{Example, ExampleKind, RULES, Rule, RuleChoice};

use crate::run::history;
use crate::servers;

/// What is wrong with the examples for the engine of this server.
async fn wrong(scratch: &Scratch) -> Vec<String> {
    let server = scratch.server().clone();
    let mut wrong = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.judges_catalogs()) {
        let examples = rule.examples().into_iter();
        let of_server = |example: &Example| example.engine == server.engine && example.holds_for(server.version.major);
        for example in examples.filter(of_server) {
            let told: Vec<String> = told(scratch, rule, &example).await;
            let is_bad = example.kind == ExampleKind::Bad;
            if told.is_empty() == is_bad {
                wrong.push(format!(
                    "{} on {server}, {:?}:\n{}=> {told:?}\n",
                    rule.name, example.kind, example.sql
                ));
            }
        }
    }
    wrong
}

/// What the rule says of the schema that an example makes.
async fn told(scratch: &Scratch, rule: &Rule, example: &Example) -> Vec<String> {
    let history = history(example.engine, example.setup.as_deref(), &example.sql, example.run_mode);
    let replayed = scratch.replay(&history, &mut |_| {}).await.unwrap();
    let effects = replayed.migrations.iter().flat_map(|migration| &migration.effects);
    for effect in effects {
        assert_eq!(effect.outcome, Outcome::Done, "{}: {}", rule.name, example.sql);
    }
    let reading = scratch.read(&replayed.database).await.unwrap();
    let measured = match rule.needs() {
        Some(_) => measured(scratch, &replayed.database, &reading.catalog).await,
        None => Measured::default(),
    };
    assert!(measured.not_measured.is_empty(), "{}: {measured:?}", rule.name);
    let choice = RuleChoice {
        enabled: vec![rule.name.to_owned()],
        ..RuleChoice::default()
    };
    let linted = dbwright_rules::lint(&reading.catalog, &measured, &choice, &BTreeSet::new());
    let of_rule = linted.findings.into_iter().filter(|finding| finding.rule == rule.name);
    of_rule.map(|finding| finding.message).collect()
}

/// What the product measures of a database of the user, which is here one of the scratch server.
async fn measured(scratch: &Scratch, database: &str, catalog: &Catalog) -> Measured {
    let url: DatabaseUrl = servers::url(scratch, database).await.parse().unwrap();
    let mut connection = Connection::open(&url, &ReadLimits::default()).await.unwrap();
    let relations = dbwright_rules::relations(catalog);
    let measured = measure(&mut connection, catalog, Some(&relations)).await;
    connection.close().await;
    measured
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} mistakes:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_of_schemas_for_postgres_do_what_their_pages_say() {
    let mut mistakes = Vec::new();
    for major in servers::majors() {
        let scratch = Scratch::Postgres(Box::new(servers::scratch(major).await));
        mistakes.extend(wrong(&scratch).await);
        scratch.stop().await.unwrap();
    }
    assert_none(&mistakes);
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_of_schemas_for_mysql_and_mariadb_do_what_their_pages_say() {
    let mut mistakes = Vec::new();
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = Scratch::MySqlFamily(Box::new(servers::mysql_family(engine, major).await));
        mistakes.extend(wrong(&scratch).await);
        scratch.stop().await.unwrap();
    }
    assert_none(&mistakes);
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_of_schemas_for_sqlite_do_what_their_pages_say() {
    let options = ScratchOptions {
        cache: servers::cache(),
        ..ScratchOptions::default()
    };
    let scratch = Scratch::start(Engine::Sqlite, &options).await.unwrap();
    let mistakes = wrong(&scratch).await;
    scratch.stop().await.unwrap();
    assert_none(&mistakes);
}
