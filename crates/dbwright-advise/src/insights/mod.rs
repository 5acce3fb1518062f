//! One file per insight, named after what it tells.

pub(crate) mod automatic_index;
pub(crate) mod collation_mismatch;
pub(crate) mod correlated_subquery;
pub(crate) mod count_for_existence;
pub(crate) mod filter_discards_most_rows;
pub(crate) mod function_on_column;
pub(crate) mod implicit_cast;
pub(crate) mod index_only_scan_with_heap_fetches;
pub(crate) mod jit_time;
pub(crate) mod leading_wildcard;
pub(crate) mod lossy_bitmap;
pub(crate) mod materialised_cte;
pub(crate) mod nested_loop_over_many_rows;
pub(crate) mod not_in_subquery;
pub(crate) mod offset_pagination;
pub(crate) mod or_across_columns;
pub(crate) mod partitions_not_pruned;
pub(crate) mod sequential_scan_for_few_rows;
pub(crate) mod sort_for_few_rows;
pub(crate) mod spilled_to_disk;
pub(crate) mod temporary_b_tree;
pub(crate) mod trigger_time;
pub(crate) mod unbounded_result;
pub(crate) mod wide_rows_selected;
pub(crate) mod workers_not_launched;
pub(crate) mod wrong_row_estimate;
