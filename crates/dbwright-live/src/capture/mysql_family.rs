//! Capturing MySQL and MariaDB.
//!
//! Each question is a statement of its own, so that what is refused costs nothing but its own answer. Rows of the user's
//! tables are never read; where values were asked for, the two ends of an index are.

mod activity;
mod queries;
mod statistics;
mod workload;

pub(crate) use statistics::whole_table;

use std::collections::BTreeMap;

use dbwright_catalog::{
    Engine, Locale, SampleValues, SchemaStatement, Setting, Snapshot, StoredKind, StoredRelation, Unread,
};

use super::row::Row;
use crate::LiveError;
use crate::connect::Connection;

/// The one schema of a snapshot: the database that the URL names.
const SCHEMA: &str = "main";

pub(super) async fn capture(connection: &mut Connection, values: &SampleValues) -> Result<Snapshot, LiveError> {
    let server = connection.server().clone();
    let mut missing = Vec::new();
    let about = ask(connection, queries::ABOUT, "the database", "", &mut missing).await?;
    let mut about = about.into_iter().next().unwrap_or_default();
    let (database, taken_at, counted_since) = (about.text(), about.text(), about.maybe());
    let locale = Locale {
        encoding: about.text(),
        collate: about.text(),
        provider: server.engine.name().to_owned(),
        ..Locale::default()
    };
    let (roles, schema) = schema(connection, &mut missing).await?;
    let mut relations = relations(connection, &mut missing).await?;
    let statistics = statistics::capture(connection, values, &relations, &mut missing).await?;
    statistics::put_pages(&statistics, &mut relations);
    activity::capture(connection, &mut relations, &mut missing).await?;
    Ok(Snapshot {
        workload: workload::capture(connection, values, &mut missing).await?,
        settings: settings(connection, server.engine, &mut missing).await?,
        server,
        database,
        taken_at,
        values: values.clone(),
        locale,
        roles,
        schema,
        extensions: Vec::new(),
        relations,
        columns: Vec::new(),
        extended: Vec::new(),
        sqlite: None,
        mysql_family: Some(statistics),
        counted_since,
        missing,
    })
}

/// The rows of an answer. Where the server refuses, it is noted with what would help; `{user}` in that is whoever asks.
async fn ask(
    connection: &mut Connection,
    sql: &str,
    what: &str,
    help: &str,
    missing: &mut Vec<Unread>,
) -> Result<Vec<Row>, LiveError> {
    match connection.rows(sql).await {
        Ok(rows) => Ok(Row::all(rows).collect()),
        Err(error) if is_gone(&error) => Err(error),
        Err(error) => {
            let said = match &error {
                LiveError::Connect { problem, .. } => problem.trim_end_matches('.').to_owned(),
                other => other.to_string(),
            };
            let help = if help.contains("{user}") {
                help.replace("{user}", &account(connection).await?)
            } else {
                help.to_owned()
            };
            let why = format!("The server refuses: {said}. {help}");
            missing.push(Unread {
                what: what.to_owned(),
                why: why.trim_end().to_owned(),
            });
            Ok(Vec::new())
        }
    }
}

/// The account of the session, as a `GRANT` names it: `'monitor'@'%'`.
async fn account(connection: &mut Connection) -> Result<String, LiveError> {
    let account = connection
        .first_value("SELECT CURRENT_USER()")
        .await?
        .unwrap_or_default();
    let (user, host) = account.rsplit_once('@').unwrap_or((&account, "%"));
    let quoted = |part: &str| dbwright_ddl::quote_literal(Engine::MySql, part);
    Ok(format!("{}@{}", quoted(user), quoted(host)))
}

/// Whether asking something else can't help: the session is broken, or the server shuts down.
fn is_gone(error: &LiveError) -> bool {
    match error {
        LiveError::Connect { problem, .. } => ["no answer within", "connection closed", "Broken pipe", "shutdown"]
            .iter()
            .any(|sign| problem.to_lowercase().contains(&sign.to_lowercase())),
        _ => true,
    }
}

