//! Reviews as text for people and as JSON for programs; the only crate with wire formats.
//!
//! Everything here turns plain data into a `String`. Where it is printed, whether colour is wanted and which exit code
//! follows is the caller's business: this crate reads no environment and writes to nothing.

mod counts;
mod error;
mod incomplete;
mod json;
mod layout;
pub mod lint;
mod page;
mod rule_list;
pub mod schema;
mod schema_docs;
mod text;
mod unseen;
pub mod wire;
mod words;

pub use counts::Summary;
pub use error::error;
pub use incomplete::incomplete_text;
pub use json::{json, json_schema, json_with_drift};
pub use page::rule_page;
pub use rule_list::{RuleLine, rule_list};
pub use schema_docs::{DocsFile, MARK as SCHEMA_DOCS_MARK, schema_docs};
pub use text::{TextOptions, text};
