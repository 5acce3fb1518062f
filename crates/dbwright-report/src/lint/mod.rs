//! What the rules of design and security say of a schema, as text and as JSON.

mod json;
mod text;

pub use json::{lint_format, lint_json};
pub use text::lint_text;
