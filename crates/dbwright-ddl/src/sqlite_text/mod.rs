//! The `CREATE` texts that SQLite keeps in `sqlite_schema`: their brackets and commas, and one spelling for all that mean
//! the same.
//!
//! SQLite keeps a text as somebody typed it, and `ALTER TABLE` writes into it: it puts `, c INT` behind the last column and
//! quotes the names it replaces. Two texts are the same definition when SQLite reads the same from them, so that
//! [`canonical`] leaves out white space, comments and doubled brackets, writes keywords in capitals, quotes names only where
//! they must be, and has one form for operators that have two (`!=` and `<>`). It does not reorder clauses and does not
//! touch expressions otherwise: `a + 1` and `1 + a` are different texts.

mod canonical;
mod definition;
mod groups;
mod pieces;
mod table;

use std::collections::BTreeSet;

pub use canonical::{canonical, canonical_expression, canonical_type};
pub use definition::{
    ColumnText, ForeignKeyText, IndexText, KeyText, TableText, index_text, names, table_text, view_query,
};
pub use groups::{after_group, is_operator, items, name, source, tokens};
pub use table::{TableParts, table_parts};

/// Names, in lower case, that stand for a table or column wherever they are written. Text in double quotes that names
/// nothing is a string to SQLite (<https://www.sqlite.org/quirks.html#dblquote>), and keeps its quotes.
pub type KnownNames = BTreeSet<String>;
