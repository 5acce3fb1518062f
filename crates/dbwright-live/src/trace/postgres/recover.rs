//! Going on after a statement that took the session with it.
//!
//! Migrations can end their own session (`pg_terminate_backend`, a timeout for idle sessions), keep it from ending, or
//! leave it so that nothing can be read in it any more. That is theirs, and no failure of the check, as long as the server
//! itself is well.

use dbwright_catalog::{Effect, ObjectId, ObjectKind, Outcome, SqlError, Unfilled};

use super::{Item, Runner, known, observe};
use crate::LiveError;
use crate::introspect::postgres::{CatalogState, Frame};
use crate::scratch::postgres::Who;

/// SQLSTATEs with which the server ends a session: on request, and for being idle or in a transaction for too long.
const SESSION_ENDED: [&str; 4] = ["57P01", "57P05", "25P03", "25P04"];

/// Whether the server has ended the session, and not itself.
pub(super) fn is_end_of_session(error: &LiveError) -> bool {
    let LiveError::Postgres { source, .. } = error else {
        return false;
    };
    source.is_closed()
        || source
            .as_db_error()
            .is_some_and(|server| SESSION_ENDED.contains(&server.code().code()))
}

impl Runner<'_> {
    /// The effects of statements that are committed together, also where the session broke under them: the statement at
    /// hand has failed then, and the others of its transaction are gone with it.
    ///
    /// # Errors
    ///
    /// When it was not the session alone that broke.
    pub(super) async fn recovered(
        &mut self,
        done: Result<Vec<Effect>, LiveError>,
        items: &[Item<'_>],
    ) -> Result<Vec<Effect>, LiveError> {
        let error = match done {
            Ok(effects) => return Ok(effects),
            Err(error @ (LiveError::Postgres { .. } | LiveError::TooLong { .. })) => error,
            Err(error) => return Err(error),
        };
        // A broken server breaks new sessions too, and the first error says best what happened.
        if self.renew_session().await.is_err() {
            return Err(error);
        }
        let transaction = self.next_transaction();
        let mut effects = Vec::with_capacity(items.len());
        for item in items {
            let outcome = if (item.migration, item.index) == self.at_hand {
                self.blame(item, &error)
            } else {
                self.failures.refused(item.migration, item.index, &item.statement.text);
                Outcome::Refused("its transaction was lost with the session".to_owned())
            };
            effects.push(Effect::without_observation(known(true, &outcome), outcome, transaction));
        }
        Ok(effects)
    }

    /// What became of the statement under which the session broke.
    fn blame(&mut self, item: &Item<'_>, error: &LiveError) -> Outcome {
        let ended = match error {
            LiveError::Postgres { source, .. } => match source.as_db_error() {
                Some(server) if SESSION_ENDED.contains(&server.code().code()) => {
                    Some((server.code().code().to_owned(), server.message().to_owned()))
                }
                None if source.is_closed() => Some(("08006".to_owned(), "the server ended the session".to_owned())),
                _ => None,
            },
            _ => None,
        };
        if let Some((code, message)) = ended {
            let error = SqlError {
                code,
                message,
                detail: None,
                position: None,
            };
            return self.outcome_of(item, error);
        }
        self.failures.refused(item.migration, item.index, &item.statement.text);
        let said = match error {
            LiveError::Postgres { doing, source } => {
                let server = source.as_db_error().map(|server| server.message().to_owned());
                format!("{doing} failed: {}", server.unwrap_or_else(|| source.to_string()))
            }
            error => error.to_string(),
        };
        Outcome::Refused(format!("it could not be run to its end and watched ({said})"))
    }

    /// Ends the session of the migrations and opens a new one, which knows nothing of the settings of the old one.
    async fn renew_session(&mut self) -> Result<(), LiveError> {
        let end = format!("SELECT pg_catalog.pg_terminate_backend({})", self.session.pid);
        observe::simple(&self.observer.client, &end, "ending a session").await?;
        self.session = self.scratch.connect(&self.database, Who::Migrator).await?;
        self.holders = None;
        self.renew_filler().await?;
        if self.state.is_some() {
            self.read_state(Frame::Alone).await?;
        }
        Ok(())
    }

    /// What is said of the tables that were to get rows when code of the migrations ended the session that fills them.
    pub(super) async fn unfilled_after_end(&mut self) -> Result<Vec<Unfilled>, LiveError> {
        self.filler = self.scratch.connect(&self.database, Who::Migrator).await?;
        let is_wanted = |id: &&ObjectId| {
            id.kind == ObjectKind::Table && self.to_fill.as_ref().is_none_or(|wanted| wanted.contains(*id))
        };
        let catalog = self.state.as_ref().map(CatalogState::catalog);
        let ids = catalog.into_iter().flat_map(|catalog| catalog.objects.keys());
        Ok(ids
            .filter(is_wanted)
            .cloned()
            .map(|table| Unfilled {
                table,
                rows: 0,
                reason: "code of the migrations ended the session that generates rows".to_owned(),
            })
            .collect())
    }

    /// Opens a new session for generated rows where a migration has ended the old one.
    pub(super) async fn renew_filler(&mut self) -> Result<(), LiveError> {
        if self.filler.client.is_closed() {
            self.filler = self.scratch.connect(&self.database, Who::Migrator).await?;
        }
        Ok(())
    }
}
