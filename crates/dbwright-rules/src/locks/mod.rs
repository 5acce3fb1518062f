//! Availability: statements that make others wait for long.

pub(crate) mod add_unique_constraint;
pub(crate) mod constraint_validated_under_lock;
pub(crate) mod create_index_without_concurrently;
pub(crate) mod long_lock_hold;
pub(crate) mod set_not_null_scan;
pub(crate) mod table_copy;
pub(crate) mod table_rewrite;
#[cfg(test)]
mod tests;
mod work;
