//! What each tool calls its files, and what has to stand in them. The places that say so are told by the tool's reader, in
//! `tools/`.

use std::path::Path;

use dbwright_catalog::{Engine, History, Tool};

use super::drizzle::has_folders;
use super::{DraftError, DraftFile, DraftPart, Outside, commits_by_itself};
use crate::text;
use crate::tools::{atlas, graphile_migrate};

/// How a tool wants its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    tool: Tool,
    engine: Engine,
    /// What the files that are there are like, where the tool knows several manners.
    manner: Manner,
}

/// The SQL of a migration, without what its tool wants around it.
pub(super) struct Written {
    pub(super) up: String,
    pub(super) in_transaction: bool,
    /// The way back.
    pub(super) back: Option<String>,
    pub(super) back_in_transaction: bool,
    /// Whether a statement has statements inside.
    pub(super) has_bodies: bool,
    /// Whether a file for the way back is written where there is none, and says so.
    pub(super) says_no_way_back: bool,
}

/// A file, at most.
pub(super) const FILE_BYTES: u64 = 8 * 1024 * 1024;

/// In which of its manners a tool is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// The only one, or the usual one.
    Usual,
    /// Both ways in files of their own: `.up.sql` and `.down.sql` (sqlx, node-pg-migrate).
    Pairs,
    /// The name of the database in the names of files (pop).
    Dialects {
        /// Whether Ory's migrator runs them, which knows `.autocommit`.
        is_popx: bool,
    },
}

impl Format {
    /// Nothing where no tool runs the files.
    pub(super) fn of(history: &History) -> Option<Self> {
        let any = |end: &str| {
            history
                .migrations
                .iter()
                .any(|migration| ends_with(&migration.path, end))
        };
        let dialect = pop_dialect(history.engine);
        let is_popx = any(".autocommit.up.sql") || any(".autocommit.down.sql");
        let manner = match history.tool {
            Tool::Sqlx | Tool::NodePgMigrate if any(".up.sql") => Manner::Pairs,
            Tool::Pop if is_popx || any(&format!(".{dialect}.up.sql")) => Manner::Dialects { is_popx },
            Tool::File => return None,
            _ => Manner::Usual,
        };
        Some(Format {
            tool: history.tool,
            engine: history.engine,
            manner,
        })
    }

    /// Whether files are for one database only.
    pub(super) fn has_dialects(self) -> bool {
        matches!(self.manner, Manner::Dialects { .. })
    }

    /// Whether pop runs this file on each of the databases of its project.
    pub(super) fn is_for_all_databases(self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.has_dialects() && !name.contains(&format!(".{}.", pop_dialect(self.engine)))
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
            Tool::NodePgMigrate => Outside::Never("node-pg-migrate puts a transaction around its SQL files"),
            // The front of a pipeline, or one query.
            Tool::Supabase | Tool::GraphileMigrate => Outside::Statement,
            Tool::Pop => match self.manner {
                Manner::Dialects { is_popx: true } => Outside::Statement,
                Manner::Dialects { is_popx: false } | Manner::Usual | Manner::Pairs => {
                    Outside::Never("pop puts a transaction around each file")
                }
            },
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
        let written = Written {
            up: self.body(part),
            in_transaction: part.transaction,
            back: down.map(|down| self.body(down)),
            back_in_transaction: true,
            has_bodies: has_bodies(part),
            says_no_way_back: true,
        };
        self.files_of(&history.folder, has_folders(history), version, name, written)
    }

