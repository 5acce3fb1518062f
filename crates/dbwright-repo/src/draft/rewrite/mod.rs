//! A migration with safe versions in place of statements: the same file where they can stand in it, else several, each in its
//! tool's own format, right behind the original. Nothing is written here.
//!
//! Each step of a safe version is committed by itself. Where a tool commits each statement, steps stand where the statement
//! stood; where it commits whole files, each step is a migration of its own. What is not touched stays as it is, byte for byte.

mod downs;
mod graphile_migrate;
mod groups;
mod liquibase;
mod marks;
mod text;

use std::path::{Path, PathBuf};

use dbwright_catalog::{Change, FileChange, FixStep, History, Migration, RunMode, Tool};

use super::formats::{self, Format, Written};
use super::{DraftFile, Outside, drizzle, versions};
use crate::order;
use groups::{Group, Piece, groups};
use text::{Block, Edits, blocks};

/// A statement that is replaced.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// Its index in the migration.
    pub statement: usize,
    /// What replaces it, in order, each committed by itself.
    pub steps: Vec<FixStep>,
}

/// Where the steps come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In the same file, where the statement stood.
    InPlace,
    /// In migrations of their own behind all that is left of the original.
    StepsLast,
    /// In migrations of their own, with what followed the statement in further ones behind them.
    InOrder,
}

/// What is to be rewritten.
#[derive(Clone, Copy, Debug)]
pub struct RewriteRequest<'a> {
    /// The root of the repository.
    pub root: &'a Path,
    /// Its migrations.
    pub history: &'a History,
    /// Index of the migration.
    pub migration: usize,
    /// The statements that are replaced, ascending.
    pub replacements: &'a [Replacement],
    /// What each statement of the migration changed, for telling what its way back undoes.
    pub changes: &'a [Vec<Change>],
}

impl<'a> RewriteRequest<'a> {
    fn migration(&self) -> Result<&'a Migration, String> {
        let found = self.history.migrations.get(self.migration);
        found.ok_or_else(|| "there is no such migration".to_owned())
    }

    fn replacement_of(&self, statement: usize) -> Option<usize> {
        let mut replacements = self.replacements.iter();
        replacements.position(|replacement| replacement.statement == statement)
    }
}

/// The layouts that a tool can run, the best first.
///
/// # Errors
///
/// When it can't run any, why, as a clause.
pub fn layouts(request: &RewriteRequest<'_>) -> Result<Vec<Layout>, String> {
    let RewriteRequest { root, history, .. } = *request;
    let migration = request.migration()?;
    let tool = history.tool;
    readable(root, tool, migration)?;
    let shares_file = |other: &Migration| other.path == migration.path;
    if tool == Tool::Liquibase {
        if let Some(reason) = liquibase::refusal(migration) {
            return Err(reason);
        }
    } else if history.migrations.iter().filter(|other| shares_file(other)).count() > 1 {
        return Err(format!("{} holds several migrations", migration.path.display()));
    }
    let format = Format::of(history).ok_or_else(|| format!("no tool runs {}", migration.path.display()))?;
    if migration.run_mode == RunMode::AllInOneTransaction {
        return Err(format!("{tool} runs all pending migrations in one transaction"));
    }
    if tool == Tool::Pop && format.is_for_all_databases(&migration.path) {
        return Err(format!(
            "{} is run on other databases as well",
            migration.path.display()
        ));
    }
    if tool == Tool::GraphileMigrate
        && let Some(reason) = graphile_migrate::refusal(request, migration)
    {
        return Err(reason);
    }
    let mut layouts = Vec::new();
    let path = migration.path.display();
    if migration.run_mode == RunMode::EachStatement {
        if let Some(line) = groups::open_transaction(request, migration) {
            return Err(format!(
                "line {line} of {path} opens a transaction, in which steps can't be committed one by one"
            ));
        }
        layouts.push(Layout::InPlace);
    } else if let Some(line) = groups::transaction_control(request, migration) {
        return Err(format!("line {line} of {path} begins or ends a transaction by itself"));
    }
    if tool == Tool::Numbered {
        return Ok(layouts);
    }
    let steps = || request.replacements.iter().flat_map(|replacement| &replacement.steps);
    if let (Outside::Never(reason), Some(step)) =
        (format.outside_transactions(), steps().find(|step| !step.in_transaction))
    {
        if layouts.is_empty() {
            return Err(format!("{reason}, and this must not run in one: {}", step.sql));
        }
        return Ok(layouts);
    }
    match (groups(request, Layout::StepsLast), groups(request, Layout::InOrder)) {
        (Ok(last), Ok(in_order)) => {
            layouts.push(Layout::StepsLast);
            if in_order != last {
                layouts.push(Layout::InOrder);
            }
        }
        (Err(reason), _) | (_, Err(reason)) if layouts.is_empty() => return Err(reason),
        _ => {}
    }
    Ok(layouts)
}

