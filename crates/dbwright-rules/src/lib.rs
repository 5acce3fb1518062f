//! Review rules, one file each.
//!
//! A rule judges what a statement *did* ([`dbwright_catalog::Effect`]), never how it is written: a `DO` block is judged
//! like the statement it runs. What rules have in common lives once, here: which objects are exempt, which comments
//! silence a rule, how evidence is put into words, and how each tool leaves its transaction.
//!
//! This crate runs nothing and reads no file: it turns a [`Trace`](dbwright_catalog::Trace) into
//! [`Finding`](dbwright_catalog::Finding)s.

mod allow;
mod context;
mod data_loss;
mod design;
mod failure;
mod fix;
mod judge;
mod locks;
mod nearest;
mod page;
mod phrase;
mod rule;
#[cfg(test)]
mod testing;
mod timeline;
mod tool_advice;

pub use judge::judge;
pub use page::{Example, ExampleKind};
pub use rule::{Claim, Rule};

/// Every rule, in the order in which they are listed to people: what takes the database down first.
pub static RULES: &[&Rule] = &[
    &locks::create_index_without_concurrently::RULE,
    &locks::constraint_validated_under_lock::RULE,
    &locks::add_unique_constraint::RULE,
    &locks::set_not_null_scan::RULE,
    &locks::table_copy::RULE,
    &locks::table_rewrite::RULE,
    &locks::long_lock_hold::RULE,
    &failure::statement_fails::RULE,
    &failure::fails_on_rows::RULE,
    &failure::concurrently_in_transaction::RULE,
    &failure::online_clause_refused::RULE,
    &failure::implicit_commit::RULE,
    &failure::invalid_index_kept::RULE,
    &data_loss::drop_table::RULE,
    &data_loss::drop_column::RULE,
    &data_loss::values_changed::RULE,
    &data_loss::cascading_rebuild::RULE,
    &design::unknown_rule_allowed::RULE,
];

/// The rule with this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}

/// The rule whose name is most like this one, for "did you mean"; nothing where none is alike.
pub fn nearest(name: &str) -> Option<&'static str> {
    let names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
    nearest::nearest(name, &names)
}
