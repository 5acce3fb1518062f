//! What each tool calls its files, and what has to stand in them. The places that say so are told by the tool's reader, in
//! `tools/`.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, History, Tool};
use serde_json::{Value, json};

use super::{DraftFile, DraftPart, Outside, commits_by_itself};
use crate::text;

/// How a tool wants its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    tool: Tool,
    engine: Engine,
}

/// A journal, at most.
const JOURNAL_BYTES: u64 = 8 * 1024 * 1024;
const JOURNAL: &str = "meta/_journal.json";

impl Format {
    /// Nothing for tools whose migrations are not written here.
    pub(super) fn of(tool: Tool, engine: Engine) -> Option<Self> {
        match tool {
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
            | Tool::Numbered => Some(Format { tool, engine }),
            Tool::Supabase
            | Tool::Pop
            | Tool::NodePgMigrate
            | Tool::GraphileMigrate
            | Tool::Tern
            | Tool::Atlas
            | Tool::Liquibase
            | Tool::File => None,
        }
    }

    pub(super) fn outside_transactions(self) -> Outside {
        if commits_by_itself(self.engine) {
            return Outside::Anyway;
        }
        match self.tool {
            // They send the file as one query, and several statements of one query are a transaction.
            Tool::Sqlx | Tool::Diesel | Tool::Dbmate | Tool::Prisma if self.engine == Engine::Postgres => {
                Outside::Statement
            }
            Tool::GolangMigrate if self.engine == Engine::Postgres => Outside::Statement,
            Tool::GolangMigrate => Outside::Never("golang-migrate puts a transaction around each file on SQLite"),
            Tool::Refinery => Outside::Never("refinery puts a transaction around each file"),
            Tool::Drizzle => Outside::Never("Drizzle runs all pending migrations in one transaction"),
            _ => Outside::File,
        }
    }

    /// The files of one part, with its way back where the tool has a place for it.
    pub(super) fn files(
        self,
        history: &History,
        version: &str,
        name: &str,
        part: &DraftPart,
        down: Option<&DraftPart>,
    ) -> Vec<DraftFile> {
        let at = |file: String, text: String| DraftFile {
            path: history.folder.join(file),
            text,
            replaces: false,
        };
        let up = self.body(part);
        let back = down.map(|down| self.body(down));
        let in_transaction = part.transaction;
        match self.tool {
            Tool::Sqlx => {
                let mark = if in_transaction { "" } else { "-- no-transaction\n" };
                let is_reversible = history
                    .migrations
                    .iter()
                    .any(|migration| ends_with(&migration.path, ".up.sql"));
                if is_reversible {
                    let back = back.unwrap_or_else(|| NO_WAY_BACK.to_owned());
                    vec![
                        at(format!("{version}_{name}.up.sql"), format!("{mark}{up}")),
                        at(format!("{version}_{name}.down.sql"), back),
                    ]
                } else {
                    vec![at(format!("{version}_{name}.sql"), format!("{mark}{up}"))]
                }
            }
            Tool::GolangMigrate => vec![
                at(format!("{version}_{name}.up.sql"), up),
                at(
                    format!("{version}_{name}.down.sql"),
                    back.unwrap_or_else(|| NO_WAY_BACK.to_owned()),
                ),
            ],
            Tool::Diesel => {
                let folder = format!("{}_{name}", diesel_version(version));
                let mut files = vec![
                    at(format!("{folder}/up.sql"), up),
                    at(
                        format!("{folder}/down.sql"),
                        back.unwrap_or_else(|| NO_WAY_BACK.to_owned()),
                    ),
                ];
                if !in_transaction {
                    files.push(at(
                        format!("{folder}/metadata.toml"),
                        "run_in_transaction = false\n".to_owned(),
                    ));
                }
                files
            }
            Tool::Dbmate => {
                let option = if in_transaction { "" } else { " transaction:false" };
                let back = back.unwrap_or_default();
                vec![at(
                    format!("{version}_{name}.sql"),
                    format!("-- migrate:up{option}\n{up}\n-- migrate:down\n{back}"),
                )]
            }
            Tool::Goose => {
                let mark = if in_transaction {
                    ""
                } else {
                    "-- +goose NO TRANSACTION\n"
                };
                let back = back.map(|back| format!("\n-- +goose Down\n{back}")).unwrap_or_default();
                vec![at(
                    format!("{version}_{name}.sql"),
                    format!("{mark}-- +goose Up\n{up}{back}"),
                )]
            }
            Tool::SqlMigrate => {
                let option = if in_transaction { "" } else { " notransaction" };
                let back = back
                    .map(|back| format!("\n-- +migrate Down{option}\n{back}"))
                    .unwrap_or_default();
                vec![at(
                    format!("{version}_{name}.sql"),
                    format!("-- +migrate Up{option}\n{up}{back}"),
                )]
            }
            Tool::Flyway => {
                let file = format!("V{version}__{name}.sql");
                let mut files = vec![at(file.clone(), up)];
                if !in_transaction {
                    files.push(at(format!("{file}.conf"), "executeInTransaction=false\n".to_owned()));
                }
                files
            }
            Tool::Refinery => vec![at(format!("V{version}__{name}.sql"), up)],
            Tool::Prisma => vec![at(format!("{version}_{name}/migration.sql"), up)],
            Tool::Drizzle if has_folders(history) => vec![at(format!("{version}_{name}/migration.sql"), up)],
            // What has no writer was left out by `of`.
            _ => vec![at(format!("{version}_{name}.sql"), up)],
        }
    }

