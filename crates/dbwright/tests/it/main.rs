//! The program as a user runs it: the built binary in a controlled environment.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "each `#[tokio::test]` is a `main` that builds its runtime"
)]

mod cache;
mod check;
mod command;
mod detect;
mod endings;
mod engine;
mod errors;
mod explain;
mod explain_sqlite;
mod explain_writes;
mod fix;
mod production;
mod registry;
mod rule;
mod schema;
mod schema_docs;
mod schema_lint;
mod schema_mysql_family;
mod schema_postgres;
mod scratch_url;
mod terminal;
mod twin;
mod twin_sqlite;
