//! The integration tests of this crate: real servers, one binary.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "each `#[tokio::test]` is a `main` that builds its runtime"
)]

mod check;
mod comments;
mod examples;
mod explain_mysql_family;
mod explain_writes;
mod fixes;
mod indirect;
mod insights;
mod plans;
mod platforms;
mod predict;
mod queries;
mod rebuilds;
mod repository;
mod rewrites;
mod run;
mod schema_examples;
mod servers;
mod unseen;
mod ways_back;
