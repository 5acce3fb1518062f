//! What the rules of `check` say of the steps of a plan: they are statements like any others, and are run and watched like
//! those.

use dbwright_catalog::{History, MigrationSet, Plan, RunMode, Section};
use dbwright_live::cache::Store;
use dbwright_repo::Config;

use super::{SchemaSetUp, apply};
use crate::EngineerError;
use crate::levels::Levels;
use crate::section;

/// Runs the steps of a plan behind what builds the schema that it starts from, and gives each what the rules say of it.
pub(super) async fn attach(plan: &mut Plan, script: History, set_up: &SchemaSetUp) -> Result<(), EngineerError> {
    let first = script.migrations.len();
    let mut history = script;
    let server = &plan.server;
    history.version = Some((server.version, "the other side".to_owned()));
    for phase in &plan.phases {
        let mode = if phase.transaction {
            RunMode::Transaction
        } else {
            RunMode::EachStatement
        };
        let statements = phase.steps.iter().map(|step| step.sql.as_str());
        history.migrations.push(apply::migration("the plan", statements, mode));
    }
    let judged = MigrationSet::Only {
        indexes: (first..history.migrations.len()).collect(),
        why: "of the plan".to_owned(),
    };
    let mut section = Section::new(history, judged);
    let levels = Levels::of(&Config::default().with(set_up.overrides.clone()))?;
    let store = Store::new(&set_up.cache, 0);
    let scratch = set_up.scratch_options(server.engine)?;
    Box::pin(section::review(&mut section, &scratch, &store, &levels, &mut |_| {})).await?;
    for finding in section.findings {
        let Some((migration, statement)) = finding.place.statement else {
            continue;
        };
        let step = migration
            .checked_sub(first)
            .and_then(|phase| plan.phases.get_mut(phase))
            .and_then(|phase| phase.steps.get_mut(statement));
        if let Some(step) = step {
            step.hazards.push(finding);
        }
    }
    Ok(())
}
