//! `explain`: why a query takes as long as it does, and what would help.
//!
//! Plans come from a twin, from the user's own server, or from a file. What insights propose is tried where the plan was made.

mod ask;
mod bench;
mod text;
mod trial;

use dbwright_advise::{complete_sqlite, look, read_kept_plan, read_plan, with_question_marks};
use dbwright_catalog::{
    Engine, ExplainedPlan, ExplainedQuery, Explanation, Operation, PlanFacts, Planner, QueryPlan, Server, Snapshot,
    Version,
};
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};

use ask::{Planned, found_nothing, planned};
use bench::Bench;
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
        /// Whether values for parameters may be looked for in the ends of indexes.
        values: bool,
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
            ExplainOn::Live { url, .. } => parsed(url)?.engine(),
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
            let url = parsed(url)?;
            let password = match url.engine() {
                Engine::Postgres => passwords.postgres.clone(),
                Engine::MySql | Engine::MariaDb => passwords.mysql.clone(),
                Engine::Sqlite => None,
            };
            Some(Connection::open(&url.or_password(password), limits).await?)
        }
        ExplainOn::Twin(snapshot, set_up) => {
            let built = build_twin(snapshot, set_up).await?;
            let url = parsed(&built.url())?;
            twin = Some(built);
            Some(Connection::open(&url, &ReadLimits::default()).await?)
        }
    };
    let run = matches!(request.on, ExplainOn::Live { run: true, .. });
    let server = connection.as_ref().map(|connection| connection.server().clone());
    let queries = all(connection.as_mut(), twin.as_ref(), request, run).await;
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

/// A URL, or the path of a SQLite file.
fn parsed(url: &str) -> Result<DatabaseUrl, SchemaError> {
    DatabaseUrl::or_file(url).map_err(SchemaError::Url)
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
    connection: Option<&mut Connection>,
    twin: Option<&Twin>,
    request: &ExplainRequest,
    run: bool,
) -> Result<Vec<ExplainedQuery>, EngineerError> {
    let mut explained = Vec::new();
    let snapshot = match &request.on {
        ExplainOn::Twin(snapshot, _) => Some(snapshot.as_ref()),
        ExplainOn::Live { .. } | ExplainOn::Nobody => None,
    };
    let may_look = matches!(request.on, ExplainOn::Live { values: true, .. });
    let mut bench = connection.map(|connection| Bench::new(connection, twin, snapshot, may_look));
    for (file, text) in &request.plans {
        explained.push(kept(bench.as_mut(), file, text).await?);
    }
    if let Some(mut bench) = bench {
        for query in &request.queries {
            match one(&mut bench, query, run).await {
                Ok(query) => explained.push(query),
                Err(error) => {
                    bench.close().await?;
                    return Err(error);
                }
            }
        }
        bench.close().await?;
    }
    Ok(explained)
}

/// A plan that somebody has kept.
async fn kept(bench: Option<&mut Bench<'_>>, file: &str, printed: &str) -> Result<ExplainedQuery, EngineerError> {
    let of_server = bench.as_ref().map(|bench| bench.server().engine);
    let (engine, mut plan, text) = match read_kept_plan(of_server, printed) {
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
    let (known, server) = if let Some(bench) = bench {
        (bench.facts(&plan).await?, bench.server().clone())
    } else {
        notes.push("Nothing is known of its tables, so that insights which depend on them are silent.".to_owned());
        let server = Server {
            engine,
            version: Version::new(0, 0, 0),
        };
        (PlanFacts::default(), server)
    };
    complete(&mut plan, text.as_deref().unwrap_or_default(), &known, &server);
    let findings = look(text.as_deref(), &plan, &known, &server);
    Ok(ExplainedQuery {
        text,
        place: Some(file.to_owned()),
        outcome: Ok(Box::new(ExplainedPlan {
            findings: trial::not_tried(findings),
            plan,
            notes,
            parameters: Vec::new(),
        })),
    })
}

async fn one(bench: &mut Bench<'_>, query: &QueryText, run: bool) -> Result<ExplainedQuery, EngineerError> {
    let planned = planned(bench, &query.sql, run).await?;
    let outcome = match planned {
        Err(problem) => Err(problem),
        Ok(Planned {
            asked,
            plan: printed,
            mut notes,
            values,
        }) => match read_plan(bench.server().engine, &printed) {
            Ok(mut plan) => {
                let known = bench.facts(&plan).await?;
                complete(&mut plan, &query.sql, &known, bench.server());
                notes.extend(unknown_rows(&plan, bench.server()));
                notes.extend(found_nothing(&plan, &values));
                let text = match bench.server().engine {
                    engine @ (Engine::MySql | Engine::MariaDb) => with_question_marks(engine, &query.sql),
                    Engine::Postgres | Engine::Sqlite => query.sql.clone(),
                };
                let findings = look(Some(&text), &plan, &known, bench.server());
                let findings = trial::tried(bench, &asked, &plan, &known, findings).await?;
                Ok(Box::new(ExplainedPlan {
                    plan,
                    findings,
                    notes,
                    parameters: values,
                }))
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

/// Adds to a plan what its server does not tell and the query and statistics do.
fn complete(plan: &mut QueryPlan, query: &str, facts: &PlanFacts, server: &Server) {
    match server.engine {
        Engine::Sqlite => complete_sqlite(plan, query, facts),
        Engine::Postgres | Engine::MySql | Engine::MariaDb => {}
    }
}

/// Says of which tables nobody knows how many rows they have, where plans do not tell that either.
fn unknown_rows(plan: &QueryPlan, server: &Server) -> Option<String> {
    if server.engine != Engine::Sqlite {
        return None;
    }
    let mut unknown: Vec<&str> = Vec::new();
    for (_, node) in plan.nodes() {
        let scans = node.operation == Operation::SequentialScan && node.rows_read.is_none();
        if let Some(relation) = node.relation.as_ref().filter(|_| scans) {
            unknown.push(&relation.name);
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    (!unknown.is_empty()).then(|| {
        format!(
            "Nobody has counted the rows of {}: what takes long there is not told. `ANALYZE` counts them.",
            unknown.join(", ")
        )
    })
}
