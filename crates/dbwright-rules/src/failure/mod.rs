//! The migration itself: it fails, or it says that it worked and did not.

pub(crate) mod concurrently_in_transaction;
pub(crate) mod concurrently_on_partitioned;
pub(crate) mod create_skipped;
pub(crate) mod enum_value_in_transaction;
pub(crate) mod fails_on_rows;
pub(crate) mod implicit_commit;
pub(crate) mod invalid_index_kept;
pub(crate) mod lock_timeout_without_effect;
pub(crate) mod named_database;
pub(crate) mod newer_syntax;
pub(crate) mod online_clause_refused;
pub(crate) mod pragma_in_transaction;
pub(crate) mod set_local_outside_transaction;
pub(crate) mod statement_fails;
#[cfg(test)]
mod tests;
pub(crate) mod type_change_under_dependent;
pub(crate) mod unproven_key;

use dbwright_catalog::{Outcome, SqlError};

use crate::context::Context;

/// The error of a statement that failed by itself, and not because an earlier one had.
fn own_error<'a>(context: &Context<'a>) -> Option<&'a SqlError> {
    match &context.effect.outcome {
        Outcome::Failed(error) | Outcome::FailedOnRows(error) => Some(error),
        Outcome::Done | Outcome::FollowsFrom { .. } | Outcome::Refused(_) => None,
    }
}

/// Whether a rule of its own tells of an error.
fn has_own_rule(error: &SqlError) -> bool {
    concurrently_in_transaction::is_refused_in_transaction(error)
        || online_clause_refused::is_refused_clause(error)
        || enum_value_in_transaction::is_early_use(error)
        || type_change_under_dependent::is_held_by_dependent(error)
        || concurrently_on_partitioned::is_partitioned_refusal(error)
}
