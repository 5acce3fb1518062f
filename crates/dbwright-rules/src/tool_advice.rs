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
        Tool::Numbered | Tool::File => {
            "Put `PRAGMA foreign_keys = OFF;` before BEGIN and `PRAGMA foreign_keys = ON;` after COMMIT.".to_owned()
        }
    }
}
