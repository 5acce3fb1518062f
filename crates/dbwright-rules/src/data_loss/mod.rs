//! Data: something is gone afterwards.

pub(crate) mod cascading_rebuild;
pub(crate) mod drop_column;
pub(crate) mod drop_table;
mod rebuild;
#[cfg(test)]
mod tests;
pub(crate) mod values_changed;
