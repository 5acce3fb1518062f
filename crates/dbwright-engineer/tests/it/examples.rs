//! The examples of every rule's page, run on real servers: what is called bad fires and does what the page claims, what
//! is called good or fixed does neither, and the fix that is offered is the one that the page shows, and holds.

use dbwright_catalog::{Finding, ObjectId, Outcome, Proof};
use dbwright_live::scratch::postgres::PostgresScratch;
use dbwright_rules::{Claim, Example, ExampleKind, RULES, Rule};
use dbwright_sql::{Dialect, statements};

use crate::run::{Place, Run, prove, run_saying};
use crate::servers;

/// A `bad` example as it was run, for the examples that follow it.
struct Bad {
    relation: Option<ObjectId>,
    /// The statements of the fix, until the page has shown them.
    fix: Option<Vec<String>>,
}

/// Runs all examples of an engine; what is wrong with them.
async fn wrong(place: Place<'_>, major: u32, proving: Option<&PostgresScratch>) -> Vec<String> {
    let mut wrong = Vec::new();
    // Those that judge schemas which were read whole have a test of their own.
    for rule in RULES.iter().filter(|rule| rule.judges_changes()) {
        let mut last_bad: Option<Bad> = None;
        let examples = rule.examples().into_iter();
        for example in examples.filter(|example| example.engine == place.engine() && example.holds_for(major)) {
            let run = run_saying(
                place,
                example.says,
                example.setup.as_deref(),
                &example.sql,
                example.run_mode,
            )
            .await
            .judged_by(rule);
            let mut mistakes = match example.kind {
                ExampleKind::Bad => {
                    let mut mistakes = not_shown_by_the_page(last_bad.take());
                    mistakes.extend(mistakes_of_bad(rule, &run));
                    if let Some(scratch) = proving {
                        mistakes.extend(mistakes_of_proof(rule, &run, scratch).await);
                    }
                    last_bad = run.of(rule.name).next().map(bad);
                    mistakes
                }
                ExampleKind::Good => mistakes_of_better(rule, &run, last_bad.as_ref()),
                ExampleKind::Fixed => {
                    let mut mistakes = mistakes_of_better(rule, &run, last_bad.as_ref());
                    mistakes.extend(mistakes_of_fix(&example, last_bad.as_mut()));
                    mistakes
                }
            };
            let head = format!(
                "{} on {} {major}, {:?}:\n{}",
                rule.name, example.engine, example.kind, example.sql
            );
            wrong.extend(
                mistakes
                    .drain(..)
                    .map(|mistake| format!("{head}=> {mistake}\n{}\n", run.told())),
            );
        }
        let head = format!("{} on {} {major}", rule.name, place.engine());
        wrong.extend(
            not_shown_by_the_page(last_bad)
                .into_iter()
                .map(|mistake| format!("{head}: {mistake}\n")),
        );
    }
    wrong
}

fn bad(finding: &Finding) -> Bad {
    let fix = finding
        .fix
        .as_ref()
        .map(|fix| fix.steps.iter().map(|step| step.sql.clone()).collect());
    Bad {
        relation: finding.evidence.relation.clone(),
        fix,
    }
}

fn not_shown_by_the_page(bad: Option<Bad>) -> Vec<String> {
    let fix = bad.and_then(|bad| bad.fix);
    fix.map(|fix| format!("a fix that the page does not show:\n{}", fix.join(";\n")))
        .into_iter()
        .collect()
}

/// The rule fires, and each of its claims is seen on the relation that it names.
fn mistakes_of_bad(rule: &Rule, run: &Run) -> Vec<String> {
    let mut mistakes = Vec::new();
    if run.of(rule.name).next().is_none() {
        mistakes.push("the rule does not fire".to_owned());
    }
    for finding in run.of(rule.name) {
        let (_, statement) = finding.place.statement.unwrap();
        let relation = finding.evidence.relation.as_ref();
        for claim in rule.claims.iter().filter(|claim| **claim != Claim::Nothing) {
            let shown = match claim {
                // The lock is named where it is taken and hurts where the later statements work.
                Claim::LockCarriedOver(_) => claim.is_shown_by(run.effects(), statement + 1, relation),
                _ => claim.is_shown_by(run.effects(), statement, relation),
            };
            if !shown {
                mistakes.push(format!("{claim:?} was not observed on {relation:?}"));
            }
        }
    }
    mistakes
}

