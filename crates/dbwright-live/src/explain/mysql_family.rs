//! `EXPLAIN` of MySQL and MariaDB.
//!
//! The session is read-only and bounded. MySQL is asked for the form that tells most: version 2 of its JSON, which an older
//! server does not have and prints as a tree. Both engines run parts of a query while they plan (rows by unique keys, subqueries
//! that depend on nothing, functions of constants), so that a query with a function that may do more than give a value is not
//! even planned. MariaDB has one form, which names tables by their aliases alone, so that the query
//! as the server understood it is put beside. Of an `UPDATE` or `DELETE` of one table MySQL tells version 1 of its JSON alone.

mod facts;
mod functions;
mod proof;

pub(super) use facts::facts;

use dbwright_catalog::Engine;
use dbwright_sql::{Dialect, SqlMode, Summary, TokenKind, statements, summarise_mysql_family, tokens_in};
use serde_json::{Map, Value};

use super::{ExplainOptions, Explained};
use crate::LiveError;
use crate::connect::{Connection, PlanForm, PlanOfWrite};
use crate::measure::TextRows;

/// What MySQL prints as the plan of a statement that it does not run by steps.
/// <https://dev.mysql.com/doc/refman/9.4/en/explain.html>
const NOT_BY_STEPS: &str = "<not executable by iterator executor>";

/// A statement whose plan is asked for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    text: &'a str,
    writes: bool,
}

/// Why there is no plan.
enum NoPlan {
    /// The server refuses the statement.
    Refused(String),
    /// It would plan it for somebody who may write.
    Withheld(String),
}

impl From<NoPlan> for Explained {
    fn from(no_plan: NoPlan) -> Self {
        match no_plan {
            NoPlan::Refused(why) => Explained::Refused(why),
            NoPlan::Withheld(why) => Explained::Withheld(why),
        }
    }
}

pub(super) async fn explain(
    connection: &mut Connection,
    query: &str,
    options: &ExplainOptions,
) -> Result<Explained, LiveError> {
    let dialect = dialect(connection).await?;
    if let Some(why) = not_explained(dialect, query) {
        return Ok(Explained::Refused(why));
    }
    if let Err(doubt) = proof::plans_only(connection, dialect, query).await? {
        return Ok(Explained::Refused(format!(
            "{} may run parts of a query while it plans, and {doubt}",
            dialect.engine
        )));
    }
    let query = Asked {
        text: query,
        writes: summarise_mysql_family(dialect, query).summary == Summary::Write,
    };
    if query.writes
        && !options.on_our_server
        && let Err(doubt) = proof::locks_no_rows(connection, dialect, query.text).await?
    {
        return Ok(Explained::Withheld(doubt));
    }
    let mut changed = Vec::new();
    for setting in &options.before {
        if let Err(refused) = ask(connection, setting).await? {
            restore(connection, &changed).await?;
            return Ok(Explained::Refused(refused));
        }
        changed.extend(name_of(setting));
    }
    let answer = planned(connection, dialect, query, options.run).await;
    restore(connection, &changed).await?;
    answer
}

async fn planned(
    connection: &mut Connection,
    dialect: Dialect,
    query: Asked<'_>,
    run: bool,
) -> Result<Explained, LiveError> {
    let mut notes = Vec::new();
    let text = match plan(connection, query).await? {
        Ok(text) => text,
        Err(no_plan) => return Ok(no_plan.into()),
    };
    if !run {
        return Ok(Explained::Plan { text, notes });
    }
    if let Err(doubt) = proof::reads_only(connection, dialect, query.text).await? {
        notes.push(format!("It was not run, as it is not proven to read only: {doubt}."));
        return Ok(Explained::Plan { text, notes });
    }
    Ok(match measured(connection, query.text, &text).await? {
        Ok((text, is_whole)) => {
            if !is_whole {
                notes.push(
                    "It was stopped before its end, as it took longer than it may: its figures are those until then."
                        .to_owned(),
                );
            }
            Explained::Plan { text, notes }
        }
        Err(refused) => {
            notes.push(format!("It was not run to its end: {refused}."));
            Explained::Plan { text, notes }
        }
    })
}

