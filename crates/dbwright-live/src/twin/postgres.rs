//! Twins of PostgreSQL.
//!
//! The planner asks three places: `pg_class` and `pg_statistic`, which are written as the snapshot has them; the sizes of
//! files, which are extended without taking room; and the first pages of some indexes, which are written while the server
//! is stopped, because a running one does not look again.

mod end_points;
mod files;
pub mod hypothetical;
mod locale;
mod pages;
mod sizes;
mod statistics;

use dbwright_catalog::{Engine, SchemaStatement, Server, Snapshot, StoredKind, StoredRelation, Version};

use tokio_postgres::error::SqlState;

use self::end_points::Leaves;
use self::files::Files;
use super::Fidelity;
use crate::LiveError;
use crate::prove_plan::postgres::apply::run_step;
use crate::scratch::ScratchOptions;
use crate::scratch::postgres::{PostgresScratch, Programs, Session, Who};

/// A twin that runs.
pub struct Twin {
    /// Its server.
    pub scratch: PostgresScratch,
    /// The database that looks like the snapshot.
    pub database: String,
    /// How good it is.
    pub fidelity: Fidelity,
}

impl Twin {
    /// Where psql, an IDE or an ORM finds it. There is no password: only who may enter the folder of its socket gets in.
    pub fn url(&self) -> String {
        let folder = self.scratch.socket_folder().unwrap_or_default();
        format!(
            "postgres://{}@/{}?host={}",
            self.scratch.migrator(),
            self.database,
            folder.display()
        )
    }

    /// The server that it runs on.
    pub fn server(&self) -> &Server {
        self.scratch.server()
    }

    /// How many sessions there are with it.
    ///
    /// # Errors
    ///
    /// When the server is gone.
    pub async fn sessions(&self) -> Result<u64, LiveError> {
        self.scratch.sessions(&self.database).await
    }

    /// Stops it, and waits until nothing of it is left.
    ///
    /// # Errors
    ///
    /// When its folder can't be removed.
    pub async fn stop(self) -> Result<(), LiveError> {
        self.scratch.stop().await
    }
}

/// Why a twin with B-trees is not called exact where its snapshot has values and none of their ends, as older ones do.
const END_POINTS: &str = "The least and greatest values of indexed columns are not in the snapshot: estimates at the edges \
                          of a histogram may differ a little.";

/// Builds a twin. When that fails, nothing of it stays.
///
/// # Errors
///
/// When the snapshot is of another engine, or no server can be had.
pub async fn build(snapshot: &Snapshot, options: &ScratchOptions) -> Result<Twin, LiveError> {
    if snapshot.server.engine != Engine::Postgres {
        return Err(LiveError::Unsupported {
            what: format!(
                "the snapshot is one of {}, and not of PostgreSQL",
                snapshot.server.engine
            ),
        });
    }
    let wanted = snapshot.server.version.major;
    let options = ScratchOptions {
        version: Some(Version::new(wanted, 0, 0)),
        ..options.clone()
    };
    let programs = Programs::choose(&options)
        .await?
        .ok_or_else(|| LiveError::Unsupported {
            what: "a twin needs a server that dbwright starts itself: its files are written while it is stopped"
                .to_owned(),
        })?;
    let scratch = programs.start().await?;
    let mut reasons = Vec::new();
    let here = scratch.server().version.major;
    if here != wanted {
        reasons.push(format!(
            "Production is PostgreSQL {wanted}, and the nearest that is here is {here}."
        ));
    }
    let prepared = prepare(&scratch, snapshot, &mut reasons).await;
    let (database, files) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            // What the server died of is told, and not that a session broke.
            let error = scratch.why(error).await;
            scratch.stop().await?;
            return Err(error);
        }
    };
    let scratch = programs
        .rearrange(scratch, move |data, give| files.write(data, give))
        .await?;
    Ok(Twin {
        scratch,
        database,
        fidelity: fidelity(snapshot, reasons),
    })
}

/// Makes all that is made while the server runs: the database that looks like the snapshot. What its files will be.
async fn prepare(
    scratch: &PostgresScratch,
    snapshot: &Snapshot,
    reasons: &mut Vec<String>,
) -> Result<(String, Files), LiveError> {
    let database = locale::create(scratch, &snapshot.locale, reasons).await?;
    schema(scratch, &database, snapshot, reasons).await?;
    let session = scratch.connect(&database, Who::Observer).await?;
    statistics::restore(&session, scratch.server().version.major, snapshot, reasons).await?;
    settings(&session, &database, snapshot, reasons).await?;
    let leaves = Leaves::make(&session, snapshot, reasons).await?;
    let files = Files::plan(&session, snapshot, &leaves, reasons).await?;
    session.close().await;
    Ok((database, files))
}

