//! The integration tests of this crate: real servers, one binary.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "each `#[tokio::test]` is a `main` that builds its runtime"
)]

mod breakage;
mod effects;
mod fill;
mod scratch;
mod servers;
mod split;
mod sqlite;
mod sqlite_effects;
mod sqlite_introspect;
mod sqlite_trace;
