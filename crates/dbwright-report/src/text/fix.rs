//! The safe version of a statement: only what was proven, otherwise why it is not shown.

use dbwright_catalog::{Engine, Finding, Fix, FixStep, History, Proof, RunMode, Section, Tool};

use crate::layout::{GOOD, clean};
use crate::text::finding::Bullets;
use crate::words;

/// The steps with what was proven, or one line that says why there are none.
pub(super) fn fix(section: &Section, finding: &Finding, fix: &Fix, bullets: &Bullets) -> String {
    let hidden = |reason: String| bullets.fact(&format!("safe version not shown: {}", clean(&reason)));
    match &fix.proof {
        Some(Proof::Holds { server }) => {
            let label = bullets.layout().paint(GOOD, "safe version:");
            let mut text = bullets.fact(&format!("{label} {}", clean(&fix.summary)));
            text.push_str(&steps(section, finding, fix, bullets));
            let avoided = if fix.avoids.is_empty() {
                String::new()
            } else {
                let locks = fix
                    .avoids
                    .iter()
                    .map(|(relation, mode)| format!("{mode} on {relation}"));
                format!(", {} not taken", clean(&words::list(&locks.collect::<Vec<_>>())))
            };
            text.push_str(&bullets.more(0, &format!("Proven on {server}: same schema at the end{avoided}.")));
            text
        }
        Some(Proof::Fails { server, reason }) => hidden(format!("tried on {server}, and {reason}")),
        Some(Proof::NotTried { reason }) => hidden(format!("it was not tried: {reason}")),
        None => hidden("it was not tried".to_owned()),
    }
}

/// The numbered steps, each with how the tool has to run it.
fn steps(section: &Section, finding: &Finding, fix: &Fix, bullets: &Bullets) -> String {
    let mut text = String::new();
    let mut told = false;
    for (index, step) in fix.steps.iter().enumerate() {
        let label = if fix.steps.len() == 1 {
            String::new()
        } else {
            format!("{}. ", index + 1)
        };
        let sql = clean(step.sql.trim());
        text.push_str(&bullets.verbatim(&format!("  {label}"), &format!("{sql};")));
        if let Some(how) = outside_transaction(&section.history, step, told) {
            text.push_str(&bullets.more(2 + label.len(), &format!("({how})")));
            told = true;
        }
    }
    if fix.steps.len() > 1 && !commits_each_statement(section, finding) {
        text.push_str(&bullets.more(
            0,
            "Each step is a migration of its own, so that it is committed before the next.",
        ));
    }
    text
}

/// Whether the migration is run statement by statement anyway.
fn commits_each_statement(section: &Section, finding: &Finding) -> bool {
    let by_tool = match section.history.tool {
        Tool::Numbered | Tool::File => RunMode::EachStatement,
        Tool::Sqlx
        | Tool::Diesel
        | Tool::Refinery
        | Tool::GolangMigrate
        | Tool::Dbmate
        | Tool::Goose
        | Tool::SqlMigrate
        | Tool::Flyway
        | Tool::Prisma
        | Tool::Drizzle
        | Tool::Supabase
        | Tool::Pop
        | Tool::NodePgMigrate
        | Tool::GraphileMigrate
        | Tool::Tern
        | Tool::Atlas
        | Tool::Liquibase => RunMode::Transaction,
    };
    let migration = finding
        .place
        .statement
        .and_then(|(index, _)| section.history.migrations.get(index));
    migration.map_or(by_tool, |migration| migration.run_mode) == RunMode::EachStatement
}

/// What a step that may not run in a transaction needs, and how its tool is told so the first time.
fn outside_transaction(history: &History, step: &FixStep, told: bool) -> Option<String> {
    if step.in_transaction {
        return None;
    }
    let place = match history.tool {
        Tool::Refinery => return Some("outside a transaction: refinery always uses one, so run it by hand".to_owned()),
        Tool::Drizzle => return Some("outside a transaction: Drizzle always uses one, so run it by hand".to_owned()),
        Tool::Numbered | Tool::File => "outside a transaction",
        Tool::Sqlx
        | Tool::Diesel
        | Tool::GolangMigrate
        | Tool::Dbmate
        | Tool::Goose
        | Tool::SqlMigrate
        | Tool::Flyway
        | Tool::Prisma
        | Tool::Supabase
        | Tool::Pop
        | Tool::NodePgMigrate
        | Tool::GraphileMigrate
        | Tool::Tern
        | Tool::Atlas
        | Tool::Liquibase => "in a migration of its own, outside a transaction",
    };
    Some(match how_to_say(history).filter(|_| !told) {
        Some(how) => format!("{place}: {how}"),
        None => place.to_owned(),
    })
}

/// How a tool is told to use no transaction.
fn how_to_say(history: &History) -> Option<&'static str> {
    match (history.tool, history.engine) {
        (Tool::Sqlx, _) => Some("its first line is `-- no-transaction`"),
        (Tool::Diesel, _) => Some("`run_in_transaction = false` in its metadata.toml"),
        (Tool::Dbmate, _) => Some("`-- migrate:up transaction:false`"),
        (Tool::Goose, _) => Some("its first line is `-- +goose NO TRANSACTION`"),
        (Tool::GolangMigrate, Engine::Sqlite) => Some("`x-no-tx-wrap=true` in the database URL"),
        (Tool::GolangMigrate, Engine::Postgres | Engine::MySql | Engine::MariaDb) => {
            Some("a file with this statement alone")
        }
        (Tool::Numbered | Tool::File, Engine::Postgres) => Some("no `BEGIN` before it, no `psql -1`"),
        (Tool::Numbered | Tool::File, Engine::MySql | Engine::MariaDb | Engine::Sqlite) => Some("no `BEGIN` before it"),
        (Tool::SqlMigrate, _) => Some("`-- +migrate Up notransaction`"),
        (Tool::Flyway, _) => Some("`executeInTransaction=false` in `<file>.conf`"),
        (Tool::Prisma, _) => Some("a file with this statement alone"),
        (Tool::Pop, _) => Some("its name ends in `.autocommit.up.sql`"),
        (Tool::NodePgMigrate, _) => Some("run with `--no-transaction`"),
        (Tool::GraphileMigrate, _) => Some("its first line is `--! no-transaction`"),
        (Tool::Tern, _) => Some("it contains `---- tern: disable-tx ----`"),
        (Tool::Atlas, _) => Some("its first line is `-- atlas:txmode none`"),
        (Tool::Liquibase, _) => Some("`runInTransaction:false` in its changeset"),
        (Tool::Refinery | Tool::Drizzle | Tool::Supabase, _) => None,
    }
}
