//! What only a run knows of the migrations that have run, so that another run can go on after them.

use dbwright_catalog::{History, MigrationTrace};
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::{Failures, Runner};
use crate::LiveError;
use crate::scratch::postgres::PostgresScratch;

/// What is known of the migrations that have run, beyond what their database says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Prefix {
    database: String,
    /// The number of the newest database of the server.
    pub(super) databases: u32,
    settings: Settings,
    failures: Failures,
    assumptions: Vec<String>,
    transactions: u32,
    /// What became of them.
    pub(super) migrations: Vec<MigrationTrace>,
}

impl Prefix {
    /// How many migrations have run.
    pub(crate) fn len(&self) -> usize {
        self.migrations.len()
    }
}

impl<'a> Runner<'a> {
    /// A runner after a prefix; without one, at the beginning of the history.
    pub(crate) async fn at(
        scratch: &'a PostgresScratch,
        history: &History,
        prefix: Option<&Prefix>,
    ) -> Result<Self, LiveError> {
        let Some(prefix) = prefix else {
            return Runner::begin(scratch, history).await;
        };
        let mut runner = Runner::new(scratch, &prefix.database).await?;
        runner.apply(&prefix.settings).await?;
        runner.failures = prefix.failures.clone();
        runner.assumptions.clone_from(&prefix.assumptions);
        runner.transactions = prefix.transactions;
        Ok(runner)
    }

    /// Closes the sessions of the database and tells all that is known of what has run in it.
    #[cfg(unix)]
    pub(super) async fn into_prefix(self, migrations: Vec<MigrationTrace>) -> Prefix {
        Prefix {
            database: self.database.clone(),
            databases: self.scratch.databases(),
            failures: self.failures.clone(),
            assumptions: self.assumptions.clone(),
            transactions: self.transactions,
            settings: self.leave().await,
            migrations,
        }
    }
}
