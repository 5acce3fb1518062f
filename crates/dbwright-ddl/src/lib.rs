//! Catalog to text: quoting, generated rows that satisfy a table's constraints, the difference of two schemas and
//! the plan that turns one into the other.
//!
//! Everything here is pure and deterministic: the same catalog gives the same text. Whether a server takes it, the
//! server says.

mod canonical;
mod coverage;
mod diff;
mod order;
mod plan;
mod quote;
mod rename;
mod render;
mod rows;
pub mod sqlite_text;

pub use canonical::Canonical;
pub use coverage::{Coverage, Covered, coverage, covered};
pub use diff::{diff, is_statement, same};
pub use order::{CreationOrder, creation_order};
pub use plan::{PlanOptions, keeps_text, plan};
pub use quote::{qualified_name, quote_bytes, quote_identifier, quote_literal};
pub use rename::{RENAME, SEPARATE, WrongAnswer, answer, can_be_renamed, diff_with_questions, questions, rename_steps};
pub use render::{
    Circumstances, Rendered, TableOptions, TableText, postgres, render, table_text, with_collation, without_comment,
    without_definer,
};
pub use rows::{
    ATTEMPTS, BoundProof, BoundQuestion, Placement, ROWS_PER_TABLE, Row, Rows, bound_proof, candidates, delete_sql,
    insert_sql, order, placement,
};
