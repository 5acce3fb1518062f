//! Data: something is gone afterwards.

pub(crate) mod cascade_drops_more;
pub(crate) mod cascading_rebuild;
pub(crate) mod delete_all_rows;
pub(crate) mod drop_column;
pub(crate) mod drop_schema;
pub(crate) mod drop_table;
pub(crate) mod narrowing_type;
mod rebuild;
pub(crate) mod rebuild_loses_objects;
pub(crate) mod session_time_zone;
#[cfg(test)]
mod tests;
pub(crate) mod truncate_table;
pub(crate) mod values_changed;
