//! Rules judge what a statement does: the same SQL inside a `DO` block or a function is judged like the bare statement.

use dbwright_catalog::{Engine, Finding, Group, ObjectId};
use dbwright_rules::{Example, ExampleKind, RULES, Rule};
use dbwright_sql::{Dialect, statements};

use crate::run::{Place, run};
use crate::servers;

/// A way to run a statement that does not show it to a reader of the file.
struct Wrapping {
    name: &'static str,
    /// What has to stand in the setup.
    setup: &'static str,
    /// Around one statement, given as a literal.
    wrap: fn(&str) -> String,
}

const WRAPPINGS: [Wrapping; 2] = [
    Wrapping {
        name: "a DO block",
        setup: "",
        wrap: |literal| format!("DO $$ BEGIN EXECUTE {literal}; END $$;\n"),
    },
    Wrapping {
        name: "a function",
        setup: "CREATE FUNCTION run_it(sql text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE sql; END $$;\n",
        wrap: |literal| format!("SELECT run_it({literal});\n"),
    },
];

/// The `bad` examples of the locks group that can run inside a function, with their rules.
fn wrappable(major: u32) -> Vec<(&'static Rule, Example)> {
    // Whether an UPDATE chooses its rows stands in its text alone.
    let locks = RULES
        .iter()
        .copied()
        .filter(|rule| rule.group == Group::Locks && rule.name != "update-all-rows");
    locks
        .flat_map(|rule| rule.examples().into_iter().map(move |example| (rule, example)))
        .filter(|(_, example)| example.engine == Engine::Postgres && example.kind == ExampleKind::Bad)
        .filter(|(_, example)| example.holds_for(major) && !example.sql.contains("CONCURRENTLY"))
        .collect()
}

/// Rule, relation, index of the statement and steps of the fix: what must not depend on how the statement is written.
type Judgement = (String, Option<ObjectId>, Option<usize>, Vec<String>);

fn judgement(finding: &Finding) -> Judgement {
    let steps = finding
        .fix
        .iter()
        .flat_map(|fix| fix.steps.iter().map(|step| step.sql.clone()));
    (
        finding.rule.clone(),
        finding.evidence.relation.clone(),
        finding.place.statement.map(|(_, statement)| statement),
        steps.collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_do_block_or_a_function_runs_is_judged_like_the_bare_statement() {
    let mut wrong = Vec::new();
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let place = Place::Postgres(&scratch);
        for (rule, example) in wrappable(major) {
            let bare = run(place, example.setup.as_deref(), &example.sql, example.run_mode)
                .await
                .judged_by(rule);
            let expected: Vec<Judgement> = bare.of(rule.name).map(judgement).collect();
            assert!(!expected.is_empty(), "{} does not fire for\n{}", rule.name, example.sql);
            for wrapping in &WRAPPINGS {
                let setup = format!("{}{}", example.setup.as_deref().unwrap_or_default(), wrapping.setup);
                let dialect = Dialect::server(Engine::Postgres);
                let bare = statements(dialect, &example.sql);
                let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
                let sql: String = bare
                    .iter()
                    .map(|statement| (wrapping.wrap)(&literal(&statement.text)))
                    .collect();
                let wrapped = run(place, Some(&setup), &sql, example.run_mode).await.judged_by(rule);
                let seen: Vec<Judgement> = wrapped.of(rule.name).map(judgement).collect();
                if seen != expected {
                    wrong.push(format!(
                        "{} on {major} in {}:\n{sql}expected {expected:?}\nseen {seen:?}\n{}\n",
                        rule.name,
                        wrapping.name,
                        wrapped.told()
                    ));
                }
            }
        }
        scratch.stop().await.unwrap();
    }
    assert!(wrong.is_empty(), "{} differ:\n\n{}", wrong.len(), wrong.join("\n"));
}