/// Accounts that the schema speaks of, and the schema as statements. What the model can't write is missing, and said.
async fn schema(
    connection: &mut Connection,
    missing: &mut Vec<Unread>,
) -> Result<(Vec<String>, Vec<SchemaStatement>), LiveError> {
    let reading = connection.read().await?;
    // Who may what changes no plan.
    let is_of_rights = |what: &str| what.starts_with("grant");
    missing.extend(reading.unread.into_iter().filter(|unread| !is_of_rights(&unread.what)));
    let unmodelled = reading.unmodelled.into_iter();
    missing.extend(
        unmodelled
            .filter(|object| !is_of_rights(&object.kind))
            .map(|object| Unread {
                what: format!("{} {}", object.kind, object.name),
                why: "dbwright does not know this kind of object.".to_owned(),
            }),
    );
    let rendered = dbwright_ddl::render(&reading.catalog);
    missing.extend(rendered.refusals.iter().map(|refusal| Unread {
        what: format!("{} {}", refusal.object.kind.name(), refusal.object),
        why: refusal.reason.clone(),
    }));
    let statements = rendered.steps.into_iter().map(|step| SchemaStatement {
        object: step
            .objects
            .first()
            .map(|id| format!("{} {id}", id.kind.name()))
            .unwrap_or_default(),
        sql: step.sql,
    });
    Ok((Vec::new(), statements.collect()))
}

/// Tables and indexes with their sizes, as the server estimates them.
async fn relations(connection: &mut Connection, missing: &mut Vec<Unread>) -> Result<Vec<StoredRelation>, LiveError> {
    let page_size: u64 = match connection.first_value("SELECT @@innodb_page_size").await {
        Ok(size) => size.and_then(|size| size.parse().ok()).unwrap_or(16384),
        Err(error) if is_gone(&error) => return Err(error),
        Err(_) => 16384,
    };
    let mut relations = Vec::new();
    for mut row in ask(connection, queries::TABLES, "sizes of tables", "", missing).await? {
        let (name, engine) = (row.text(), row.maybe());
        let (rows, bytes) = (row.maybe_number(), row.maybe_number());
        let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let tuples = rows.map_or(-1.0, |rows| rows as f64);
        relations.push(StoredRelation {
            kind: StoredKind::Table,
            schema: SCHEMA.to_owned(),
            name,
            table: None,
            access_method: engine,
            pages: i64::try_from(bytes.unwrap_or_default().div_ceil(page_size)).unwrap_or_default(),
            tuples,
            all_visible: 0,
            all_frozen: None,
            bytes,
            tree_levels: None,
            end_points: None,
            gin: None,
            activity: None,
        });
    }
    for mut row in ask(connection, queries::INDEXES, "indexes", "", missing).await? {
        let (table, name, method) = (row.text(), row.text(), row.text());
        relations.push(StoredRelation {
            kind: StoredKind::Index,
            schema: SCHEMA.to_owned(),
            name,
            table: Some(table),
            access_method: Some(method.to_lowercase()),
            pages: 0,
            tuples: -1.0,
            all_visible: 0,
            all_frozen: None,
            bytes: None,
            tree_levels: None,
            end_points: None,
            gin: None,
            activity: None,
        });
    }
    Ok(relations)
}

async fn settings(
    connection: &mut Connection,
    engine: Engine,
    missing: &mut Vec<Unread>,
) -> Result<Vec<Setting>, LiveError> {
    let mut found = BTreeMap::new();
    for mut row in ask(connection, queries::SETTINGS, "settings", "", missing).await? {
        found.insert(row.text(), row.text());
    }
    // https://dev.mysql.com/doc/refman/9.4/en/cost-model.html; MariaDB has variables in their place.
    if engine == Engine::MySql {
        let help =
            "`GRANT SELECT ON mysql.server_cost TO {user}` and `GRANT SELECT ON mysql.engine_cost TO {user}` show it.";
        for mut row in ask(connection, queries::COSTS, "the cost model", help, missing).await? {
            let (name, value) = (row.text(), row.maybe());
            if let Some(value) = value {
                found.insert(format!("cost:{name}"), value);
            }
        }
    }
    Ok(found.into_iter().map(|(name, value)| Setting { name, value }).collect())
}
