//! How a file that is there is told to run outside a transaction. What the tools read is told by their readers, in `tools/`.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Down, FileChange, History, Migration, Tool};

use super::text::Edits;
use super::{changed, created};
use crate::draft::DraftFile;
use crate::tools::graphile_migrate;

/// The files of the original migration.
pub(super) struct Original<'a> {
    pub(super) root: &'a Path,
    pub(super) history: &'a History,
    pub(super) migration: &'a Migration,
    /// Whether it ran in a transaction, and must not any more.
    pub(super) leaves_transaction: bool,
    /// Whether its way back must not.
    pub(super) back_leaves_transaction: bool,
}

impl Original<'_> {
    /// The files with these edits, and with what tells the tool how to run them.
    pub(super) fn files(&self, mut up: Edits, mut back: Edits) -> Result<Vec<FileChange>, String> {
        let migration = self.migration;
        let down = migration.down.as_ref();
        let shares_file = down.is_some_and(|down| down.path == migration.path);
        let mut beside = Vec::new();
        if self.leaves_transaction {
            beside = self.mark_up(&mut up)?;
        }
        if let Some(down) = down.filter(|_| self.back_leaves_transaction) {
            self.mark_back(down, &mut back);
        }
        let text = &migration.text;
        let mut files = Vec::new();
        if shares_file {
            up.extend(back);
            files.push(changed(&migration.path, text, up.apply(text)));
        } else {
            files.push(changed(&migration.path, text, up.apply(text)));
            if let Some(down) = down.filter(|_| !back.is_empty()) {
                files.push(changed(&down.path, &down.text, back.apply(&down.text)));
            }
        }
        files.retain(|file| file.before != file.after);
        if self.leaves_transaction && self.history.tool == Tool::Pop {
            files = self.renamed(&files)?;
        }
        files.extend(beside);
        Ok(files)
    }

    /// Marks the part that goes up; files beside it are handed back.
    fn mark_up(&self, up: &mut Edits) -> Result<Vec<FileChange>, String> {
        let text = &self.migration.text;
        let path = &self.migration.path;
        match self.history.tool {
            Tool::Sqlx => up.replace(0..0, "-- no-transaction\n"),
            Tool::Dbmate => up.replace(end_of_mark(text, "migrate:up")?, " transaction:false"),
            Tool::Goose => up.replace(0..0, "-- +goose NO TRANSACTION\n"),
            Tool::SqlMigrate => up.replace(end_of_mark(text, "+migrate Up")?, " notransaction"),
            Tool::Tern => up.replace(0..0, "---- tern: disable-tx ----\n"),
            Tool::Atlas => up.replace(0..0, "-- atlas:txmode none\n\n"),
            Tool::Diesel => return Ok(vec![self.metadata(&path.with_file_name("metadata.toml"))]),
            Tool::Flyway => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                return Ok(vec![self.conf(&path.with_file_name(format!("{name}.conf")))?]);
            }
            // A single statement of a file that is sent as one query is in no transaction; for pop the name says it.
            Tool::GolangMigrate | Tool::Prisma | Tool::Supabase | Tool::Pop | Tool::Numbered => {}
            Tool::GraphileMigrate => {
                let start = graphile_migrate::body_start(text);
                up.replace(start..start, "--! no-transaction\n");
            }
            Tool::Refinery | Tool::Drizzle | Tool::NodePgMigrate | Tool::Liquibase | Tool::File => {
                return Err(format!("{} has no way out of its transaction", self.history.tool));
            }
        }
        Ok(Vec::new())
    }

    /// The ways back of diesel, goose, tern and pop go with the way up.
    fn mark_back(&self, down: &Down, back: &mut Edits) {
        match self.history.tool {
            Tool::Sqlx if !down.text.starts_with("-- no-transaction") => back.replace(0..0, "-- no-transaction\n"),
            Tool::Dbmate if !down_mark_says(&down.text, "migrate:down", "transaction:false") => {
                if let Ok(end) = end_of_mark(&down.text, "migrate:down") {
                    back.replace(end, " transaction:false");
                }
            }
            Tool::SqlMigrate if !down_mark_says(&down.text, "+migrate Down", "notransaction") => {
                if let Ok(end) = end_of_mark(&down.text, "+migrate Down") {
                    back.replace(end, " notransaction");
                }
            }
            _ => {}
        }
    }

    fn metadata(&self, path: &Path) -> FileChange {
        let says = "run_in_transaction = false\n";
        match std::fs::read_to_string(self.root.join(path)) {
            Ok(text) => {
                let others = text
                    .split_inclusive('\n')
                    .filter(|line| !line.trim_start().starts_with("run_in_transaction"));
                let after = others.fold(says.to_owned(), |text, line| text + line);
                changed(path, &text, after)
            }
            Err(_) => new(path, says),
        }
    }

    fn conf(&self, path: &Path) -> Result<FileChange, String> {
        const KEY: &str = "executeInTransaction";
        match std::fs::read_to_string(self.root.join(path)) {
            Ok(text) if text.contains(KEY) => Err(format!("{} says {KEY} already", path.display())),
            Ok(text) => {
                let gap = if text.is_empty() || text.ends_with('\n') {
                    ""
                } else {
                    "\n"
                };
                Ok(changed(path, &text, format!("{text}{gap}{KEY}=false\n")))
            }
            Err(_) => Ok(new(path, &format!("{KEY}=false\n"))),
        }
    }

    /// pop's files say it in their names.
    fn renamed(&self, edited: &[FileChange]) -> Result<Vec<FileChange>, String> {
        let mut files = Vec::new();
        let down = self.migration.down.as_ref();
        let texts = [(&self.migration.path, &self.migration.text)]
            .into_iter()
            .chain(down.map(|down| (&down.path, &down.text)));
        for (path, text) in texts {
            let after = edited.iter().find(|file| file.path == *path);
            let after = after
                .and_then(|file| file.after.clone())
                .unwrap_or_else(|| text.clone());
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let ending = [".up.sql", ".down.sql"]
                .into_iter()
                .find(|ending| name.ends_with(ending));
            let ending = ending.ok_or_else(|| format!("{} is not named as pop names files", path.display()))?;
            let stem = &name[..name.len() - ending.len()];
            let renamed: PathBuf = path.with_file_name(format!("{stem}.autocommit{ending}"));
            files.push(FileChange {
                path: path.clone(),
                before: Some(text.clone()),
                after: None,
            });
            files.push(new(&renamed, &after));
        }
        Ok(files)
    }
}

fn new(path: &Path, text: &str) -> FileChange {
    created(&DraftFile {
        path: path.to_owned(),
        text: text.to_owned(),
        replaces: false,
    })
}

/// The place behind the first mark of a kind, on its line.
fn end_of_mark(text: &str, mark: &str) -> Result<std::ops::Range<usize>, String> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("--") && line.contains(mark) {
            let end = at + line.trim_end().len();
            return Ok(end..end);
        }
        at += line.len();
    }
    Err(format!("it has no `-- {mark}`"))
}

fn down_mark_says(text: &str, mark: &str, option: &str) -> bool {
    let mut lines = text.lines().filter(|line| line.trim_start().starts_with("--"));
    lines.any(|line| line.contains(mark) && line.contains(option))
}