    /// The files of a migration whose SQL is written already. `in_folders` tells in which of its two manners Drizzle is used.
    pub(super) fn files_of(
        self,
        folder: &Path,
        in_folders: bool,
        version: &str,
        name: &str,
        written: Written,
    ) -> Vec<DraftFile> {
        let at = |file: String, text: String| DraftFile {
            path: folder.join(file),
            text,
            replaces: false,
        };
        let Written {
            up,
            in_transaction,
            back,
            back_in_transaction,
            has_bodies,
            says_no_way_back,
        } = written;
        let down_file = |file: String, back: Option<String>| {
            let text = match back {
                Some(back) => back,
                None if says_no_way_back => NO_WAY_BACK.to_owned(),
                None => return None,
            };
            Some(at(file, text))
        };
        // A plan is undone by a plan, not by a file that these tools run only where it is asked for.
        let undo_file =
            |file: String, back: Option<String>| back.filter(|_| !says_no_way_back).map(|back| at(file, back));
        match self.tool {
            Tool::Sqlx => {
                let mark = if in_transaction { "" } else { "-- no-transaction\n" };
                if self.manner == Manner::Pairs {
                    let mark_back = if back_in_transaction { "" } else { "-- no-transaction\n" };
                    let back = back.map(|back| format!("{mark_back}{back}"));
                    let mut files = vec![at(format!("{version}_{name}.up.sql"), format!("{mark}{up}"))];
                    files.extend(down_file(format!("{version}_{name}.down.sql"), back));
                    files
                } else {
                    vec![at(format!("{version}_{name}.sql"), format!("{mark}{up}"))]
                }
            }
            Tool::GolangMigrate => {
                let mut files = vec![at(format!("{version}_{name}.up.sql"), up)];
                files.extend(down_file(format!("{version}_{name}.down.sql"), back));
                files
            }
            Tool::Diesel => {
                let folder = format!("{}_{name}", diesel_version(version));
                let mut files = vec![at(format!("{folder}/up.sql"), up)];
                files.extend(down_file(format!("{folder}/down.sql"), back));
                if !in_transaction {
                    files.push(at(
                        format!("{folder}/metadata.toml"),
                        "run_in_transaction = false\n".to_owned(),
                    ));
                }
                files
            }
            Tool::Dbmate => {
                let option = |inside: bool| if inside { "" } else { " transaction:false" };
                let (of_up, of_back) = (option(in_transaction), option(back_in_transaction));
                let back = back.unwrap_or_default();
                vec![at(
                    format!("{version}_{name}.sql"),
                    format!("-- migrate:up{of_up}\n{up}\n-- migrate:down{of_back}\n{back}"),
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
                let mark = |inside: bool| if inside { "" } else { " notransaction" };
                let option = mark(in_transaction);
                let of_back = mark(in_transaction && back_in_transaction);
                let back = back
                    .map(|back| format!("\n-- +migrate Down{of_back}\n{back}"))
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
                files.extend(undo_file(format!("U{version}__{name}.sql"), back));
                files
            }
            Tool::Refinery => {
                let mut files = vec![at(format!("V{version}__{name}.sql"), up)];
                files.extend(undo_file(format!("U{version}__{name}.sql"), back));
                files
            }
            Tool::Prisma => vec![at(format!("{version}_{name}/migration.sql"), up)],
            Tool::Drizzle if in_folders => vec![at(format!("{version}_{name}/migration.sql"), up)],
            Tool::Tern => {
                let mark = if in_transaction {
                    ""
                } else {
                    "---- tern: disable-tx ----\n"
                };
                let back = back
                    .map(|back| format!("\n---- create above / drop below ----\n\n{back}"))
                    .unwrap_or_default();
                vec![at(format!("{version}_{name}.sql"), format!("{mark}{up}{back}"))]
            }
            Tool::Atlas => {
                let delimiter = if has_bodies { "-- atlas:delimiter -- end\n" } else { "" };
                let mode = if in_transaction { "" } else { "-- atlas:txmode none\n" };
                // Directives end with an empty line.
                let gap = if in_transaction && delimiter.is_empty() {
                    ""
                } else {
                    "\n"
                };
                vec![at(
                    format!("{version}_{name}.sql"),
                    format!("{delimiter}{mode}{gap}{up}"),
                )]
            }
            Tool::NodePgMigrate if self.manner == Manner::Pairs => {
                let mut files = vec![at(format!("{version}_{name}.up.sql"), up)];
                files.extend(down_file(format!("{version}_{name}.down.sql"), back));
                files
            }
            Tool::NodePgMigrate => {
                let back = back
                    .map(|back| format!("\n-- Down Migration\n{back}"))
                    .unwrap_or_default();
                vec![at(
                    format!("{version}_{name}.sql"),
                    format!("-- Up Migration\n{up}{back}"),
                )]
            }
            Tool::GraphileMigrate => {
                let mark = if in_transaction { "" } else { "--! no-transaction\n" };
                let slug = name.replace('_', "-");
                vec![at(format!("committed/{version}-{slug}.sql"), format!("{mark}{up}"))]
            }
            Tool::Pop => {
                let mut kind = String::new();
                if self.has_dialects() {
                    kind = format!(".{}", pop_dialect(self.engine));
                }
                if !in_transaction {
                    kind.push_str(".autocommit");
                }
                let mut files = vec![at(format!("{version}_{name}{kind}.up.sql"), up)];
                files.extend(down_file(format!("{version}_{name}{kind}.down.sql"), back));
                files
            }
            // Supabase, the rest of Drizzle, and numbered files.
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
                Tool::Atlas if has_bodies(part) => ("", "\n-- end"),
                Tool::Goose if is_many => ("-- +goose StatementBegin\n", "\n-- +goose StatementEnd"),
                Tool::SqlMigrate if is_many => ("-- +migrate StatementBegin\n", "\n-- +migrate StatementEnd"),
                _ => ("", ""),
            };
            text.extend([marks.0, sql, ";", marks.1, "\n"]);
        }
        text
    }
}

/// Whether a statement has statements inside.
fn has_bodies(part: &DraftPart) -> bool {
    part.statements
        .iter()
        .any(|statement| statement.sql.trim_end().trim_end_matches(';').contains(';'))
}

/// What pop calls an engine in the names of files.
fn pop_dialect(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "postgres",
        Engine::MySql | Engine::MariaDb => "mysql",
        Engine::Sqlite => "sqlite3",
    }
}

