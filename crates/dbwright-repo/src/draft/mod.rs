//! New migrations in the manner of a repository's own tool: which files, with which names and what in them. Nothing is written
//! here, and no file that exists is ever named, but for a journal that the tool itself would add to.
//!
//! A tool decides per file whether it runs in a transaction. What must not run in one (`CREATE INDEX CONCURRENTLY`) gets files
//! of its own; tools that send a file as one query, which makes a transaction of several statements, get one for each.

mod drizzle;
mod formats;
mod liquibase;
mod rewrite;
mod versions;

use std::path::PathBuf;

use dbwright_catalog::{Engine, History, Tool};

use formats::Format;

pub use rewrite::{Layout, Replacement, RewriteRequest, books, layouts, rewrite};

/// What is to be run together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftPart {
    /// What it is for, as a comment.
    pub purpose: String,
    /// Whether it is one transaction. Otherwise each statement is committed by itself.
    pub transaction: bool,
    /// SQL, each without its separator, with comments to stand above it.
    pub statements: Vec<DraftStatement>,
}

/// One statement of a new migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftStatement {
    /// The statement without its separator.
    pub sql: String,
    /// Why it is done this way, a line each.
    pub comments: Vec<String>,
}

/// A file that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftFile {
    /// Relative to the root of the repository.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// Whether it is there already and is added to. Any other must not be there.
    pub replaces: bool,
}

/// A new migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its files.
    pub files: Vec<DraftFile>,
    /// What is still to be done, in whole sentences: what only the tool itself or a person can.
    pub notes: Vec<String>,
}

/// Why there is no new migration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct DraftError {
    /// What is in the way.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

/// A new migration behind those of a history. `down` is the way back, where there is one; tools that have none get none.
/// `seconds` is the time now, in seconds since 1970.
///
/// # Errors
///
/// When the tool can't run a part as it has to be run, or dbwright writes no migrations of it.
pub fn draft(
    root: &std::path::Path,
    history: &History,
    name: &str,
    up: &[DraftPart],
    down: &[DraftPart],
    seconds: u64,
) -> Result<Draft, DraftError> {
    let slug = slug(name)?;
    let format = Format::of(history).ok_or_else(|| DraftError {
        problem: format!("dbwright does not write migrations of {} yet", history.tool),
        hint: "`dbwright schema plan … --format sql` prints the SQL to be put into one by hand".to_owned(),
    })?;
    no_templates(history.tool, up)?;
    let parts = split(up, format)?;
    if parts.is_empty() {
        return Err(DraftError {
            problem: "there is nothing to migrate".to_owned(),
            hint: "both sides are the same already".to_owned(),
        });
    }
    // The way back of several files is that of all of them: it belongs to the last one.
    let down = split(down, format).unwrap_or_default();
    if history.tool == Tool::Liquibase {
        let file = liquibase::changesets(root, history, &slug, &parts, &down, seconds)?;
        return Ok(Draft {
            files: vec![file],
            notes: Vec::new(),
        });
    }
    let versions = versions::next(history, parts.len(), seconds);
    let mut files = Vec::new();
    let mut chain = formats::last_hash(root, history);
    for (index, (part, version)) in parts.iter().zip(&versions).enumerate() {
        let name = if parts.len() == 1 {
            slug.clone()
        } else {
            format!("{slug}_{}", index + 1)
        };
        let is_last = index + 1 == parts.len();
        // Several parts that go back need several files; one that can't be told so is left out, and said.
        let back = (is_last && down.len() == 1).then(|| &down[0]);
        let mut of_part = format.files(history, version, &name, part, back);
        if history.tool == Tool::GraphileMigrate {
            for file in &mut of_part {
                let (text, hash) = crate::tools::graphile_migrate::committed(&file.text, chain.as_deref(), &name);
                file.text = text;
                chain = Some(hash);
            }
        }
        files.extend(of_part);
    }
    let mut notes = Vec::new();
    match history.tool {
        Tool::Drizzle => {
            let added = drizzle::keep_books(root, history, &files, seconds);
            files.extend(added.files);
            notes = added.notes;
        }
        Tool::Atlas => files.push(formats::atlas_sum(root, history, &files)?),
        Tool::Pop if format.has_dialects() => notes.push(format!(
            "Files for the other databases of this project are still to be written: these are for {} only.",
            history.engine
        )),
        _ => {}
    }
    Ok(Draft { files, notes })
}

/// tern and pop take files for templates.
fn no_templates(tool: Tool, parts: &[DraftPart]) -> Result<(), DraftError> {
    if !matches!(tool, Tool::Tern | Tool::Pop) {
        return Ok(());
    }
    let mut statements = parts.iter().flat_map(|part| &part.statements);
    match statements.find(|statement| statement.sql.contains("{{")) {
        Some(statement) => Err(DraftError {
            problem: format!("{tool} takes {{{{ for the beginning of a template: {}", statement.sql),
            hint: "write this migration by hand from `dbwright schema plan … --format sql`".to_owned(),
        }),
        None => Ok(()),
    }
}

/// A name as file names have it.
fn slug(name: &str) -> Result<String, DraftError> {
    let letters = name.trim().chars().map(|letter| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '_'
        }
    });
    let slug: String = letters.collect();
    let slug = slug
        .split('_')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_");
    if slug.is_empty() {
        return Err(DraftError {
            problem: format!("`{name}` is no name for a migration"),
            hint: "use letters and digits, as in --name add_users".to_owned(),
        });
    }
    Ok(slug)
}

/// Parts as the tool can run them: neighbors of the same manner together, single statements where it needs that.
fn split(parts: &[DraftPart], format: Format) -> Result<Vec<DraftPart>, DraftError> {
    let mut result: Vec<DraftPart> = Vec::new();
    for part in parts.iter().filter(|part| !part.statements.is_empty()) {
        if part.transaction {
            match result.last_mut() {
                Some(last) if last.transaction => {
                    last.statements.extend(part.statements.iter().cloned());
                    last.purpose = format!("{} {}", last.purpose, part.purpose);
                }
                _ => result.push(part.clone()),
            }
            continue;
        }
        match format.outside_transactions() {
            Outside::Never(reason) => {
                return Err(DraftError {
                    problem: format!("{reason}, and this must not run in one: {}", part.statements[0].sql),
                    hint: "run it by hand from `dbwright schema plan … --format sql`, then make the migration of what is left"
                        .to_owned(),
                });
            }
            Outside::Statement => result.extend(part.statements.iter().map(|statement| DraftPart {
                statements: vec![statement.clone()],
                ..part.clone()
            })),
            Outside::File => result.push(part.clone()),
            Outside::Anyway => match result.last_mut() {
                Some(last) => last.statements.extend(part.statements.iter().cloned()),
                None => result.push(DraftPart {
                    transaction: true,
                    ..part.clone()
                }),
            },
        }
    }
    Ok(result)
}

/// How a tool runs what must not be in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    /// It can't, and why.
    Never(&'static str),
    /// In a file of its own with one statement.
    Statement,
    /// In a file of its own.
    File,
    /// It has no transactions around definitions: the engine commits them by itself.
    Anyway,
}

/// Whether an engine commits each definition by itself, so that transactions around them mean nothing.
fn commits_by_itself(engine: Engine) -> bool {
    matches!(engine, Engine::MySql | Engine::MariaDb)
}
