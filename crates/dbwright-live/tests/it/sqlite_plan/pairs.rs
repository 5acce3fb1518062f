//! Pairs of schemas by chance: each plan holds, there and back, or refuses by name.
//!
//! [`made_up`] says how many.

use dbwright_catalog::{Engine, ObjectBody, PlanOutcome, TableKind};
use dbwright_ddl::{quote_identifier, render};
use rusqlite::Connection;

use super::edit::Source;
use super::spell::{Chance, Spelling};
use super::{catalog, failures, proven};
use crate::made_up;

/// How many pairs the ordinary tests try.
const PAIRS: u64 = 110;

/// Two schemas as SQL.
pub(super) fn pair(number: u64) -> (String, String) {
    let mut source = Source {
        chance: Chance(number),
        number: 0,
    };
    let schema = source.schema();
    let mut changed = schema.clone();
    let edits = 1 + source.chance.below(5);
    source.edit(&mut changed, edits);
    let before = schema.sql(&mut Spelling(Chance(number.wrapping_mul(31))));
    let after = changed.sql(&mut Spelling(Chance(number.wrapping_mul(37))));
    (before, after)
}

#[derive(Default, Debug)]
struct Counts {
    proven: usize,
    refused: usize,
    failed: usize,
    without_way_back: usize,
    with_rows_taken_out: usize,
}

#[test]
fn plans_between_schemas_by_chance_hold_or_refuse_by_name() {
    let mut counts = Counts::default();
    let mut told = Vec::new();
    for number in made_up::numbers(PAIRS) {
        let (before, after) = pair(number);
        let Ok((plan, proof)) = std::panic::catch_unwind(|| proven(&before, &after)) else {
            counts.failed += 1;
            made_up::keep(&format!("sqlite-{number}"), &before, &after, "The proof panicked.");
            told.push(format!("pair {number} ended the proof"));
            continue;
        };
        let failures = failures(&proof);
        if !failures.is_empty() {
            counts.failed += 1;
            let complaints = failures.join("\n");
            made_up::keep(&format!("sqlite-{number}"), &before, &after, &complaints);
            told.push(format!("pair {number}: {complaints}"));
        } else if plan.refusals.is_empty() {
            counts.proven += 1;
        } else {
            counts.refused += 1;
            assert!(
                plan.refusals.iter().all(|refusal| refusal.reason.len() > 20),
                "pair {number}: {:?}",
                plan.refusals
            );
        }
        let not_tried = |words: &str| {
            let says =
                |outcome: &PlanOutcome| matches!(outcome, PlanOutcome::NotTried(reason) if reason.contains(words));
            usize::from(proof.checks.iter().any(|check| says(&check.outcome)))
        };
        counts.without_way_back += not_tried("The way back can't be planned");
        counts.with_rows_taken_out += not_tried("were taken out first");
    }
    made_up::report(&format!("SQLite: {counts:#?}"));
    assert!(told.is_empty(), "{counts:?}\n{}", told.join("\n\n"));
    let tried = counts.proven + counts.refused;
    // Most changes can be planned: what is refused is a column without a value for the rows that are there.
    assert!(tried < 50 || counts.proven * 100 > tried * 85, "{counts:?}");
}

/// What SQLite makes of a statement, apart from places: instructions with what they work on, sorted.
fn program(connection: &Connection, sql: &str) -> Vec<(String, Option<String>)> {
    let mut statement = connection.prepare(&format!("EXPLAIN {sql}")).unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get("opcode")?, row.get("p4")?)))
        .unwrap();
    let mut program: Vec<(String, Option<String>)> = rows.map(Result::unwrap).collect();
    // These repeat the text, for tracing and for messages.
    program.retain(|(instruction, _)| instruction != "Trace");
    for (instruction, text) in &mut program {
        if instruction == "Halt" {
            *text = None;
        }
    }
    program.sort();
    program
}

#[test]
fn the_one_spelling_of_a_definition_compiles_to_the_same_program() {
    let mut compared = 0;
    for number in 0..60 {
        let (sql, _) = pair(number);
        let typed = Connection::open_in_memory().unwrap();
        typed.execute_batch(&sql).unwrap();
        let catalog = catalog(&sql);
        let spelled = Connection::open_in_memory().unwrap();
        for step in render(&catalog).steps {
            spelled.execute_batch(&step.sql).unwrap();
        }
        for object in catalog.objects.values() {
            let name = quote_identifier(Engine::Sqlite, object.id.name());
            let statement = match &object.body {
                ObjectBody::Table(table) if table.kind == TableKind::Ordinary => {
                    format!("INSERT INTO {name} DEFAULT VALUES")
                }
                ObjectBody::View(_) => format!("SELECT * FROM {name}"),
                _ => continue,
            };
            assert_eq!(
                program(&typed, &statement),
                program(&spelled, &statement),
                "pair {number}: {statement}"
            );
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}
