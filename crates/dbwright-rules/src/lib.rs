//! Review rules, one file each.
//!
//! A rule judges what a statement *did* ([`dbwright_catalog::Effect`]), never how it is written: a `DO` block is judged
//! like the statement it runs. Rules of design and security judge what a catalog holds; [`judge`] tells those of their
//! flaws that the judged migrations brought, [`lint`] all of them. What rules have in common lives once, here: which objects
//! are exempt, which comments silence a rule, how evidence is put into words, and how each tool leaves its transaction.
//!
//! This crate runs nothing and reads no file: it turns a [`Trace`](dbwright_catalog::Trace) or a
//! [`Catalog`](dbwright_catalog::Catalog) into [`Finding`](dbwright_catalog::Finding)s.

mod allow;
mod choice;
mod context;
mod data_loss;
mod design;
mod failure;
mod fix;
mod flaw;
mod impact;
mod judge;
mod lint;
mod locks;
mod page;
mod phrase;
mod predict;
mod queries;
mod release;
mod rollback;
mod rule;
mod schema;
mod scorecard;
mod security;
mod statement_text;
#[cfg(test)]
mod testing;
mod timeline;
mod tool_advice;
mod ways_back;

pub use choice::RuleChoice;
pub use impact::{impacts, needs_rates, tell_impacts, told_rates};
pub use judge::{Judgement, judge, judge_last, judge_with_allowed};
pub use lint::{Linted, lint, relations};
pub use page::{Example, ExampleKind};
pub use predict::{assumed_version, predict, predict_unseen};
pub use queries::{judge_plans, judge_release};
pub(crate) use rule::Check;
pub use rule::{Claim, Needs, Rule};
pub use scorecard::scorecard;
pub use ways_back::{LateJudgement, judge_rollbacks};

