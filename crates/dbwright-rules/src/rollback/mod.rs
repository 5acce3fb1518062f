//! The way back: it fails, or does not lead back.
pub(crate) mod migration_fails_after_rollback;
pub(crate) mod rollback_fails;
pub(crate) mod rollback_leaves_schema;
pub(crate) mod rollback_loses_rows;
pub(crate) mod rollback_missing;
pub(crate) mod rollback_only_together;
#[cfg(test)]
mod tests;
