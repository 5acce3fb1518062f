//! One file per insight, named after what it tells.

pub(crate) mod not_in_subquery;
pub(crate) mod offset_pagination;
pub(crate) mod sequential_scan_for_few_rows;
pub(crate) mod spilled_to_disk;
