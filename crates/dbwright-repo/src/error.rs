//! What can go wrong while reading a repository: what, where, and what to do about it.
//!
//! Odd migrations are no errors: they become findings of the history. An error means that there is nothing to go on with.

use std::io;
use std::path::PathBuf;

use dbwright_catalog::Tool;

use crate::facts::{Fact, listed};

/// Whose turn it is when something went wrong. Decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Called in a way that does not settle what to do: wrong flag, wrong configuration, ambiguous repository.
    Usage,
    /// A file, a program or the repository itself is not as it should be.
    Outside,
}

/// Why a repository could not be read. [`RepoError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// A file or folder that cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that is neither UTF-8 nor UTF-16 with a byte order mark.
    #[error("{}:{line}: byte 0x{byte:02X} at offset {offset} is not {encoding}", path.display())]
    NotText {
        /// Which.
        path: PathBuf,
        /// Line of the byte, counted from 1.
        line: u32,
        /// Its offset, in bytes.
        offset: usize,
        /// The byte.
        byte: u8,
        /// What the file was read as: `UTF-8`, `UTF-16`.
        encoding: &'static str,
    },
    /// A file beyond the size that is read.
    #[error("{} has {bytes} bytes; dbwright reads SQL files of up to {limit} bytes", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A mistake in `dbwright.toml`.
    #[error("{}:{line}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Line of the mistake, counted from 1.
        line: usize,
        /// What is wrong, with what would be right.
        message: String,
    },
    /// Nothing that looks like migrations.
    #[error("no SQL migrations found in {}{}", root.display(), unread_clause(unread))]
    NoMigrations {
        /// Where was looked.
        root: PathBuf,
        /// Tools that are there but are not read.
        unread: Vec<Fact>,
        /// Whether the search stopped at its limit.
        truncated: Option<String>,
    },
    /// The folder named by `--migrations` or the configuration holds nothing that can be read.
    #[error("{} (from {from}) {reason}", path.display())]
    MigrationsFolder {
        /// Which folder.
        path: PathBuf,
        /// Flag or file that names it.
        from: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What `--queries` or the configuration names as queries holds none.
    #[error("{} (from {from}) {reason}", path.display())]
    QueriesPath {
        /// Which file or folder.
        path: PathBuf,
        /// Flag or file that names it.
        from: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Several histories, and what is asked for can only be meant for one of them.
    #[error("{} migration histories found, and nothing says which one is meant:\n{}", candidates.len(), bullets(candidates))]
    ManyHistories {
        /// One line for each: folder, tool, engine.
        candidates: Vec<String>,
        /// Flags that tell them apart, ready to be typed.
        flags: Vec<String>,
    },
    /// Files that several tools would read.
    #[error("{} can be read by several tools ({}), which run it differently{}", folder.display(), tool_names(tools), found_clause(facts))]
    ManyTools {
        /// The folder.
        folder: PathBuf,
        /// The tools.
        tools: Vec<Tool>,
        /// What was found.
        facts: Vec<Fact>,
    },
    /// Migrations whose engine nothing (or more than one thing) names.
    #[error("{}{}", engine_clause(folder, engines), found_clause(facts))]
    UnknownEngine {
        /// The folder.
        folder: PathBuf,
        /// Names of the engines that come into question; none where nothing was found.
        engines: Vec<String>,
        /// What was found.
        facts: Vec<Fact>,
    },
    /// A single file that shows no mark of an engine, or marks of several.
    #[error("cannot tell for which engine {} is written{}", path.display(), found_clause(marks))]
    EngineOfFile {
        /// The file.
        path: PathBuf,
        /// The marks found.
        marks: Vec<Fact>,
    },
    /// `git` is not installed.
    #[error("cannot find out which migrations are new: the program `git` was not found")]
    NoGit,
    /// Not inside a git repository.
    #[error("cannot find out which migrations are new: {} is not in a git repository", root.display())]
    NotARepository {
        /// Where.
        root: PathBuf,
    },
    /// A reference that git does not know.
    #[error("git knows no commit called `{reference}`")]
    ReferenceMissing {
        /// Which.
        reference: String,
        /// Flag or file that names it.
        from: String,
        /// Whether the clone is shallow.
        shallow: bool,
    },
    /// A commit that holds nothing at a path.
    #[error("there is nothing at {} in {reference}", path.display())]
    NothingAt {
        /// The commit, as it was named.
        reference: String,
        /// The path, relative to the root of the repository.
        path: PathBuf,
    },
    /// None of the usual names of a default branch exists.
    #[error("cannot find the default branch: there is no origin/HEAD, origin/main, origin/master, main or master")]
    NoDefaultBranch,
    /// Too little history to compare with.
    #[error("this clone is shallow and holds no common ancestor of HEAD and {reference}")]
    ShallowClone {
        /// What was to be compared with.
        reference: String,
    },
    /// No common ancestor in a complete clone.
    #[error("HEAD and {reference} have no common ancestor")]
    Unrelated {
        /// What was to be compared with.
        reference: String,
    },
    /// Any other failure of git.
    #[error("`git {command}` failed: {message}")]
    Git {
        /// The subcommand.
        command: String,
        /// First line of what git said.
        message: String,
    },
}

impl RepoError {
    /// Whose turn it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            RepoError::Config { .. }
            | RepoError::NoMigrations { .. }
            | RepoError::MigrationsFolder { .. }
            | RepoError::QueriesPath { .. }
            | RepoError::ManyHistories { .. }
            | RepoError::ManyTools { .. }
            | RepoError::UnknownEngine { .. }
            | RepoError::EngineOfFile { .. }
            | RepoError::ReferenceMissing { .. }
            | RepoError::NothingAt { .. }
            | RepoError::NoDefaultBranch => ErrorKind::Usage,
            RepoError::Unreadable { .. }
            | RepoError::NotText { .. }
            | RepoError::TooLarge { .. }
            | RepoError::NoGit
            | RepoError::NotARepository { .. }
            | RepoError::ShallowClone { .. }
            | RepoError::Unrelated { .. }
            | RepoError::Git { .. } => ErrorKind::Outside,
        }
    }

    /// What to do, where there is something to say.
    pub fn hint(&self) -> Option<String> {
        match self {
            RepoError::Unreadable { .. } | RepoError::Config { .. } => None,
            RepoError::NotText { path, encoding, .. } => (*encoding == "UTF-8").then(|| format!(
                "save it as UTF-8; from Latin-1: iconv -f latin1 -t utf-8 {}",
                path.display()
            )),
            RepoError::TooLarge { .. } => Some("leave out the data and keep the schema".to_owned()),
            RepoError::NoMigrations { truncated, .. } => Some(no_migrations_hint(truncated.as_deref())),
            RepoError::MigrationsFolder { .. } => Some(
                "name the folder that holds the migrations of one database, and --tool TOOL where their names do not tell it"
                    .to_owned(),
            ),
            RepoError::QueriesPath { .. } => Some(
                "name files of SQL, what sqlx writes (`.sqlx`), or folders with these".to_owned(),
            ),
            RepoError::ManyHistories { flags, .. } => Some(match flags.as_slice() {
                few if few.len() <= 4 => format!("name one: {}", few.join(", or ")),
                many => format!("name one of them, as in {}", many[0]),
            }),
            RepoError::ManyTools { tools, .. } => Some(format!(
                "say which with {} (or `tool = \"…\"` in dbwright.toml)",
                one_of("--tool", tools.iter().map(|tool| tool.name()))
            )),
            RepoError::UnknownEngine { engines, .. } => Some(engine_hint(engines)),
            RepoError::EngineOfFile { .. } => Some(engine_hint(&[])),
            RepoError::NoGit => Some("install git, or judge every migration with --all".to_owned()),
            RepoError::NotARepository { .. } => Some("judge every migration with --all".to_owned()),
            RepoError::ReferenceMissing { reference, from, shallow } => Some(reference_hint(reference, from, *shallow)),
            RepoError::NothingAt { reference, .. } => Some(format!(
                "`git ls-tree {reference}` shows what is there; the path is relative to the root of the repository"
            )),
            RepoError::NoDefaultBranch => Some(
                "name what to compare with by --since REF (or `base = \"…\"` in dbwright.toml), or judge everything with --all"
                    .to_owned(),
            ),
            RepoError::ShallowClone { .. } => Some(
                "run `git fetch --unshallow` (in GitHub Actions: `fetch-depth: 0` for actions/checkout), or judge everything with --all"
                    .to_owned(),
            ),
            RepoError::Unrelated { .. } => Some("name another reference by --since REF, or judge everything with --all".to_owned()),
            RepoError::Git { message, .. } => message.contains("dubious ownership").then(|| {
                "the repository belongs to another user; allow it with `git config --global --add safe.directory DIR`".to_owned()
            }),
        }
    }
}

