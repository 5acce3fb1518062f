//! A history that runs without being watched, for what is tried beside it.

use std::collections::BTreeSet;

#[cfg(unix)]
use dbwright_catalog::History;
use dbwright_catalog::{Catalog, Effect, Migration, ObjectId};
use mysql_async::Conn;

#[cfg(unix)]
use super::{Limits, prefix::Prefix};
use super::{Runner, items};
use crate::LiveError;
#[cfg(unix)]
use crate::cache::HistoryCache;
use crate::introspect::mysql_family::read_whole;
use crate::scratch::mysql_family::Who;
#[cfg(unix)]
use crate::scratch::mysql_family::{MySqlFamilyScratch, Programs};

/// A server with what an earlier run has kept of a history.
#[cfg(unix)]
pub(crate) struct Ground {
    pub(crate) scratch: MySqlFamilyScratch,
    prefix: Option<Prefix>,
}

#[cfg(unix)]
impl Ground {
    /// Starts a server on the longest prefix that is kept, or an empty one.
    pub(crate) async fn resume(programs: &Programs, cache: &HistoryCache) -> Result<Self, LiveError> {
        let (scratch, prefix) = super::kept::resume(programs, cache).await?;
        Ok(Ground { scratch, prefix })
    }

    /// How many migrations have run.
    pub(crate) fn len(&self) -> usize {
        self.prefix.as_ref().map_or(0, Prefix::len)
    }

    /// A runner after these.
    pub(crate) async fn runner(&self, history: &History) -> Result<Runner<'_>, LiveError> {
        Runner::at(&self.scratch, Limits::default(), history, self.prefix.as_ref()).await
    }
}

impl Runner<'_> {
    /// Runs a migration as its tool does, without watching.
    pub(crate) async fn run_migration(
        &mut self,
        index: usize,
        migration: &Migration,
    ) -> Result<Vec<Effect>, LiveError> {
        self.run_unit(&items(index, migration), migration.run_mode, false).await
    }

    /// Runs one way of a migration in a session of its own, as on another day. What fails in it is no cause of what fails
    /// later.
    pub(crate) async fn run_apart(&mut self, index: usize, way: &Migration) -> Result<Vec<Effect>, LiveError> {
        let session = self.scratch.connect(&self.database, Who::Migrator).await?;
        let ours = std::mem::replace(&mut self.session, session);
        let (dialect, failures) = (self.dialect, self.failures.clone());
        self.note_sql_mode().await;
        let ran = self.run_migration(index, way).await;
        (self.dialect, self.failures) = (dialect, failures);
        self.tables_locked = false;
        let theirs = std::mem::replace(&mut self.session, ours);
        // A session that the way has ended can't be closed any more.
        let _ = theirs.disconnect().await;
        ran
    }

    /// Gives tables rows, and those that they refer to.
    pub(crate) async fn prepare_tables(&mut self, tables: BTreeSet<ObjectId>) -> Result<(), LiveError> {
        self.to_fill = Some(tables);
        self.read_state().await?;
        self.prepare().await
    }

    /// Takes generated rows out of the tables, as they are by now.
    pub(crate) async fn take_rows_out(&mut self) -> Result<(), LiveError> {
        if !self.rows.is_empty() {
            self.read_state().await?;
            self.remove_rows().await?;
        }
        Ok(())
    }

    /// Whether tables hold generated rows.
    pub(crate) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The whole schema.
    pub(crate) async fn read_whole(&mut self) -> Result<Catalog, LiveError> {
        Ok(read_whole(&mut self.observer, self.scratch.server()).await?.catalog)
    }

    /// A session to look at rows with, with the rights of the migrations.
    pub(crate) fn reader(&mut self) -> &mut Conn {
        &mut self.filler
    }

    pub(crate) fn server(&self) -> &dbwright_catalog::Server {
        self.scratch.server()
    }
}
