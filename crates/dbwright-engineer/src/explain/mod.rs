//! `explain`: why a query takes as long as it does, and what would help.
//!
//! Plans come from a twin, from the user's own server, or from a file. What insights propose is tried where the plan was made.

mod text;
mod trial;

use dbwright_advise::{NoPlan, look, read_plan, read_postgres_file};
use dbwright_catalog::{
    Engine, ExplainedPlan, ExplainedQuery, Explanation, PlanFacts, Planner, QueryPlan, Server, Snapshot, Version,
};
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};
use dbwright_live::explain::{ExplainOptions, Explained, explain as ask, facts};

pub use text::{QueryText, queries_in};

use crate::schema::{Passwords, SchemaError};
use crate::twin::{Fidelity, TwinSetUp, build_twin};
use crate::{EngineerError, Twin};

/// Which queries are explained, and where.
#[derive(Clone, Debug)]
pub struct ExplainRequest {
    /// Who makes the plans.
    pub on: ExplainOn,
    /// The queries.
    pub queries: Vec<QueryText>,
    /// Plans that somebody has kept, as the server printed them, with the names of their files.
    pub plans: Vec<(String, String)>,
}

/// Who makes the plans.
#[derive(Clone, Debug)]
pub enum ExplainOn {
    /// A server of the user's.
    Live {
        /// Its URL.
        url: String,
        /// Passwords from the environment, for URLs that have none.
        passwords: Passwords,
        /// How long it may be waited for.
        limits: ReadLimits,
        /// Whether queries are run that are proven to read only.
        run: bool,
    },
    /// A twin, built for this.
    Twin(Box<Snapshot>, TwinSetUp),
    /// Nobody: there are plans only.
    Nobody,
}

impl ExplainOn {
    /// The engine that queries are written for.
    ///
    /// # Errors
    ///
    /// When the URL is none.
    pub fn engine(&self) -> Result<Engine, EngineerError> {
        Ok(match self {
            ExplainOn::Live { url, .. } => url.parse::<DatabaseUrl>().map_err(SchemaError::Url)?.engine(),
            ExplainOn::Twin(snapshot, _) => snapshot.server.engine,
            ExplainOn::Nobody => Engine::Postgres,
        })
    }
}

/// Explains queries.
///
/// # Errors
///
/// When the server can't be reached or goes away, or no twin can be built. A query that the server refuses is no error.
pub async fn explain(request: &ExplainRequest) -> Result<Explanation, EngineerError> {
    let mut twin: Option<Twin> = None;
    let mut connection = match &request.on {
        ExplainOn::Nobody => None,
        ExplainOn::Live {
            url, passwords, limits, ..
        } => {
            let url: DatabaseUrl = url.parse().map_err(SchemaError::Url)?;
            let password = match url.engine() {
                Engine::Postgres => passwords.postgres.clone(),
                Engine::MySql | Engine::MariaDb => passwords.mysql.clone(),
                Engine::Sqlite => None,
            };
            Some(Connection::open(&url.or_password(password), limits).await?)
        }
        ExplainOn::Twin(snapshot, set_up) => {
            let built = build_twin(snapshot, set_up).await?;
            let url: DatabaseUrl = built.url().parse().map_err(SchemaError::Url)?;
            twin = Some(built);
            Some(Connection::open(&url, &ReadLimits::default()).await?)
        }
    };
    let run = matches!(request.on, ExplainOn::Live { run: true, .. });
    let queries = all(connection.as_mut(), twin.as_ref(), request, run).await;
    let server = connection.as_ref().map(|connection| connection.server().clone());
    if let Some(connection) = connection {
        connection.close().await;
    }
    let planner = match &twin {
        _ if request.queries.is_empty() => Planner::Elsewhere,
        Some(twin) => told(twin.fidelity()),
        None => Planner::Live,
    };
    if let Some(twin) = twin {
        twin.stop().await?;
    }
    Ok(Explanation {
        server,
        planner,
        queries: queries?,
    })
}

fn told(fidelity: &Fidelity) -> Planner {
    let (word, reasons) = match fidelity {
        Fidelity::Exact => ("exact", Vec::new()),
        Fidelity::Approximate(reasons) => ("approximate", reasons.clone()),
        Fidelity::SchemaOnly(reasons) => ("schema only", reasons.clone()),
    };
    Planner::Twin {
        fidelity: word.to_owned(),
        reasons,
    }
}

async fn all(
    mut connection: Option<&mut Connection>,
    twin: Option<&Twin>,
    request: &ExplainRequest,
    run: bool,
) -> Result<Vec<ExplainedQuery>, EngineerError> {
    let mut explained = Vec::new();
    for (file, json) in &request.plans {
        explained.push(kept(connection.as_deref_mut(), file, json).await?);
    }
    if let Some(connection) = connection {
        for query in &request.queries {
            explained.push(one(connection, twin, query, run).await?);
        }
    }
    Ok(explained)
}

/// A plan that somebody has kept.
async fn kept(connection: Option<&mut Connection>, file: &str, json: &str) -> Result<ExplainedQuery, EngineerError> {
    let (plan, text) = match read_postgres_file(json) {
        Ok(read) => read,
        Err(no_plan) => {
            return Ok(ExplainedQuery {
                text: None,
                place: Some(file.to_owned()),
                outcome: Err(no_plan.to_string()),
            });
        }
    };
    let mut notes = Vec::new();
    let (known, server) = if let Some(connection) = connection {
        (facts(connection, &plan).await?, connection.server().clone())
    } else {
        notes.push("Nothing is known of its tables, so that insights which depend on them are silent.".to_owned());
        let server = Server {
            engine: Engine::Postgres,
            version: Version::new(0, 0, 0),
        };
        (PlanFacts::default(), server)
    };
    let findings = look(text.as_deref(), &plan, &known, &server);
    Ok(ExplainedQuery {
        text,
        place: Some(file.to_owned()),
        outcome: Ok(Box::new(ExplainedPlan {
            findings: trial::not_tried(findings),
            plan,
            notes,
        })),
    })
}

async fn one(
    connection: &mut Connection,
    twin: Option<&Twin>,
    query: &QueryText,
    run: bool,
) -> Result<ExplainedQuery, EngineerError> {
    let options = ExplainOptions {
        run,
        before: Vec::new(),
    };
    let outcome = match ask(connection, &query.sql, &options).await? {
        Explained::Refused(problem) => Err(problem),
        Explained::Plan { text, notes } => match plan_of(connection, &text) {
            Ok(plan) => {
                let known = facts(connection, &plan).await?;
                let server = connection.server().clone();
                let findings = look(Some(&query.sql), &plan, &known, &server);
                let findings = trial::tried(connection, twin, &query.sql, &plan, findings).await?;
                Ok(Box::new(ExplainedPlan { plan, findings, notes }))
            }
            Err(no_plan) => Err(format!("its plan can't be read: {no_plan}")),
        },
    };
    Ok(ExplainedQuery {
        text: Some(query.sql.clone()),
        place: query.place.clone(),
        outcome,
    })
}

fn plan_of(connection: &Connection, text: &str) -> Result<QueryPlan, NoPlan> {
    read_plan(connection.server().engine, text)
}