fn no_migrations_hint(truncated: Option<&str>) -> String {
    let limit = truncated.map_or(String::new(), |limit| format!("the search stopped at {limit}; "));
    format!(
        "{limit}name their folder with --migrations DIR, or check a single file: dbwright check FILE.sql (dbwright reads the \
         migrations of {})",
        tool_names(&Tool::ALL)
    )
}

fn engine_hint(engines: &[String]) -> String {
    let names: Vec<&str> = if engines.is_empty() {
        vec!["postgres", "sqlite", "mysql", "mariadb"]
    } else {
        engines.iter().map(String::as_str).collect()
    };
    format!(
        "say which with {} (or `engine = \"…\"` in dbwright.toml)",
        one_of("--engine", names.into_iter())
    )
}

fn reference_hint(reference: &str, from: &str, shallow: bool) -> String {
    if reference.starts_with('-') {
        return format!("{from} takes the name of a branch, tag or commit");
    }
    let branch = reference.strip_prefix("origin/").unwrap_or(reference);
    let deepen = if shallow { " (this clone is shallow)" } else { "" };
    let otherwise = if from.starts_with("git:") {
        "or name another commit there"
    } else {
        "name another with --since REF, or judge everything with --all"
    };
    format!("the name comes from {from}; fetch it with `git fetch origin {branch}`{deepen}, {otherwise}")
}

/// `--flag a`, `--flag b` or `--flag c`.
fn one_of<'a>(flag: &str, values: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = values.map(|value| format!("{flag} {value}")).collect();
    match all.as_slice() {
        [] => flag.to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn tool_names(tools: &[Tool]) -> String {
    tools.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn bullets(lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn found_clause(facts: &[Fact]) -> String {
    if facts.is_empty() {
        String::new()
    } else {
        format!(" (found {})", listed(facts))
    }
}

fn unread_clause(unread: &[Fact]) -> String {
    if unread.is_empty() {
        String::new()
    } else {
        format!("; there is {}, which dbwright does not read yet", listed(unread))
    }
}

fn engine_clause(folder: &std::path::Path, engines: &[String]) -> String {
    if engines.is_empty() {
        format!("nothing says for which engine {} is written", folder.display())
    } else {
        format!("{} may be written for {}", folder.display(), engines.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::reference_hint;

    #[test]
    fn a_commit_of_a_schema_is_not_answered_with_flags_of_check() {
        let hint = reference_hint("v9", "git:v9:migrations", false);
        assert!(
            hint.ends_with("`git fetch origin v9`, or name another commit there"),
            "{hint}"
        );
        assert!(reference_hint("v9", "--since", false).contains("--since REF"));
    }
}
