//! Availability: statements that make others wait for long.

pub(crate) mod add_unique_constraint;
pub(crate) mod attach_partition_scan;
pub(crate) mod constraint_validated_under_lock;
mod copy_cause;
pub(crate) mod create_index_without_concurrently;
pub(crate) mod domain_constraint_scan;
pub(crate) mod drop_index_without_concurrently;
pub(crate) mod index_rebuilt_under_lock;
pub(crate) mod lock_timeout_missing;
pub(crate) mod long_lock_hold;
pub(crate) mod partition_locks_parent;
pub(crate) mod referenced_table_locked;
pub(crate) mod row_versions_used_up;
pub(crate) mod set_not_null_scan;
pub(crate) mod table_copy;
pub(crate) mod table_rewrite;
#[cfg(test)]
mod tests;
pub(crate) mod update_all_rows;
mod work;

pub(crate) use work::tells_of_work;
