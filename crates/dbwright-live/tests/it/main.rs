//! The integration tests of this crate: real servers, one binary.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "each `#[tokio::test]` is a `main` that builds its runtime"
)]

mod breakage;
#[cfg(unix)]
mod cache;
mod calibrate;
#[cfg(unix)]
mod capture;
mod connect;
mod effects;
mod family;
mod fill;
mod hypothetical;
mod made_up;
mod mysql_family_edits;
mod mysql_family_effects;
mod mysql_family_introspect;
mod mysql_family_pairs;
mod mysql_family_random;
mod mysql_family_schema;
mod mysql_family_scratch;
mod mysql_family_trace;
mod plan_postgres;
mod postgres_renames;
mod postgres_schema;
mod rows;
mod scratch;
mod servers;
mod split;
mod split_mysql_family;
mod sqlite;
mod sqlite_effects;
mod sqlite_introspect;
mod sqlite_plan;
mod sqlite_trace;
mod sqlite_whole;
mod twin;
mod twin_killed;
mod twin_mysql_family;
mod twin_sqlite;