/// How the session reads a text.
async fn dialect(connection: &mut Connection) -> Result<Dialect, LiveError> {
    let mode = connection.first_value("SELECT @@sql_mode").await?.unwrap_or_default();
    let has = |name: &str| mode.split(',').any(|part| part == name);
    let sql_mode = SqlMode {
        ansi_quotes: has("ANSI_QUOTES"),
        no_backslash_escapes: has("NO_BACKSLASH_ESCAPES"),
        oracle: has("ORACLE"),
    };
    let server = connection.server();
    Ok(Dialect::server(server.engine)
        .with_sql_mode(sql_mode)
        .with_version(server.version))
}

/// Why there is no plan of such a statement.
fn not_explained(dialect: Dialect, query: &str) -> Option<String> {
    if statements(dialect, query).len() != 1 {
        return Some("a plan is of one statement".to_owned());
    }
    let has_parameters = tokens_in(dialect, query).any(|token| token.kind == TokenKind::Parameter && token.text == "?");
    if has_parameters {
        return Some(format!(
            "{} plans with the values of a query, and has no plan for any value: give values in place of `?`",
            dialect.engine
        ));
    }
    match summarise_mysql_family(dialect, query).summary {
        Summary::Query | Summary::Write => None,
        Summary::ReachesOutside(what) => Some(format!("{what} reaches outside of the database and is not explained")),
        _ => Some("only SELECT, TABLE, VALUES, INSERT, REPLACE, UPDATE and DELETE have a plan".to_owned()),
    }
}

/// The name of what a `SET SESSION` sets.
fn name_of(setting: &str) -> Option<String> {
    let (name, _) = setting.strip_prefix("SET SESSION ")?.split_once('=')?;
    Some(name.trim().to_owned())
}

async fn restore(connection: &mut Connection, names: &[String]) -> Result<(), LiveError> {
    for name in names {
        connection.rows(&format!("SET SESSION {name} = DEFAULT")).await?;
    }
    Ok(())
}

/// Asks for a plan without running the query.
async fn plan(connection: &mut Connection, query: Asked<'_>) -> Result<Result<String, NoPlan>, LiveError> {
    if connection.server().engine == Engine::MariaDb {
        let understood = understood(connection, PlanForm::Extended, query).await?;
        return Ok(match json(connection, query).await? {
            Ok(whole) => Ok(finished(connection, whole, understood).await?),
            Err(no_plan) => Err(no_plan),
        });
    }
    if ask(connection, &json_version(2)).await?.is_err() {
        return tree(connection, query).await;
    }
    let whole = match json(connection, query).await? {
        Ok(whole) => whole,
        Err(no_plan) => return Ok(Err(no_plan)),
    };
    if is_by_steps(&whole) {
        let whole = with_partitions(connection, whole, query).await?;
        return finished(connection, whole, None).await.map(Ok);
    }
    connection.rows(&json_version(1)).await?;
    let older = older(connection, query).await?;
    connection.rows(&json_version(2)).await?;
    Ok(older)
}

fn is_by_steps(whole: &Map<String, Value>) -> bool {
    let operation = whole.get("query_plan").and_then(|plan| plan.get("operation"));
    operation.and_then(Value::as_str) != Some(NOT_BY_STEPS)
}

/// MySQL's version 1, with the query as the server understood it.
async fn older(connection: &mut Connection, query: Asked<'_>) -> Result<Result<String, NoPlan>, LiveError> {
    let understood = understood(connection, PlanForm::Json, query).await?;
    Ok(match json(connection, query).await? {
        Ok(whole) => Ok(finished(connection, whole, understood).await?),
        Err(no_plan) => Err(no_plan),
    })
}

/// Runs the query and asks for what it did; whether it came to its end.
async fn measured(
    connection: &mut Connection,
    query: &str,
    planned: &str,
) -> Result<Result<(String, bool), String>, LiveError> {
    let asked = Asked {
        text: query,
        writes: false,
    };
    if connection.server().engine == Engine::MariaDb {
        let understood = understood(connection, PlanForm::Extended, asked).await?;
        let answer = ask(connection, &format!("ANALYZE FORMAT=JSON {query}")).await?;
        return Ok(match answer.and_then(in_json) {
            Ok(whole) => Ok((finished(connection, whole, understood).await?, true)),
            Err(refused) => Err(refused),
        });
    }
    if !planned.starts_with('{') {
        let understood = understood(connection, PlanForm::Tree, asked).await?;
        let answer = ask(connection, &format!("EXPLAIN ANALYZE {query}")).await?;
        let is_whole = came_to_its_end(connection).await?;
        return Ok(answer.and_then(first).map(|tree| (below(understood, &tree), is_whole)));
    }
    let answer = ask(connection, &format!("EXPLAIN ANALYZE FORMAT=JSON {query}")).await?;
    let is_whole = came_to_its_end(connection).await?;
    Ok(match answer.and_then(in_json) {
        Ok(mut whole) => {
            // The plan before it has what this one leaves out.
            if let Ok(Value::Object(planned)) = serde_json::from_str(planned) {
                copy_partitions(&planned, &mut whole);
            }
            Ok((finished(connection, whole, None).await?, is_whole))
        }
        Err(refused) => Err(refused),
    })
}

