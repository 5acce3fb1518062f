//! The plans of a benchmark's queries on one side, and how many are the same on another.

use std::fmt::Write as _;
use std::path::Path;

use dbwright_catalog::Server;
use mysql_async::Conn;

use crate::{Failure, mysql_family_plan, sqlite_plan};

/// A query, and its plan; what the engine says where it does not take the query.
pub(crate) struct Plan {
    pub(crate) number: u32,
    pub(crate) steps: Result<String, String>,
}

/// Plans of a SQLite file.
pub(crate) fn sqlite(path: &Path, queries: &[(u32, String)]) -> Result<Vec<Plan>, Failure> {
    let connection = rusqlite::Connection::open(path)?;
    let plan = |(number, text): &(u32, String)| {
        let steps = sqlite_plan::plan(&connection, statement(text));
        let steps = steps.map_err(|error| match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg,
            error => error.to_string(),
        });
        Plan { number: *number, steps }
    };
    Ok(queries.iter().map(plan).collect())
}

/// Plans of a server of MySQL or MariaDB.
pub(crate) async fn mysql_family(
    server: &Server,
    session: &mut Conn,
    queries: &[(u32, String)],
) -> Result<Vec<Plan>, Failure> {
    let mut plans = Vec::new();
    for (number, text) in queries {
        let steps = match mysql_family_plan::plan(server, session, statement(text)).await {
            Ok(steps) => Ok(steps),
            Err(mysql_async::Error::Server(error)) => Err(error.message),
            Err(error) => return Err(error.into()),
        };
        plans.push(Plan { number: *number, steps });
    }
    Ok(plans)
}

/// A query without the semicolon at its end.
fn statement(text: &str) -> &str {
    text.trim().trim_end_matches(';')
}

/// Which queries an engine does not take, with what it says.
pub(crate) fn refused(plans: &[Plan]) -> String {
    let refused = plans
        .iter()
        .filter_map(|plan| Some((plan.number, plan.steps.as_ref().err()?)));
    refused.fold(String::new(), |mut text, (number, said)| {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = write!(text, "\n    query {number} is refused: {said}");
        text
    })
}

/// How many of the queries that production takes have the same plan on a twin, and which have not.
pub(crate) fn told(there: &[Plan], here: &[Plan], show: bool) -> String {
    let taken: Vec<_> = there
        .iter()
        .zip(here)
        .filter(|(there, _)| there.steps.is_ok())
        .collect();
    let others: Vec<_> = taken.iter().filter(|(there, here)| there.steps != here.steps).collect();
    let mut text = format!("{} of {} plans the same", taken.len() - others.len(), taken.len());
    if !others.is_empty() {
        let numbers: Vec<String> = others.iter().map(|(there, _)| there.number.to_string()).collect();
        let _ = write!(text, ", not of {}", numbers.join(", "));
    }
    for (there, here) in others.iter().filter(|_| show) {
        let steps = |plan: &Plan| match &plan.steps {
            Ok(steps) => steps.replace('\n', "\n        "),
            Err(said) => format!("refused: {said}"),
        };
        let _ = write!(
            text,
            "\n    query {}\n      production\n        {}\n      twin\n        {}",
            there.number,
            steps(there),
            steps(here)
        );
    }
    text
}
