//! Where plans are made and changes are tried: the connection, the twin, and what is known of the tables.

use dbwright_advise::parameters;
use dbwright_catalog::{Engine, PlanFacts, QueryPlan, SampleValues, Server, Snapshot};
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::explain::facts;
use dbwright_live::scratch::ScratchOptions;

use super::parsed;
use crate::values::{Filled, Values};
use crate::{EngineerError, Twin};

/// Where plans are made and changes are tried.
pub(super) struct Bench<'a> {
    /// Who makes the plans.
    pub(super) connection: &'a mut Connection,
    server: Server,
    twin: Option<&'a Twin>,
    snapshot: Option<&'a Snapshot>,
    /// What is known of all tables, where it does not depend on a plan.
    known: Option<PlanFacts>,
    /// A twin of a live SQLite file, made when it is needed first.
    copy: Option<(Connection, Twin)>,
    /// Whether values may be looked for on a live server, in the ends of its indexes.
    may_look: bool,
    /// Values for parameters, found when they are needed first.
    values: Option<Values<'a>>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        connection: &'a mut Connection,
        twin: Option<&'a Twin>,
        snapshot: Option<&'a Snapshot>,
        may_look: bool,
    ) -> Self {
        Bench {
            server: connection.server().clone(),
            connection,
            twin,
            snapshot,
            known: None,
            copy: None,
            may_look,
            values: None,
        }
    }

    /// Whether the server is one of ours.
    pub(super) fn is_ours(&self) -> bool {
        self.twin.is_some()
    }

    /// A query with values in place of its parameters, where the planner needs any.
    pub(super) async fn filled(&mut self, text: &str) -> Result<Filled, EngineerError> {
        let engine = self.server.engine;
        let needs_values = matches!(engine, Engine::MySql | Engine::MariaDb);
        // A list that a server has left out of a text that it kept is told by three dots.
        let is_whole = parameters(engine, text).is_empty() && !text.contains("...");
        if !needs_values || is_whole {
            return Ok(Filled {
                text: text.to_owned(),
                values: Vec::new(),
            });
        }
        let values = match &mut self.values {
            Some(values) => values,
            None => self.values.insert(match (self.twin, self.snapshot) {
                (Some(Twin::MySqlFamily(twin)), Some(snapshot)) => Values::of_twin(twin, snapshot).await?,
                _ => Values::of_server(self.connection, self.may_look).await?,
            }),
        };
        values.fill(Some(&mut *self.connection), text).await
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// What is known of the tables of a plan. What a twin has no rows to count, the snapshot tells.
    pub(super) async fn facts(&mut self, plan: &QueryPlan) -> Result<PlanFacts, EngineerError> {
        if let Some(known) = &self.known {
            return Ok(known.clone());
        }
        let mut known = facts(self.connection, plan).await?;
        if self.server.engine != Engine::Sqlite {
            return Ok(known);
        }
        if let Some(snapshot) = self.snapshot {
            for table in &mut known.tables {
                let relation = snapshot.relations.iter().find(|relation| relation.name == table.name);
                table.rows = relation.map(|relation| relation.tuples).filter(|rows| *rows >= 0.0);
                #[expect(clippy::cast_precision_loss, reason = "nobody has so many pages")]
                let pages = relation.map_or(0.0, |relation| relation.pages as f64);
                table.pages = pages;
            }
        }
        self.known = Some(known.clone());
        Ok(known)
    }

    /// The twin on which an index can be tried, with a connection to it. Of a SQLite file it is made without asking anybody: a copy
    /// of the schema and the statistics.
    pub(super) async fn twin(&mut self) -> Result<Option<(&mut Connection, &Twin)>, EngineerError> {
        if let Some(twin) = self.twin {
            return Ok(Some((&mut *self.connection, twin)));
        }
        if self.server.engine == Engine::Sqlite && self.copy.is_none() {
            let values = SampleValues {
                by_default: true,
                exceptions: Vec::new(),
            };
            let snapshot = dbwright_live::capture::capture(self.connection, &values).await?;
            let twin = dbwright_live::twin::build(&snapshot, &ScratchOptions::default()).await?;
            let connection = Connection::open(&parsed(&twin.url())?, &ReadLimits::default()).await?;
            self.copy = Some((connection, twin));
        }
        Ok(self.copy.as_mut().map(|(connection, twin)| (connection, &*twin)))
    }

    /// Removes what was made.
    pub(super) async fn close(self) -> Result<(), EngineerError> {
        if let Some((connection, twin)) = self.copy {
            connection.close().await;
            twin.stop().await?;
        }
        Ok(())
    }
}