/// MySQL stops a query after its time and tells what it did until then, with a warning.
async fn came_to_its_end(connection: &mut Connection) -> Result<bool, LiveError> {
    // 1317: it was interrupted. https://dev.mysql.com/doc/mysql-errors/9.4/en/server-error-reference.html
    let warnings = connection.rows("SHOW WARNINGS").await?;
    Ok(!warnings
        .iter()
        .any(|row| matches!(row.get(1).and_then(Option::as_deref), Some("1317" | "3024"))))
}

fn json_version(version: u32) -> String {
    format!("SET SESSION explain_json_format_version = {version}")
}

/// MySQL before 8.3: a tree, and before it the query as the server understood it, which names the tables.
async fn tree(connection: &mut Connection, query: Asked<'_>) -> Result<Result<String, NoPlan>, LiveError> {
    let understood = understood(connection, PlanForm::Tree, query).await?;
    let tree = match told(connection, PlanForm::Tree, query).await? {
        Ok((rows, _)) => first(rows),
        Err(no_plan) => return Ok(Err(no_plan)),
    };
    match tree {
        Ok(tree) if tree.contains(NOT_BY_STEPS) => older(connection, query).await,
        Ok(tree) => Ok(Ok(below(understood, &tree))),
        Err(refused) => Ok(Err(NoPlan::Refused(refused))),
    }
}

/// A tree below the query that it is of.
fn below(understood: Option<String>, tree: &str) -> String {
    format!("{}\n{tree}", understood.unwrap_or_default())
}

/// The query as the server understood it, which it tells as a note.
async fn understood(
    connection: &mut Connection,
    form: PlanForm,
    query: Asked<'_>,
) -> Result<Option<String>, LiveError> {
    // 1003: https://dev.mysql.com/doc/refman/9.4/en/explain-extended.html
    connection.rows("SET SESSION sql_notes = 1").await?;
    let Ok((_, notes)) = told(connection, form, query).await? else {
        return Ok(None);
    };
    let note = notes
        .into_iter()
        .find(|row| row.get(1).and_then(Option::as_deref) == Some("1003"));
    Ok(note.and_then(|row| row.into_iter().nth(2).flatten()))
}

async fn json(connection: &mut Connection, query: Asked<'_>) -> Result<Result<Map<String, Value>, NoPlan>, LiveError> {
    let answer = told(connection, PlanForm::Json, query).await?;
    Ok(answer.and_then(|(rows, _)| in_json(rows).map_err(NoPlan::Refused)))
}

fn in_json(rows: TextRows) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(&first(rows)?) {
        Ok(Value::Object(whole)) => Ok(whole),
        _ => Err("the server gives no plan in JSON".to_owned()),
    }
}

/// The text of a plan, with the query as the server understood it and the database that names without one belong to.
async fn finished(
    connection: &mut Connection,
    mut whole: Map<String, Value>,
    understood: Option<String>,
) -> Result<String, LiveError> {
    if let Some(understood) = understood {
        whole.insert("query".to_owned(), Value::String(understood));
    }
    if let Some(database) = connection.first_value("SELECT DATABASE()").await? {
        whole.insert("database".to_owned(), Value::String(database));
    }
    Ok(Value::Object(whole).to_string())
}

