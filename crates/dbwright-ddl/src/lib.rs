//! Catalog to text: quoting, and generated rows that satisfy a table's constraints.
//!
//! Everything here is pure and deterministic: the same catalog gives the same text. Whether a server takes it, the
//! server says.

mod quote;
mod rows;

pub use quote::{qualified_name, quote_bytes, quote_identifier, quote_literal};
pub use rows::{ATTEMPTS, Placement, ROWS_PER_TABLE, Row, Rows, candidates, delete_sql, insert_sql, order, placement};