/// The fix holds when it is tried as the product tries it.
async fn mistakes_of_proof(rule: &Rule, run: &Run, scratch: &PostgresScratch) -> Vec<String> {
    let mut mistakes = Vec::new();
    for finding in run.of(rule.name).filter(|finding| finding.fix.is_some()) {
        let proof = prove(scratch, run, finding).await;
        if !matches!(proof, Proof::Holds { .. }) {
            mistakes.push(format!("the fix does not hold: {proof:?}"));
        }
    }
    mistakes
}

/// The rule is silent, every statement works (at least on some rows), and nothing of what the page claims happens to the relation of the bad example.
fn mistakes_of_better(rule: &Rule, run: &Run, bad: Option<&Bad>) -> Vec<String> {
    let mut mistakes: Vec<String> = run
        .of(rule.name)
        .map(|finding| format!("the rule fires: {}", finding.message))
        .collect();
    for effect in run.effects() {
        match &effect.outcome {
            // How a table is altered safely does not depend on whether its rows fit.
            Outcome::Done | Outcome::FailedOnRows(_) => {}
            Outcome::Failed(error) | Outcome::FollowsFrom { error, .. } => {
                mistakes.push(format!("a statement fails: {}", error.message));
            }
            Outcome::Refused(reason) => mistakes.push(format!("a statement is refused: {reason}")),
        }
    }
    let relation = bad.and_then(|bad| bad.relation.as_ref());
    for statement in 0..run.effects().len() {
        for claim in rule.claims {
            if !is_other_object(*claim) && claim.is_shown_by(run.effects(), statement, relation) {
                mistakes.push(format!(
                    "{claim:?} was observed on {relation:?} in statement {}",
                    statement + 1
                ));
            }
        }
    }
    mistakes
}

/// Whether the same claim may be seen where nothing is lost: the good examples drop what the migration itself made, or
/// what it has copied.
fn is_other_object(claim: Claim) -> bool {
    matches!(claim, Claim::Dropped(_))
}

/// The page shows what the rule offers.
fn mistakes_of_fix(example: &Example, bad: Option<&mut Bad>) -> Vec<String> {
    let dialect = Dialect::server(example.engine);
    let shown: Vec<String> = statements(dialect, &example.sql)
        .iter()
        .map(|statement| spaced(&statement.text))
        .collect();
    let offered = bad.and_then(|bad| bad.fix.take()).unwrap_or_default();
    let offered: Vec<String> = offered.iter().map(|sql| spaced(sql)).collect();
    if shown == offered {
        return Vec::new();
    }
    vec![format!("the rule offers instead:\n{}", offered.join(";\n"))]
}

/// With single spaces.
fn spaced(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} mistakes:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_for_postgres_does_what_its_page_says() {
    let mut mistakes = Vec::new();
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let proving = servers::scratch(major).await;
        mistakes.extend(wrong(Place::Postgres(&scratch), major, Some(&proving)).await);
        scratch.stop().await.unwrap();
        proving.stop().await.unwrap();
    }
    assert_none(&mistakes);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_for_mysql_and_mariadb_does_what_its_page_says() {
    let mut mistakes = Vec::new();
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        mistakes.extend(wrong(Place::MySqlFamily(&scratch), major, None).await);
        scratch.stop().await.unwrap();
    }
    assert_none(&mistakes);
}

#[tokio::test]
async fn every_example_for_sqlite_does_what_its_page_says() {
    assert_none(&wrong(Place::Sqlite, 3, None).await);
}

#[test]
fn every_engine_of_a_rule_has_a_bad_example_and_a_better_one() {
    for rule in RULES {
        let examples = rule.examples();
        for engine in rule.engines {
            let has = |is_it: fn(ExampleKind) -> bool| {
                examples
                    .iter()
                    .any(|example| example.engine == *engine && is_it(example.kind))
            };
            let has_bad = has(|kind| kind == ExampleKind::Bad);
            assert!(has_bad, "{} has no bad example for {engine}", rule.name);
            let has_better = has(|kind| kind != ExampleKind::Bad);
            assert!(has_better, "{} has no good or fixed example for {engine}", rule.name);
        }
    }
}