/// Every rule, in the order in which they are listed to people: what takes the database down first.
pub static RULES: &[&Rule] = &[
    &locks::create_index_without_concurrently::RULE,
    &locks::constraint_validated_under_lock::RULE,
    &locks::add_unique_constraint::RULE,
    &locks::set_not_null_scan::RULE,
    &locks::table_copy::RULE,
    &locks::table_rewrite::RULE,
    &locks::index_rebuilt_under_lock::RULE,
    &locks::attach_partition_scan::RULE,
    &locks::domain_constraint_scan::RULE,
    &locks::update_all_rows::RULE,
    &locks::long_lock_hold::RULE,
    &locks::partition_locks_parent::RULE,
    &locks::referenced_table_locked::RULE,
    &locks::row_versions_used_up::RULE,
    &locks::drop_index_without_concurrently::RULE,
    &locks::lock_timeout_missing::RULE,
    &failure::statement_fails::RULE,
    &failure::fails_on_rows::RULE,
    &failure::unproven_key::RULE,
    &failure::concurrently_in_transaction::RULE,
    &failure::concurrently_on_partitioned::RULE,
    &failure::enum_value_in_transaction::RULE,
    &failure::type_change_under_dependent::RULE,
    &failure::online_clause_refused::RULE,
    &failure::implicit_commit::RULE,
    &failure::invalid_index_kept::RULE,
    &failure::newer_syntax::RULE,
    &failure::set_local_outside_transaction::RULE,
    &failure::lock_timeout_without_effect::RULE,
    &failure::named_database::RULE,
    &failure::create_skipped::RULE,
    &failure::pragma_in_transaction::RULE,
    &data_loss::drop_table::RULE,
    &data_loss::drop_column::RULE,
    &data_loss::drop_schema::RULE,
    &data_loss::cascade_drops_more::RULE,
    &data_loss::truncate_table::RULE,
    &data_loss::delete_all_rows::RULE,
    &data_loss::narrowing_type::RULE,
    &data_loss::rebuild_loses_objects::RULE,
    &data_loss::values_changed::RULE,
    &data_loss::session_time_zone::RULE,
    &data_loss::cascading_rebuild::RULE,
    &release::query_breaks::RULE,
    &release::query_result_changes::RULE,
    &release::query_not_ready::RULE,
    &release::plan_worse::RULE,
    &release::rename_table::RULE,
    &release::rename_column::RULE,
    &release::drop_view::RULE,
    &release::drop_routine::RULE,
    &release::drop_trigger::RULE,
    &release::revoked_right::RULE,
    &release::broken_dependent::RULE,
    &release::required_column::RULE,
    &release::enum_value_gone::RULE,
    &release::drop_unique_key::RULE,
    &release::replaced_with_gap::RULE,
    &release::stricter_table::RULE,
    &release::result_type_changed::RULE,
    &rollback::rollback_fails::RULE,
    &rollback::rollback_leaves_schema::RULE,
    &rollback::migration_fails_after_rollback::RULE,
    &rollback::rollback_loses_rows::RULE,
    &rollback::rollback_only_together::RULE,
    &rollback::rollback_missing::RULE,
    &design::table_without_primary_key::RULE,
    &design::small_key::RULE,
    &design::key_near_its_end::RULE,
    &design::serial_column::RULE,
    &design::random_clustered_key::RULE,
    &design::foreign_key_without_index::RULE,
    &design::foreign_key_type_mismatch::RULE,
    &design::dangling_foreign_key::RULE,
    &design::orphan_rows::RULE,
    &design::duplicate_foreign_key::RULE,
    &design::duplicate_index::RULE,
    &design::redundant_index::RULE,
    &design::nullable_unique::RULE,
    &design::nullable_primary_key::RULE,
    &design::redundant_predicate::RULE,
    &design::btree_on_array::RULE,
    &design::invalid_index::RULE,
    &design::constraint_not_validated::RULE,
    &design::constraint_not_enforced::RULE,
    &design::inexact_money::RULE,
    &design::money_type::RULE,
    &design::timestamp_without_time_zone::RULE,
    &design::time_with_time_zone::RULE,
    &design::padded_char::RULE,
    &design::json_column::RULE,
    &design::untyped_text::RULE,
    &design::inconsistent_column_type::RULE,
    &design::mixed_collations::RULE,
    &design::old_charset::RULE,
    &design::non_transactional_engine::RULE,
    &design::zerofill_column::RULE,
    &design::zero_date_default::RULE,
    &design::timestamp_ends_2038::RULE,
    &design::float_with_digits::RULE,
    &design::misleading_affinity::RULE,
    &design::key_beside_rowid::RULE,
    &design::autoincrement_column::RULE,
    &design::table_not_strict::RULE,
    &design::double_quoted_default::RULE,
    &design::null_text_default::RULE,
    &design::frozen_default::RULE,
    &design::changing_check::RULE,
    &design::disabled_trigger::RULE,
    &design::all_columns_nullable::RULE,
    &design::numbered_columns::RULE,
    &design::entity_attribute_value::RULE,
    &design::unrelated_table::RULE,
    &design::reserved_word_name::RULE,
    &design::inconsistent_naming::RULE,
    &design::identifier_truncated::RULE,
    &design::inline_references_ignored::RULE,
    &design::unknown_rule_allowed::RULE,
    &design::allowance_without_reason::RULE,
    &design::unused_allowance::RULE,
    &security::row_security_missing::RULE,
    &security::security_definer_search_path::RULE,
    &security::foreign_definer::RULE,
    &security::policies_without_row_security::RULE,
    &security::row_security_without_policy::RULE,
    &security::view_past_row_security::RULE,
    &security::granted_to_public::RULE,
];

/// The rule with this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}

/// The rule whose name is most like this one, for "did you mean"; nothing where none is alike.
pub fn nearest(name: &str) -> Option<&'static str> {
    let names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
    dbwright_catalog::nearest(name, &names)
}
