//! What the rules of design and security say of a schema, as text and as JSON.

mod baseline;
mod json;
mod text;

pub use baseline::{lint_baseline, parse_lint_baseline};
pub use json::{lint_baseline_format, lint_format, lint_json};
pub use text::lint_text;
