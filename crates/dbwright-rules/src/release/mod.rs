//! The running release: what it does while the migration runs, and until the next one is deployed, that fails from then on.

pub(crate) mod broken_dependent;
pub(crate) mod drop_routine;
pub(crate) mod drop_trigger;
pub(crate) mod drop_unique_key;
pub(crate) mod drop_view;
pub(crate) mod enum_value_gone;
pub(crate) mod plan_worse;
pub(crate) mod query_breaks;
pub(crate) mod query_not_ready;
pub(crate) mod query_result_changes;
pub(crate) mod rename_column;
pub(crate) mod rename_table;
pub(crate) mod replaced_with_gap;
pub(crate) mod required_column;
pub(crate) mod result_type_changed;
pub(crate) mod revoked_right;
pub(crate) mod stricter_table;
#[cfg(test)]
mod tests;