/// The hash that the next file of graphile-migrate's chain follows on.
pub(super) fn last_hash(root: &Path, history: &History) -> Option<String> {
    if history.tool != Tool::GraphileMigrate {
        return None;
    }
    let is_committed = |path: &&Path| path.parent().is_some_and(|folder| folder.ends_with("committed"));
    let paths = history.migrations.iter().map(|migration| migration.path.as_path());
    let last = paths.rev().find(is_committed)?;
    graphile_migrate::hash_in(&text::peek(&root.join(last), FILE_BYTES))
}

/// `atlas.sum` with the new files.
pub(super) fn atlas_sum(root: &Path, history: &History, new: &[DraftFile]) -> Result<DraftFile, DraftError> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let unreadable = |error: &std::io::Error| DraftError {
        problem: format!("the files that atlas.sum is made of can't be read: {error}"),
        hint: "look at the folder of migrations, and run `atlas migrate hash` afterwards".to_owned(),
    };
    for entry in std::fs::read_dir(root.join(&history.folder)).map_err(|error| unreadable(&error))? {
        let entry = entry.map_err(|error| unreadable(&error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_written = || new.iter().any(|file| file.path.ends_with(&name));
        if crate::walk::has_extension(&name, "sql") && !is_written() {
            let bytes = std::fs::read(entry.path()).map_err(|error| unreadable(&error))?;
            files.push((name, bytes));
        }
    }
    for file in new {
        let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned());
        files.push((name.unwrap_or_default(), file.text.clone().into_bytes()));
    }
    files.sort();
    Ok(DraftFile {
        path: history.folder.join("atlas.sum"),
        text: atlas::sum_file(&files),
        replaces: root.join(&history.folder).join("atlas.sum").exists(),
    })
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

pub(super) fn ends_with(path: &Path, end: &str) -> bool {
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
        // With a counter, as newer commands of diesel write it.
        18 => format!(
            "{}-{}-{}-{}-{}",
            &version[..4],
            &version[4..6],
            &version[6..8],
            &version[8..14],
            &version[14..]
        ),
        _ => version.to_owned(),
    }
}
