//! Reviews as text for people, as JSON for programs and in the formats of others; the only crate with wire formats.
//!
//! Everything here turns plain data into a `String`. Where it is printed, whether colour is wanted and which exit code
//! follows is the caller's business: this crate reads no environment and writes to nothing.

mod counts;
mod engineer;
mod error;
pub mod explain;
mod fix_files;
mod github;
mod gitlab;
mod incomplete;
mod json;
mod junit;
mod layout;
pub mod lint;
mod markdown;
mod page;
mod place;
mod production;
mod release;
mod rollback;
mod rule_list;
mod sarif;
pub mod schema;
mod schema_docs;
mod scorecard;
pub mod snapshot;
mod text;
mod told;
mod unseen;
pub mod wire;
mod words;
mod worse_plans;

pub use counts::Summary;
pub use engineer::engineer;
pub use error::error;
pub use fix_files::{fix_diff, fix_refusals, is_written as fix_is_written};
pub use github::github;
pub use gitlab::gitlab;
pub use incomplete::incomplete_text;
pub use json::{json, json_schema};
pub use junit::junit;
pub use markdown::{MARK as MARKDOWN_MARK, MarkdownOptions, markdown};
pub use page::rule_page;
pub use rule_list::{RuleLine, rule_list};
pub use sarif::{RuleHelp, SarifOptions, sarif};
pub use schema_docs::{DocsFile, MARK as SCHEMA_DOCS_MARK, schema_docs};
pub use text::{TextOptions, text};
