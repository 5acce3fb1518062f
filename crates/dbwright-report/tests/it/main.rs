//! The tests of the crate: data in, text out.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its helpers")]

mod error;
mod formats;
mod json;
mod lint;
mod page;
mod sample;
mod sarif;
mod schema;
mod schema_docs;
mod text;
