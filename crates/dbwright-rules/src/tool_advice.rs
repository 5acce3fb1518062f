//! How each tool runs something outside its transaction: the only place that knows.

use dbwright_catalog::{RunMode, Tool};

/// How to have a statement run outside a transaction.
pub(crate) fn outside_transaction(tool: Tool, run_mode: RunMode) -> String {
    match tool {
        Tool::Sqlx => "Give the statement a file of its own whose first line is `-- no-transaction`; sqlx sends such a \
             file as one query, so it must hold this one statement only."
            .to_owned(),
        Tool::Diesel => "Give the statement a migration of its own with a `metadata.toml` beside its `up.sql` that says \
             `run_in_transaction = false`; diesel sends such a file as one query, so it must hold this one statement only."
            .to_owned(),
        Tool::Refinery if run_mode == RunMode::AllInOneTransaction => {
            "refinery groups the pending migrations into one transaction here and has no way out of it for single files: \
             run this statement outside refinery, and let the migration say IF NOT EXISTS."
                .to_owned()
        }
        Tool::Refinery => "refinery runs every migration in a transaction and has no way out of it for single files: run this \
             statement outside refinery before deploying, and let the migration repeat it without CONCURRENTLY but with IF NOT EXISTS."
            .to_owned(),
        Tool::GolangMigrate => "Give the statement a file of its own: golang-migrate sends a file as one query, and a query of \
             several statements is one transaction."
            .to_owned(),
        Tool::Dbmate => "Give the statement a file of its own that begins with `-- migrate:up transaction:false`.".to_owned(),
        Tool::Goose => "Give the statement a file of its own with the line `-- +goose NO TRANSACTION` at its top.".to_owned(),
        Tool::SqlMigrate => "Give the statement a file of its own that begins with `-- +migrate Up notransaction`.".to_owned(),
        Tool::Flyway => "Give the statement a file of its own, and put `executeInTransaction=false` into `<file>.conf` beside it."
            .to_owned(),
        Tool::Prisma => "Give the statement a migration of its own: Prisma sends a file as one query, and a query of several \
             statements is one transaction."
            .to_owned(),
        Tool::Drizzle => "Drizzle runs all pending migrations in one transaction and has no way out of it: run this statement \
             by hand before deploying, and let the migration repeat it without CONCURRENTLY but with IF NOT EXISTS."
            .to_owned(),
        Tool::Supabase => "Give the statement a migration of its own.".to_owned(),
        Tool::Pop => "Give the statement a file of its own whose name ends in `.autocommit.up.sql`.".to_owned(),
        Tool::NodePgMigrate => "Give the statement a migration of its own, and run it with `--no-transaction`.".to_owned(),
        Tool::GraphileMigrate => "Give the statement a migration of its own whose first line is `--! no-transaction`.".to_owned(),
        Tool::Tern => "Give the statement a file of its own that contains `---- tern: disable-tx ----`.".to_owned(),
        Tool::Atlas => "Give the statement a file of its own that begins with `-- atlas:txmode none`.".to_owned(),
        Tool::Liquibase => "Give the statement a changeset of its own with `runInTransaction:false`.".to_owned(),
        Tool::Numbered | Tool::File => {
            "Move the statement out of BEGIN … COMMIT (and don't run the file with `psql --single-transaction`).".to_owned()
        }
    }
}

/// How to have steps committed one by one.
pub(crate) fn committed_separately(tool: Tool, run_mode: RunMode) -> String {
    match (tool, run_mode) {
        (_, RunMode::EachStatement) => {
            "Each statement commits by itself here, so the steps can follow each other.".to_owned()
        }
        (Tool::Numbered | Tool::File, RunMode::Transaction | RunMode::SimpleQuery | RunMode::AllInOneTransaction) => {
            "Commit after each step: no BEGIN around them.".to_owned()
        }
        (_, RunMode::AllInOneTransaction) => {
            format!("{tool} runs all pending migrations in one transaction here: deploy each step by itself.")
        }
        (_, RunMode::Transaction) => {
            format!("{tool} runs a file in one transaction: give each step a migration of its own.")
        }
        (_, RunMode::SimpleQuery) => {
            format!(
                "{tool} sends this file as one query, which is one transaction: give each step a migration of its own."
            )
        }
    }
}

/// How to rebuild a SQLite table with foreign keys switched off, which must happen outside a transaction.
pub(crate) fn foreign_keys_off(tool: Tool) -> String {
    let recipe = "and write `PRAGMA foreign_keys = OFF; BEGIN; … COMMIT; PRAGMA foreign_keys = ON;` in it";
    match tool {
        Tool::Sqlx => format!("Begin the file with `-- no-transaction` {recipe}."),
        Tool::Diesel => format!("Add a `metadata.toml` with `run_in_transaction = false` {recipe} (in `up.sql`)."),
        Tool::Refinery => {
            "refinery runs every migration in a transaction: switch foreign keys off on the connection that you \
             hand to its runner, and on again afterwards."
                .to_owned()
        }
        Tool::GolangMigrate => format!("Open the database with `x-no-tx-wrap=true` {recipe}."),
        Tool::Dbmate => format!("Begin the migration with `-- migrate:up transaction:false` {recipe}."),
        Tool::Goose => format!("Begin the file with `-- +goose NO TRANSACTION` {recipe}."),
        Tool::Supabase | Tool::NodePgMigrate | Tool::GraphileMigrate | Tool::Tern => format!("Leave the transaction {recipe}."),
        Tool::SqlMigrate => format!("Begin the file with `-- +migrate Up notransaction` {recipe}."),
        Tool::Flyway => format!("Put `executeInTransaction=false` into `<file>.conf` beside the file {recipe}."),
        Tool::Prisma => "Prisma runs the file as it stands: put `PRAGMA foreign_keys=OFF;` at its top and `PRAGMA foreign_keys=ON;` \
             at its end."
            .to_owned(),
        Tool::Drizzle => "Drizzle runs all pending migrations in one transaction: switch foreign keys off on the connection \
             that you hand to it, and on again afterwards."
            .to_owned(),
        Tool::Pop => format!("Let the name of the file end in `.autocommit.up.sql` {recipe}."),
        Tool::Atlas => format!("Begin the file with `-- atlas:txmode none` {recipe}."),
        Tool::Liquibase => format!("Give the changeset `runInTransaction:false` {recipe}."),
        Tool::Numbered | Tool::File => {
            "Put `PRAGMA foreign_keys = OFF;` before BEGIN and `PRAGMA foreign_keys = ON;` after COMMIT.".to_owned()
        }
    }
}
