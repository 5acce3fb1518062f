//! What only a run knows of the migrations that have run, so that another run can go on after them.

use std::collections::BTreeSet;

use dbwright_catalog::{History, MigrationTrace};
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::{Failures, Limits, Runner};
use crate::LiveError;
use crate::scratch::mysql_family::MySqlFamilyScratch;

/// What is known of the migrations that have run, beyond what their server says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Prefix {
    database: String,
    databases: BTreeSet<String>,
    tables_at_first: u64,
    settings: Settings,
    failures: Failures,
    assumptions: Vec<String>,
    transactions: u32,
    /// What became of them.
    pub(super) migrations: Vec<MigrationTrace>,
}

impl Prefix {
    /// How many migrations have run.
    pub(super) fn len(&self) -> usize {
        self.migrations.len()
    }
}

impl<'a> Runner<'a> {
    /// A runner after a prefix; without one, at the beginning of the history.
    pub(super) async fn at(
        scratch: &'a MySqlFamilyScratch,
        limits: Limits,
        history: &History,
        prefix: Option<&Prefix>,
    ) -> Result<Self, LiveError> {
        let Some(prefix) = prefix else {
            let mut runner = Runner::new(scratch, limits).await?;
            runner.begin(history).await?;
            return Ok(runner);
        };
        let mut runner = Runner::in_database(scratch, limits, prefix.database.clone()).await?;
        runner.apply(&prefix.settings).await?;
        runner.databases.clone_from(&prefix.databases);
        runner.tables_at_first = prefix.tables_at_first;
        runner.failures = prefix.failures.clone();
        runner.assumptions.clone_from(&prefix.assumptions);
        runner.transactions = prefix.transactions;
        Ok(runner)
    }

    /// Closes the sessions and tells all that is known of what has run.
    pub(super) async fn into_prefix(self, settings: Settings, migrations: Vec<MigrationTrace>) -> Prefix {
        let prefix = Prefix {
            database: self.database.clone(),
            databases: self.databases.clone(),
            tables_at_first: self.tables_at_first,
            settings,
            failures: self.failures.clone(),
            assumptions: self.assumptions.clone(),
            transactions: self.transactions,
            migrations,
        };
        self.close_sessions().await;
        prefix
    }
}
