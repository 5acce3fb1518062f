//! Schemas as text and JSON: one of them, the difference of two, the plan from one to the other, and drift.

mod baseline;
mod change;
mod diff;
mod drift;
mod json;
mod plan;
mod show;
mod side;
mod sql;

pub use baseline::{Baseline, BaselineEntry, baseline, parse_baseline};
pub use diff::diff_text;
pub use drift::drift_text;
pub use json::{diff_json, drift_json, plan_json, schema_formats, show_json};
pub use plan::{losses_text, plan_text};
pub use show::{coverage_text, show_sql, show_tree};
pub use sql::plan_sql;
