//! A history that runs without being watched, of which copies can be made: for what is tried beside it.

use dbwright_catalog::{Effect, History, Migration};
use tokio_postgres::Client;

use super::{Prefix, Runner, Settings};
use crate::LiveError;
use crate::scratch::postgres::{PostgresScratch, Who};

/// A database in which the history runs as it stands, for as long as nobody asks for more of it: what copies are made of.
/// There is no session in it while it waits.
pub(crate) struct Base<'a> {
    scratch: &'a PostgresScratch,
    history: &'a History,
    database: String,
    /// Those of the session that runs the migrations.
    settings: Settings,
    /// The migration that comes next.
    next: usize,
}

impl<'a> Base<'a> {
    /// At the beginning of the history, or after a prefix of it.
    pub(crate) async fn begin(
        scratch: &'a PostgresScratch,
        history: &'a History,
        prefix: Option<&Prefix>,
    ) -> Result<Self, LiveError> {
        let runner = Runner::at(scratch, history, prefix).await?;
        Ok(Base {
            scratch,
            history,
            database: runner.database().to_owned(),
            settings: runner.leave().await,
            next: prefix.map_or(0, Prefix::len),
        })
    }

    /// Its name.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// The migration that comes next.
    pub(crate) fn next(&self) -> usize {
        self.next
    }

    /// Runs what comes before a migration.
    pub(crate) async fn go_to(&mut self, index: usize) -> Result<(), LiveError> {
        if self.next >= index {
            return Ok(());
        }
        let mut runner = Runner::new(self.scratch, &self.database).await?;
        runner.apply(&self.settings).await?;
        for (index, migration) in self.history.migrations.iter().enumerate().take(index).skip(self.next) {
            runner.run_migration(index, migration, migration.run_mode).await?;
        }
        self.settings = runner.leave().await;
        self.next = index;
        Ok(())
    }

    /// A runner in a copy of the database.
    pub(crate) async fn copy(&self) -> Result<Runner<'a>, LiveError> {
        let copy = self.scratch.copy_database(&self.database).await?;
        let mut runner = Runner::new(self.scratch, &copy).await?;
        runner.apply(&self.settings).await?;
        Ok(runner)
    }

    /// Drops the database.
    pub(crate) async fn discard(self) -> Result<(), LiveError> {
        self.scratch.drop_database(&self.database).await
    }
}

impl Runner<'_> {
    /// Runs one way of a migration in a session of its own, as on another day. What fails in it is no cause of what fails
    /// later.
    pub(crate) async fn run_apart(&mut self, index: usize, way: &Migration) -> Result<Vec<Effect>, LiveError> {
        let session = self.scratch.connect(&self.database, Who::Migrator).await?;
        let ours = std::mem::replace(&mut self.session, session);
        let failures = self.failures.clone();
        let ran = self.run_migration(index, way, way.run_mode).await;
        self.failures = failures;
        std::mem::replace(&mut self.session, ours).close().await;
        ran
    }

    /// A session to look at the database with, with the rights of the migrations.
    pub(crate) async fn look(&mut self) -> Result<&Client, LiveError> {
        self.renew_filler().await?;
        Ok(&self.filler.client)
    }
}