/// What is in the file has to be what its tool was seen to run: no template, and no mark in front of it.
fn readable(root: &Path, tool: Tool, migration: &Migration) -> Result<(), String> {
    let same = |path: &Path, text: &str| {
        let read = std::fs::read(root.join(path)).unwrap_or_default();
        let mark = if tool == Tool::Liquibase { mark(&read) } else { "" };
        read[mark.len()..] == *text.as_bytes()
    };
    let down = migration.down.as_ref();
    let is_same = same(&migration.path, &migration.text) && down.is_none_or(|down| same(&down.path, &down.text));
    let rest = "is not what runs: it is a template, has a byte order mark, or was changed meanwhile";
    if is_same {
        Ok(())
    } else {
        Err(format!("the text of {} {rest}", migration.path.display()))
    }
}

/// The byte order mark of a file in UTF-8.
fn mark(bytes: &[u8]) -> &'static str {
    const MARK: &str = "\u{feff}";
    if bytes.starts_with(MARK.as_bytes()) { MARK } else { "" }
}

/// The files with safe versions in place of statements.
///
/// # Errors
///
/// Why that can't be, as a clause.
pub fn rewrite(request: &RewriteRequest<'_>, layout: Layout) -> Result<Vec<FileChange>, String> {
    let migration = request.migration()?;
    if layout == Layout::InPlace {
        return Ok(vec![marked(request.root, in_place(request, migration))]);
    }
    let groups = groups(request, layout)?;
    let downs = downs::split(request, migration, &groups)?;
    let format = Format::of(request.history).ok_or_else(|| "no tool runs this file".to_owned())?;
    if request.history.tool == Tool::Liquibase {
        let file = liquibase::rewrite(request, migration, &groups, &downs, format)?;
        return Ok(vec![marked(request.root, file)]);
    }
    let mut files = first(request, migration, &groups[0], &downs[0])?;
    let versions = versions::behind(request.history, request.migration, groups.len() - 1)?;
    let (folder, slug) = place(request.history.tool, migration);
    let in_folders = drizzle::has_folders(request.history);
    for (number, (group, version)) in groups[1..].iter().zip(&versions).enumerate() {
        let down = &downs[number + 1];
        let up = further(request, migration, group, format)?;
        let written = Written {
            has_bodies: false,
            in_transaction: group.in_transaction,
            back: migration.down.is_some().then(|| down.text.clone()),
            back_in_transaction: !down.outside,
            says_no_way_back: false,
            up,
        };
        let name = format!("{slug}_{}", number + 2).trim_start_matches('_').to_owned();
        let new = format.files_of(&folder, in_folders, version, &name, written);
        files.extend(new.into_iter().map(|file| created(&file)));
    }
    if request.history.tool == Tool::GraphileMigrate {
        graphile_migrate::chained(&mut files, migration)?;
    }
    Ok(files)
}

/// What the tool keeps of its files beside them, once all files are known.
///
/// # Errors
///
/// When it can't be told, as a clause.
pub fn books(root: &Path, history: &History, files: &[FileChange]) -> Result<Vec<FileChange>, String> {
    let path = history.folder.join("atlas.sum");
    if history.tool != Tool::Atlas || files.is_empty() {
        return Ok(Vec::new());
    }
    let of_draft = files.iter().filter_map(|file| {
        Some(DraftFile {
            path: file.path.clone(),
            text: file.after.clone()?,
            replaces: file.before.is_some(),
        })
    });
    let sum = formats::atlas_sum(root, history, &of_draft.collect::<Vec<_>>()).map_err(|error| error.problem)?;
    Ok(vec![FileChange {
        before: std::fs::read_to_string(root.join(&path)).ok(),
        after: Some(sum.text),
        path,
    }])
}

fn created(file: &DraftFile) -> FileChange {
    FileChange {
        path: file.path.clone(),
        before: None,
        after: Some(file.text.clone()),
    }
}

fn changed(path: &Path, before: &str, after: String) -> FileChange {
    FileChange {
        path: path.to_owned(),
        before: Some(before.to_owned()),
        after: Some(after),
    }
}

/// The change of a file with the byte order mark that it has.
fn marked(root: &Path, file: FileChange) -> FileChange {
    let mark = mark(&std::fs::read(root.join(&file.path)).unwrap_or_default());
    let with_mark = |text: String| format!("{mark}{text}");
    FileChange {
        path: file.path,
        before: file.before.map(with_mark),
        after: file.after.map(with_mark),
    }
}