/// Version 2 of the JSON does not tell which partitions are read; version 1 does. It is asked where a table has any.
async fn with_partitions(
    connection: &mut Connection,
    mut whole: Map<String, Value>,
    query: Asked<'_>,
) -> Result<Map<String, Value>, LiveError> {
    let tables = names_below(&Value::Object(whole.clone()), "table_name");
    if tables.is_empty() {
        return Ok(whole);
    }
    let list: Vec<String> = tables.iter().map(|name| facts::literal(name)).collect();
    let sql = format!(
        "SELECT 1 FROM information_schema.PARTITIONS WHERE TABLE_NAME IN ({}) AND PARTITION_NAME IS NOT NULL LIMIT 1",
        list.join(", ")
    );
    if connection.first_value(&sql).await?.is_none() {
        return Ok(whole);
    }
    connection.rows(&json_version(1)).await?;
    let older = json(connection, query).await?;
    connection.rows(&json_version(2)).await?;
    if let Ok(older) = older {
        copy_partitions(&older, &mut whole);
    }
    Ok(whole)
}

/// Every text below under a key.
fn names_below(value: &Value, key: &str) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let own = object.get(key).and_then(Value::as_str).map(str::to_owned);
            own.into_iter()
                .chain(object.values().flat_map(|value| names_below(value, key)))
                .collect()
        }
        Value::Array(values) => values.iter().flat_map(|value| names_below(value, key)).collect(),
        _ => Vec::new(),
    }
}

/// Takes the partitions of each table from one plan into another, by the aliases, where these stand for one table each.
fn copy_partitions(from: &Map<String, Value>, to: &mut Map<String, Value>) {
    fn collect(value: &Value, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(object) => {
                let alias = ["alias", "table_name"]
                    .iter()
                    .find_map(|key| object.get(*key)?.as_str());
                if let (Some(alias), Some(partitions)) = (alias, object.get("partitions")) {
                    found.push((alias.to_owned(), partitions.clone()));
                }
                object.values().for_each(|value| collect(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    fn write(object: &mut Map<String, Value>, found: &[(String, Value)]) {
        let alias = ["alias", "table_name"]
            .iter()
            .find_map(|key| Some(object.get(*key)?.as_str()?.to_owned()));
        if let Some(alias) = alias {
            let mut of_alias = found.iter().filter(|(name, _)| *name == alias);
            if let (Some((_, partitions)), None) = (of_alias.next(), of_alias.next()) {
                object.insert("partitions".to_owned(), partitions.clone());
            }
        }
        for value in object.values_mut() {
            match value {
                Value::Object(inner) => write(inner, found),
                Value::Array(values) => values
                    .iter_mut()
                    .filter_map(Value::as_object_mut)
                    .for_each(|inner| write(inner, found)),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    from.values().for_each(|value| collect(value, &mut found));
    write(to, &found);
}

fn first(rows: TextRows) -> Result<String, String> {
    let plan = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
    plan.ok_or_else(|| "the server gives no plan".to_owned())
}

/// Asks for a plan, and what is noted beside it.
async fn told(
    connection: &mut Connection,
    form: PlanForm,
    query: Asked<'_>,
) -> Result<Result<(TextRows, TextRows), NoPlan>, LiveError> {
    if !query.writes {
        return Ok(
            match ask(connection, &format!("{} {}", form.words(), query.text)).await? {
                Ok(rows) => Ok((rows, connection.rows("SHOW WARNINGS").await?)),
                Err(refused) => Err(NoPlan::Refused(refused)),
            },
        );
    }
    let Connection::MySqlFamily(session) = connection else {
        return Ok(Err(NoPlan::Refused("the server gives no plan".to_owned())));
    };
    Ok(match session.plan_of_write(form, query.text).await? {
        PlanOfWrite::Told { rows, notes } => Ok((rows, notes)),
        PlanOfWrite::MayNotWrite(why) => Err(NoPlan::Withheld(format!(
            "the server tells the plan of a statement that writes only to those who may write ({why})"
        ))),
        PlanOfWrite::Refused(why) => Err(NoPlan::Refused(why)),
    })
}

/// Asks; the inner error is what the server refused.
async fn ask(connection: &mut Connection, sql: &str) -> Result<Result<TextRows, String>, LiveError> {
    match connection.rows(sql).await {
        Ok(rows) => Ok(Ok(rows)),
        Err(LiveError::Connect { problem, .. }) => {
            // A server that is gone does not answer this either.
            connection.rows("SELECT 1").await?;
            Ok(Err(problem))
        }
        Err(error) => Err(error),
    }
}