    /// The statements of a part, with comments, in the manner in which the tool splits its files.
    fn body(self, part: &DraftPart) -> String {
        let mut text = format!("-- {}\n", one_line(&part.purpose));
        for (index, statement) in part.statements.iter().enumerate() {
            let sql = statement.sql.trim_end().trim_end_matches(';');
            if index > 0 && self.tool == Tool::Drizzle {
                text.push_str("--> statement-breakpoint\n");
            }
            for comment in &statement.comments {
                text.extend(["-- ", &one_line(comment), "\n"]);
            }
            // goose and sql-migrate end a statement at a line that ends in `;`.
            let is_many = sql.contains(';');
            let marks = match self.tool {
                Tool::Goose if is_many => ("-- +goose StatementBegin\n", "\n-- +goose StatementEnd"),
                Tool::SqlMigrate if is_many => ("-- +migrate StatementBegin\n", "\n-- +migrate StatementEnd"),
                _ => ("", ""),
            };
            text.extend([marks.0, sql, ";", marks.1, "\n"]);
        }
        text
    }
}

const NO_WAY_BACK: &str = "-- There is no way back that a single file could hold; `dbwright schema plan … --reverse` prints it.\n\
                           SELECT 1;\n";

/// Comments must not look like annotations of a tool.
fn one_line(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("+goose", "goose")
}

fn ends_with(path: &Path, end: &str) -> bool {
    path.to_string_lossy().ends_with(end)
}

/// `2026-01-31-120000`, as diesel's own command writes it.
fn diesel_version(version: &str) -> String {
    match version.len() {
        14 => format!(
            "{}-{}-{}-{}",
            &version[..4],
            &version[4..6],
            &version[6..8],
            &version[8..]
        ),
        _ => version.to_owned(),
    }
}

/// Whether the migrations are folders, as Drizzle has them since 1.0.
fn has_folders(history: &History) -> bool {
    history
        .migrations
        .iter()
        .any(|migration| ends_with(&migration.path, "/migration.sql"))
}

/// Drizzle's journal with new entries; nothing where there is none.
pub(super) fn journal(root: &Path, history: &History, files: &[DraftFile], seconds: u64) -> Option<DraftFile> {
    if has_folders(history) {
        return None;
    }
    let path: PathBuf = history.folder.join(JOURNAL);
    let mut journal: Value = serde_json::from_str(&text::peek(&root.join(&path), JOURNAL_BYTES)).ok()?;
    let version = journal.get("version").cloned().unwrap_or_else(|| json!("7"));
    let entries = journal.get_mut("entries")?.as_array_mut()?;
    let newest = entries
        .iter()
        .filter_map(|entry| entry.get("when")?.as_u64())
        .max()
        .unwrap_or_default();
    for file in files {
        let index = entries
            .iter()
            .filter_map(|entry| entry.get("idx")?.as_u64())
            .max()
            .map_or(0, |last| last + 1);
        let tag = file.path.file_stem()?.to_string_lossy().into_owned();
        // What is not newer than the newest applied one is passed over.
        let when = (seconds * 1000).max(newest + 1) + entries.len() as u64;
        entries.push(json!({"idx": index, "version": version, "when": when, "tag": tag, "breakpoints": true}));
    }
    Some(DraftFile {
        path,
        text: serde_json::to_string_pretty(&journal).ok()? + "\n",
        replaces: true,
    })
}
