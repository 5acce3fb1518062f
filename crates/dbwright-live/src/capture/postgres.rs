//! Capturing PostgreSQL.
//!
//! Each question is a statement of its own, so that what is refused costs nothing but its own answer. Sizes are not asked of
//! what somebody has locked: that would wait.

mod end_points;
mod gathered;
mod queries;
mod relations;
mod rights;
mod statistics;

use dbwright_catalog::{
    InstalledExtension, Locale, SampleValues, SchemaStatement, Setting, Snapshot, Unread, WorkloadQuery,
};

use super::row::Row;
use super::{catalogs, literals};
use crate::LiveError;
use crate::connect::Connection;
use crate::prove_plan::postgres::roles;

pub(super) async fn capture(connection: &mut Connection, values: &SampleValues) -> Result<Snapshot, LiveError> {
    let server = connection.server().clone();
    // Names come out with their schemas, and nobody's objects stand in for the server's own.
    connection.rows("SET search_path = ''").await?;
    let mut missing = Vec::new();
    let (database, taken_at, locale) = about(connection, server.version.major).await?;
    let (roles, schema) = schema(connection, &mut missing).await?;
    let mut relations = relations::capture(connection, &mut missing).await?;
    let rights = rights::ask(connection, values).await?;
    let columns = statistics::columns(connection, values, &rights, &mut missing).await?;
    let extended = statistics::extended(connection, values, &rights, &mut missing).await?;
    gathered::say_never_gathered(connection, values, &rights, &relations, &columns, &mut missing).await?;
    let extensions = extensions(connection).await?;
    let workload = workload(connection, &rights.role, &extensions, &mut missing).await?;
    let counted_since = first(connection, queries::COUNTED_SINCE).await?;
    let settings = settings(connection).await?;
    // Last, as it changes settings of the session.
    end_points::capture(connection, values, &rights, &mut relations, &mut missing).await?;
    Ok(Snapshot {
        workload,
        counted_since,
        settings,
        server,
        database,
        taken_at,
        values: values.clone(),
        locale,
        roles,
        schema,
        extensions,
        relations,
        columns,
        extended,
        sqlite: None,
        mysql_family: None,
        missing,
    })
}

/// The name of the database, the time, and how it sorts.
async fn about(connection: &mut Connection, major: u32) -> Result<(String, String, Locale), LiveError> {
    let rows = connection.rows(&queries::about(major)).await?;
    let mut row = Row::all(rows).next().unwrap_or_default();
    let (database, taken_at) = (row.text(), row.text());
    let locale = Locale {
        encoding: row.text(),
        collate: row.text(),
        character_type: row.text(),
        provider: row.text(),
        locale: row.maybe(),
    };
    Ok((database, taken_at, locale))
}

/// The roles that the schema speaks of, and the schema as statements. What the model can't write is missing, and said.
async fn schema(
    connection: &mut Connection,
    missing: &mut Vec<Unread>,
) -> Result<(Vec<String>, Vec<SchemaStatement>), LiveError> {
    let reading = match connection {
        Connection::Postgres(postgres) => postgres.read_past_locks().await?,
        Connection::MySqlFamily(_) | Connection::Sqlite(_) => connection.read().await?,
    };
    missing.extend(reading.unread);
    missing.extend(reading.unmodelled.into_iter().map(|object| Unread {
        what: format!("{} {}", object.kind, object.name),
        why: "dbwright does not know this kind of object.".to_owned(),
    }));
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
    let roles = roles(&reading.catalog).into_iter().collect();
    Ok((roles, statements.collect()))
}

async fn settings(connection: &mut Connection) -> Result<Vec<Setting>, LiveError> {
    let rows = connection.rows(queries::SETTINGS).await?;
    Ok(Row::all(rows)
        .map(|mut row| Setting {
            name: row.text(),
            value: row.text(),
        })
        .collect())
}

async fn extensions(connection: &mut Connection) -> Result<Vec<InstalledExtension>, LiveError> {
    let rows = connection.rows(queries::EXTENSIONS).await?;
    Ok(Row::all(rows)
        .map(|mut row| InstalledExtension {
            name: row.text(),
            version: row.text(),
        })
        .collect())
}

/// What `pg_stat_statements` has counted, without values.
async fn workload(
    connection: &mut Connection,
    role: &str,
    extensions: &[InstalledExtension],
    missing: &mut Vec<Unread>,
) -> Result<Vec<WorkloadQuery>, LiveError> {
    if !extensions
        .iter()
        .any(|extension| extension.name == "pg_stat_statements")
    {
        missing.push(Unread {
            what: "workload".to_owned(),
            why: "The extension pg_stat_statements is not installed in this database.".to_owned(),
        });
        return Ok(Vec::new());
    }
    let schema = first(connection, queries::STATEMENTS_SCHEMA).await?.unwrap_or_default();
    let rows = match connection.rows(&queries::statements(&schema)).await {
        Ok(rows) => rows,
        Err(error) if is_gone(&error) => return Err(error),
        Err(error) => {
            missing.push(Unread {
                what: "workload".to_owned(),
                why: format!("pg_stat_statements does not answer: {error}."),
            });
            return Ok(Vec::new());
        }
    };
    let engine = connection.server().engine;
    let mut hidden = 0;
    let mut queries = Vec::new();
    for mut row in Row::all(rows) {
        let (id, text) = (row.maybe(), row.text());
        let Some(id) = id.filter(|_| text != "<insufficient privilege>") else {
            hidden += 1;
            continue;
        };
        if catalogs::is_beside(engine, &text) {
            continue;
        }
        queries.push(WorkloadQuery {
            id,
            text: literals::without(engine, &text),
            // It keeps none.
            sample: None,
            calls: row.number(),
            total_ms: row.float(),
            rows: row.number(),
        });
    }
    if hidden > 0 {
        missing.push(Unread {
            what: match hidden {
                1 => "1 query of other roles".to_owned(),
                number => format!("{number} queries of other roles"),
            },
            why: format!("Their texts are hidden; `GRANT pg_read_all_stats TO {role}` shows them."),
        });
    }
    Ok(queries)
}

async fn first(connection: &mut Connection, sql: &str) -> Result<Option<String>, LiveError> {
    connection.first_value(sql).await
}

/// Whether asking something else can't help.
fn is_gone(error: &LiveError) -> bool {
    let LiveError::Connect { problem, .. } = error else {
        return true;
    };
    problem.contains("connection closed") || problem.contains("no answer within") || problem.contains("57P0")
}