fn fidelity(snapshot: &Snapshot, mut reasons: Vec<String>) -> Fidelity {
    if snapshot.columns.is_empty() {
        return Fidelity::SchemaOnly(reasons);
    }
    if !snapshot.values.by_default || !snapshot.values.exceptions.is_empty() {
        reasons.insert(0, format!("The snapshot holds sample values: {}.", snapshot.values));
    }
    // Queries change no plan, and what nobody has gathered the planner does not know on production either.
    let unread = snapshot.missing.iter().filter(|missing| {
        missing.what != "workload"
            && !missing.what.ends_with("of other roles")
            && !missing.why.starts_with("They were never gathered")
    });
    reasons.extend(unread.map(|missing| format!("Not in the snapshot: {}.", missing.what)));
    // The planner looks them up where a query asks for values beyond a histogram.
    // https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/adt/selfuncs.c (get_actual_variable_range)
    let has_ends = |relation: &StoredRelation| relation.end_points.is_some();
    let lacks_ends = |relation: &StoredRelation| {
        relation.kind == StoredKind::Index
            && relation.access_method.as_deref() == Some("btree")
            && relation.tuples > 0.0
            && relation.end_points.is_none()
    };
    let relations = &snapshot.relations;
    if snapshot.values.by_default && relations.iter().any(lacks_ends) && !relations.iter().any(has_ends) {
        reasons.push(END_POINTS.to_owned());
    }
    if reasons.is_empty() {
        Fidelity::Exact
    } else {
        Fidelity::Approximate(reasons)
    }
}

/// Builds the schema. What can't be built is left out and named.
async fn schema(
    scratch: &PostgresScratch,
    database: &str,
    snapshot: &Snapshot,
    reasons: &mut Vec<String>,
) -> Result<(), LiveError> {
    for role in &snapshot.roles {
        match scratch.create_role(role).await {
            Ok(()) | Err(LiveError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let session = scratch.connect(database, Who::Migrator).await?;
    for statements in snapshot.schema.chunks(TOGETHER) {
        if !together(&session, statements).await? {
            one_by_one(&session, scratch, statements, reasons).await?;
        }
    }
    session.close().await;
    Ok(())
}

/// So many statements are sent at once.
const TOGETHER: usize = 50;

/// Runs statements in one transaction; nothing of it stays where one is refused. Extensions need help of their own.
async fn together(session: &Session, statements: &[SchemaStatement]) -> Result<bool, LiveError> {
    if statements
        .iter()
        .any(|statement| statement.object.starts_with("extension "))
    {
        return Ok(false);
    }
    let sql: Vec<&str> = statements.iter().map(|statement| statement.sql.as_str()).collect();
    match session
        .client
        .batch_execute(&format!("BEGIN; {}; COMMIT", sql.join(";\n")))
        .await
    {
        Ok(()) => Ok(true),
        Err(error) if error.as_db_error().is_some() => {
            let undone = session.client.batch_execute("ROLLBACK").await;
            undone.map_err(|error| LiveError::postgres("building the schema of a twin", error))?;
            Ok(false)
        }
        Err(error) => Err(LiveError::postgres("building the schema of a twin", error)),
    }
}

async fn one_by_one(
    session: &Session,
    scratch: &PostgresScratch,
    statements: &[SchemaStatement],
    reasons: &mut Vec<String>,
) -> Result<(), LiveError> {
    for statement in statements {
        // Who owns what and may what changes no plan.
        let is_of_rights = ["grant ", "owner ", "default privilege ", "membership ", "comment "]
            .iter()
            .any(|kind| statement.object.starts_with(kind));
        if let Err(refused) = run_step(session, scratch, "", &statement.sql).await?
            && !is_of_rights
        {
            if let Some(other) = in_another_version(session, scratch, statement).await? {
                reasons.push(other);
                continue;
            }
            reasons.push(format!(
                "{} is not in the twin: {}.",
                statement.object,
                refused.message.trim_end_matches('.')
            ));
        }
    }
    Ok(())
}

/// Makes an extension in the version that is here, where production's is not; that is said. What its types and operators are
/// called seldom changes, and tables would be missing without them.
async fn in_another_version(
    session: &Session,
    scratch: &PostgresScratch,
    statement: &SchemaStatement,
) -> Result<Option<String>, LiveError> {
    let Some((name, (sql, wanted))) = statement
        .object
        .strip_prefix("extension ")
        .zip(statement.sql.rsplit_once(" VERSION "))
    else {
        return Ok(None);
    };
    if run_step(session, scratch, "", sql).await?.is_err() {
        return Ok(None);
    }
    let asked = session
        .client
        .query_opt(
            "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = $1",
            &[&name],
        )
        .await;
    let row = asked.map_err(|error| LiveError::postgres("building the schema of a twin", error))?;
    let here: String = row.map(|row| row.get(0)).unwrap_or_default();
    Ok(Some(format!(
        "The extension {name} is version {here} here, and {} on production.",
        wanted.trim_matches('\'')
    )))
}

/// Gives the database the settings of production. Those that the server here does not know are named.
async fn settings(
    session: &Session,
    database: &str,
    snapshot: &Snapshot,
    reasons: &mut Vec<String>,
) -> Result<(), LiveError> {
    let mut unknown: Vec<&str> = Vec::new();
    for setting in &snapshot.settings {
        let sql = format!(
            "ALTER DATABASE {} SET {} = {}",
            dbwright_ddl::quote_identifier(Engine::Postgres, database),
            dbwright_ddl::quote_identifier(Engine::Postgres, &setting.name),
            dbwright_ddl::quote_literal(Engine::Postgres, &setting.value)
        );
        let Err(error) = session.client.batch_execute(&sql).await else {
            continue;
        };
        match error.as_db_error() {
            Some(said) if *said.code() == SqlState::UNDEFINED_OBJECT => unknown.push(&setting.name),
            Some(said) => reasons.push(format!(
                "The setting {} is not that of production: {}.",
                setting.name,
                said.message()
            )),
            None => return Err(LiveError::postgres("setting up a twin", error)),
        }
    }
    if !unknown.is_empty() {
        reasons.push(format!(
            "The server here does not know these settings of production: {}.",
            unknown.join(", ")
        ));
    }
    Ok(())
}