/// The file with the steps where the statements stood, at their indent.
fn in_place(request: &RewriteRequest<'_>, migration: &Migration) -> FileChange {
    let text = &migration.text;
    let mut edits = Edits::default();
    for replacement in request.replacements {
        let Some(statement) = migration.statements.get(replacement.statement) else {
            continue;
        };
        let start = statement.span.start;
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let indent = &text[line..start];
        let indent = if indent.trim().is_empty() { indent } else { "" };
        let steps: Vec<&str> = replacement.steps.iter().map(|step| step.sql.as_str()).collect();
        edits.replace(statement.span.range(), steps.join(&format!(";\n{indent}")));
    }
    changed(&migration.path, text, edits.apply(text))
}

/// What becomes of the files that are there: they hold the first group.
fn first(
    request: &RewriteRequest<'_>,
    migration: &Migration,
    group: &Group,
    down: &downs::GroupDown,
) -> Result<Vec<FileChange>, String> {
    let is_changed = !group.in_transaction && migration.run_mode == RunMode::Transaction;
    let mut back = Edits::default();
    if let Some(of_migration) = &migration.down {
        down.edit(of_migration, &mut back);
    }
    marks::Original {
        root: request.root,
        history: request.history,
        migration,
        leaves_transaction: is_changed,
        back_leaves_transaction: down.outside && migration.down.is_some(),
    }
    .files(kept(request, migration, group), back)
}

/// What makes the text of a migration that of its first group: statements of others go, and a step stands for its statement.
fn kept(request: &RewriteRequest<'_>, migration: &Migration, group: &Group) -> Edits {
    let text = &migration.text;
    let blocks = blocks(text, &migration.statements);
    let mut edits = Edits::default();
    let mut gone: Vec<&Block> = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if group.pieces.contains(&Piece::Original(index)) || group.settings.contains(&index) {
            continue;
        }
        let step = group.pieces.iter().find_map(|piece| match piece {
            Piece::Step { replacement, step } if request.replacements[*replacement].statement == index => {
                request.replacements[*replacement].steps.get(*step)
            }
            Piece::Step { .. } | Piece::Original(_) => None,
        });
        match step {
            Some(step) => edits.replace(block.statement.clone(), step.sql.as_str()),
            None => gone.push(block),
        }
    }
    edits.take_out(text, &gone);
    edits
}

/// The SQL of a group that gets files of its own.
fn further(
    request: &RewriteRequest<'_>,
    migration: &Migration,
    group: &Group,
    format: Format,
) -> Result<String, String> {
    let text = &migration.text;
    let blocks = blocks(text, &migration.statements);
    let mut sql = String::new();
    for setting in &group.settings {
        if !group.in_transaction && format.outside_transactions() != Outside::File {
            return Err(format!(
                "`{}` would have to stand before what must not run in a transaction, and {} sends such a file as one query",
                migration.statements[*setting].text.trim(),
                request.history.tool
            ));
        }
        sql.push_str(migration.statements[*setting].text.trim());
        sql.push_str(";\n");
    }
    for piece in &group.pieces {
        match piece {
            Piece::Original(index) => sql.push_str(&blocks[*index].ended(text)),
            Piece::Step { replacement, step } => {
                let replacement = &request.replacements[*replacement];
                let comment = blocks[replacement.statement].comment(text);
                // What is said of the statement stands where its first step does.
                if *step == 0 && !comment.trim().is_empty() {
                    sql.push_str(&comment);
                }
                sql.extend([replacement.steps[*step].sql.as_str(), ";\n"]);
            }
        }
    }
    Ok(sql)
}

/// The folder that further migrations go to, and the name without number of this one.
fn place(tool: Tool, migration: &Migration) -> (PathBuf, String) {
    let in_folder = matches!(tool, Tool::Diesel | Tool::Prisma | Tool::GraphileMigrate);
    let parent = migration.path.parent().unwrap_or(Path::new(""));
    let folder = if in_folder {
        parent.parent().unwrap_or(Path::new(""))
    } else {
        parent
    };
    let name = match tool {
        Tool::Flyway | Tool::Refinery => migration.name.split_once("__").map(|(_, name)| name),
        // Its versions have `-` in them.
        Tool::Diesel => migration.name.split_once('_').map(|(_, name)| name),
        _ => Some(order::digits(&migration.name).1),
    };
    let name = name.unwrap_or(&migration.name).trim_start_matches(['_', '-']);
    (folder.to_owned(), name.to_owned())
}
