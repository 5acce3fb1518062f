//! Asking for the plan of one query: with values in place of its parameters, and as the query for the rows that it writes where it
//! can't be planned as it stands.

use dbwright_advise::rows_written;
use dbwright_catalog::{Engine, Operation, ParameterValue, QueryPlan, ValueOrigin};
use dbwright_live::explain::{ExplainOptions, Explained, explain};

use super::bench::Bench;
use crate::EngineerError;
use crate::values::Filled;

/// Said of rows that stand in the statement.
const NOTHING_TO_PLAN: &str = "It adds rows that stand in it and looks for none, so that there is nothing to plan.";

/// What a server plans a query with that has values of the right type: by its statistics, and not by how many rows have just them.
/// <https://dev.mysql.com/doc/refman/9.4/en/range-optimization.html#equality-range-optimization>
const BY_STATISTICS: &str = "SET SESSION eq_range_index_dive_limit = 1";

/// Numbers of errors that a value may be the cause of: a syntax error, wrong arguments and values, wrong JSON.
/// <https://dev.mysql.com/doc/mysql-errors/9.4/en/server-error-reference.html>
const MAY_BE_A_VALUE: [u16; 8] = [1064, 1210, 1292, 1366, 1411, 1525, 3141, 3146];

/// A text that can be planned.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) text: String,
    /// Statements of ours that hold for it alone.
    pub(super) before: Vec<String>,
}

/// A plan that was made.
pub(super) struct Planned {
    /// What was asked.
    pub(super) asked: Asked,
    /// What the server printed.
    pub(super) plan: String,
    /// What should be known of it.
    pub(super) notes: Vec<String>,
    /// What stood in place of parameters.
    pub(super) values: Vec<ParameterValue>,
}

/// Asks for the plan of a query; why there is none.
pub(super) async fn planned(
    bench: &mut Bench<'_>,
    query: &str,
    run: bool,
) -> Result<Result<Planned, String>, EngineerError> {
    let Filled { text, values } = bench.filled(query).await?;
    let mut asked = Asked {
        before: settings(&values),
        text,
    };
    let engine = bench.server().engine;
    let (plan, mut notes) = match once(bench, &asked, run && values.is_empty()).await? {
        Explained::Plan { text, notes } => (text, notes),
        Explained::Refused(problem) => return Ok(Err(with_guesses(&problem, &values))),
        Explained::Withheld(why) => {
            let Some(rows) = rows_written(engine, &asked.text) else {
                return Ok(Err(format!(
                    "{why}; a twin plans it (`dbwright capture URL -o FILE`, `dbwright explain --on FILE`)"
                )));
            };
            asked.text = rows;
            match once(bench, &asked, false).await? {
                Explained::Plan { text, mut notes } => {
                    notes.insert(
                        0,
                        format!(
                            "Planned as a `SELECT` of the rows that it takes: {}.",
                            why.trim_end_matches('.')
                        ),
                    );
                    if run && values.is_empty() {
                        notes.push("It was not run: it writes.".to_owned());
                    }
                    (text, notes)
                }
                Explained::Refused(problem) | Explained::Withheld(problem) => {
                    return Ok(Err(with_guesses(&problem, &values)));
                }
            }
        }
    };
    if run && !values.is_empty() {
        notes.push("It was not run: its parameters have no values.".to_owned());
    }
    if matches!(engine, Engine::MySql | Engine::MariaDb) && adds_rows_that_it_names(query) {
        notes.push(NOTHING_TO_PLAN.to_owned());
    }
    Ok(Ok(Planned {
        asked,
        plan,
        notes,
        values,
    }))
}

async fn once(bench: &mut Bench<'_>, asked: &Asked, run: bool) -> Result<Explained, EngineerError> {
    let options = ExplainOptions {
        run,
        before: asked.before.clone(),
        on_our_server: bench.is_ours(),
    };
    Ok(explain(bench.connection, &asked.text, &options).await?)
}

/// What holds for a query with these values.
pub(super) fn settings(values: &[ParameterValue]) -> Vec<String> {
    let is_meaningless = values.iter().any(|value| value.origin == ValueOrigin::Type);
    is_meaningless.then(|| BY_STATISTICS.to_owned()).into_iter().collect()
}

/// A refusal, with the values that were guesses: it may be one of these that the server does not take.
fn with_guesses(problem: &str, values: &[ParameterValue]) -> String {
    let guesses: Vec<String> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.origin == ValueOrigin::Assumed && value.stands_for.is_none())
        .map(|(index, value)| format!("{} for parameter {}", value.value, index + 1))
        .collect();
    // The server's own refusals end with their number.
    let number = problem.trim_end_matches(')').rsplit('(').next().unwrap_or_default();
    let may_be_it = number.parse().is_ok_and(|number: u16| MAY_BE_A_VALUE.contains(&number));
    if guesses.is_empty() || !may_be_it {
        return problem.to_owned();
    }
    format!(
        "{} (asked with {}, of which no column tells the type: write a value in its place)",
        problem.trim_end_matches('.'),
        guesses.join(", ")
    )
}

/// Whether a statement adds rows whose values stand in it.
fn adds_rows_that_it_names(statement: &str) -> bool {
    let words: Vec<_> = dbwright_sql::tokens(Engine::MySql, statement)
        .filter(|token| !token.is_space())
        .collect();
    let begins = words
        .first()
        .is_some_and(|word| word.is("insert") || word.is("replace"));
    begins && !words.iter().any(|word| word.is("select") || word.is("table"))
}

/// Says that a plan is one that finds nothing, where that comes from the values.
pub(super) fn found_nothing(plan: &QueryPlan, values: &[ParameterValue]) -> Option<String> {
    let nodes = plan.nodes();
    let is_empty = nodes.iter().any(|(_, node)| {
        let name = node.name.to_ascii_lowercase();
        node.operation == Operation::Other && (name.contains("const table") || name.contains("impossible where"))
    });
    let is_meaningless = values.iter().any(|value| value.origin == ValueOrigin::Type);
    (is_empty && is_meaningless).then(|| {
        "No row has these values, so that it is planned as one that finds nothing: write a value that a row has in place of the \
         parameter, or let one be looked for (`--values all`)."
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_stand_in_a_statement_are_known() {
        for (statement, adds) in [
            ("INSERT INTO t (a) VALUES (?)", true),
            ("-- one\nREPLACE INTO t SET a = 1", true),
            ("INSERT INTO t SELECT 1", false),
            ("INSERT INTO t VALUES ((SELECT 1))", false),
            ("UPDATE t SET a = 1", false),
        ] {
            assert_eq!(adds_rows_that_it_names(statement), adds, "{statement}");
        }
    }
}
