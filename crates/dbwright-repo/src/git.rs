//! Which migrations are new against a git reference, asked of the `git` program.
//!
//! Only reading commands, and none of them starts what a repository's configuration names: hooks, file-system monitors,
//! external diff programs.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dbwright_catalog::{Finding, History, Migration, MigrationSet, Severity, Tool};

use crate::error::RepoError;
use crate::history::{finding, server};
use crate::tools::liquibase::{ChangesetText, changesets};

/// How a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was not there.
    Added,
    /// It is not under version control yet.
    Untracked,
    /// It was there with another content.
    Modified,
    /// It is gone.
    Deleted,
}

/// A file that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// The file, relative to the root.
    pub path: PathBuf,
    /// How.
    pub kind: ChangeKind,
}

/// What is new against a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSince {
    /// Files of the folder that differ, in the order of their paths.
    pub files: Vec<ChangedFile>,
    /// In words, to be put after a count: `new since origin/main (merge base 1a2b3c4)`.
    pub why: String,
    /// The commit that they are new against; nothing where nothing is committed yet.
    pub base: Option<String>,
}

impl NewSince {
    /// Says that there is nothing to judge, and what would judge everything; nothing where there is something.
    pub fn nothing(&self) -> Option<String> {
        self.files
            .is_empty()
            .then(|| format!("no migration is {}; --all judges every migration", self.why))
    }
}

/// What differs in `folder` (relative to `root`) between the working tree and the merge base of HEAD and a reference.
///
/// `reference` is the name with the flag or file it comes from; without one it is the default branch. On the default
/// branch itself only what is not committed differs, so that usually nothing is new: judging everything has to be asked
/// for.
pub fn new_since(root: &Path, folder: &Path, reference: Option<(&str, &str)>) -> Result<NewSince, RepoError> {
    let git = Git { root };
    git.check_repository()?;
    if git.commit("HEAD")?.is_none() {
        let why = "new, because nothing is committed yet".to_owned();
        return Ok(NewSince {
            files: git.untracked(folder, true)?,
            why,
            base: None,
        });
    }
    let name = match reference {
        Some((name, from)) => {
            if name.starts_with('-') || git.commit(name)?.is_none() {
                return Err(RepoError::ReferenceMissing {
                    reference: name.to_owned(),
                    from: from.to_owned(),
                    shallow: git.is_shallow()?,
                });
            }
            name.to_owned()
        }
        None => git.default_branch()?,
    };
    let base = git.merge_base(&name)?;
    let mut files: BTreeMap<PathBuf, ChangeKind> = git
        .differences(&base, folder)?
        .into_iter()
        .map(|file| (file.path, file.kind))
        .collect();
    files.extend(
        git.untracked(folder, false)?
            .into_iter()
            .map(|file| (file.path, file.kind)),
    );
    Ok(NewSince {
        files: files
            .into_iter()
            .map(|(path, kind)| ChangedFile { path, kind })
            .collect(),
        why: format!("new since {name} (merge base {})", base.get(..7).unwrap_or(&base)),
        base: Some(base),
    })
}

/// The migrations that the default branch does not have, as indexes into the history; of `folders`, the one of the history and
/// others that it is read from. Nobody but this branch can have run them.
///
/// # Errors
///
/// When git does not know the folder, or there is no default branch.
pub fn own_migrations(root: &Path, history: &History, folders: &[&Path]) -> Result<BTreeSet<usize>, RepoError> {
    let mut own = BTreeSet::new();
    for folder in folders {
        let new = new_since(root, folder, None)?;
        let changes = changes(root, history, &new);
        let added = changes.into_iter().filter(|(_, change)| *change == Change::Added);
        own.extend(added.map(|(index, _)| index));
    }
    Ok(own)
}

/// How a migration differs from what a reference has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Added,
    Modified,
}

/// The migrations that differ, in their order. Of a file that holds several, those that do.
fn changes(root: &Path, history: &History, new: &NewSince) -> Vec<(usize, Change)> {
    let kind = |path: &Path| new.files.iter().find(|file| file.path == path).map(|file| file.kind);
    let mut changes = Vec::new();
    let mut before: BTreeMap<&Path, Option<Vec<ChangesetText>>> = BTreeMap::new();
    for (index, migration) in history.migrations.iter().enumerate() {
        // diesel keeps the run mode in a file beside it.
        let beside = migration.path.with_file_name("metadata.toml");
        let beside = kind(&beside).map(|_| ChangeKind::Modified);
        let change = match kind(&migration.path).or(beside) {
            Some(ChangeKind::Added | ChangeKind::Untracked) => Change::Added,
            Some(ChangeKind::Modified | ChangeKind::Deleted) => Change::Modified,
            None => continue,
        };
        if change == Change::Modified && history.tool == Tool::Liquibase {
            let old = before
                .entry(&migration.path)
                .or_insert_with(|| Some(changesets(&text_at(root, new.base.as_deref()?, &migration.path)?)));
            match old.as_deref().map(|old| of_changeset(migration, old)) {
                Some(Some(change)) => changes.push((index, change)),
                Some(None) => {}
                None => changes.push((index, Change::Modified)),
            }
            continue;
        }
        changes.push((index, change));
    }
    changes
}

/// The text of a file at a commit.
fn text_at(root: &Path, commit: &str, path: &Path) -> Option<String> {
    let name = format!("{commit}:./{}", path.display());
    Git { root }
        .read(&["show", "--no-ext-diff", "--no-textconv", &name])
        .ok()
}

/// How a changeset differs from those that its file had.
fn of_changeset(migration: &Migration, before: &[ChangesetText]) -> Option<Change> {
    let Some(old) = before.iter().find(|old| old.name == migration.name) else {
        return Some(Change::Added);
    };
    let is_same = changesets(&migration.text).contains(old);
    (!is_same).then_some(Change::Modified)
}

/// The migrations that are to be judged, and a note for each old one that was changed or removed.
pub fn judged(root: &Path, history: &History, new: &NewSince) -> (MigrationSet, Vec<Finding>) {
    let mut indexes = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    let server = server(history.engine, history.version.as_ref());
    let note = |path: &Path, line: u32, message: String, advice: &str| {
        finding(
            &server,
            "migration-changed",
            Severity::Note,
            path,
            line,
            message,
            advice.to_owned(),
        )
    };
    for (index, change) in changes(root, history, new) {
        let migration = &history.migrations[index];
        indexes.push(index);
        if change == Change::Modified {
            let line = match history.tool {
                Tool::Liquibase => migration.statements.first().map_or(1, |statement| statement.line),
                _ => 1,
            };
            findings.push(note(
                &migration.path,
                line,
                format!("{} was changed after it had been committed", migration.name),
                "Where it ran already, it does not run again: write a new migration.",
            ));
        }
    }
    for file in new.files.iter().filter(|file| file.kind == ChangeKind::Deleted) {
        let is_down = file.path.to_string_lossy().contains("down");
        if file.path.extension().is_some_and(|extension| extension == "sql") && !is_down {
            findings.push(note(
                &file.path,
                1,
                format!("{} was removed after it had been committed", file.path.display()),
                "Where it ran already, its changes stay.",
            ));
        }
    }
    let why = new.why.clone();
    (MigrationSet::Only { indexes, why }, findings)
}

pub(crate) struct Git<'a> {
    pub(crate) root: &'a Path,
}

impl Git<'_> {
    /// git with these arguments, in a manner in which it starts nothing and changes nothing.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("--no-optional-locks")
            .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
            .arg("-C")
            .arg(self.root)
            .args(arguments)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("LC_ALL", "C");
        command
    }

    /// Runs git and hands back its output, whatever its exit code.
    fn run(&self, arguments: &[&str]) -> Result<Output, RepoError> {
        self.command(arguments).output().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RepoError::NoGit,
            _ => RepoError::Git {
                command: arguments.first().copied().unwrap_or_default().to_owned(),
                message: error.to_string(),
            },
        })
    }

    /// Runs git and hands back what it printed; an exit code other than 0 is an error.
    pub(crate) fn read(&self, arguments: &[&str]) -> Result<String, RepoError> {
        let output = self.run(arguments)?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(failed(arguments, &output))
        }
    }

    pub(crate) fn check_repository(&self) -> Result<(), RepoError> {
        let arguments = ["rev-parse", "--is-inside-work-tree"];
        let output = self.run(&arguments)?;
        if output.status.success() {
            return Ok(());
        }
        if String::from_utf8_lossy(&output.stderr).contains("not a git repository") {
            return Err(RepoError::NotARepository {
                root: self.root.to_owned(),
            });
        }
        Err(failed(&arguments, &output))
    }

    /// The commit that a reference names.
    pub(crate) fn commit(&self, reference: &str) -> Result<Option<String>, RepoError> {
        let commit = format!("{reference}^{{commit}}");
        let output = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status.success() && !text.is_empty()).then_some(text))
    }

    pub(crate) fn is_shallow(&self) -> Result<bool, RepoError> {
        Ok(self.read(&["rev-parse", "--is-shallow-repository"])?.trim() == "true")
    }

    fn default_branch(&self) -> Result<String, RepoError> {
        let output = self.run(&["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"])?;
        let head = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let names = [head.as_str(), "origin/main", "origin/master", "main", "master"];
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            if self.commit(name)?.is_some() {
                return Ok(name.to_owned());
            }
        }
        Err(RepoError::NoDefaultBranch)
    }

    fn merge_base(&self, reference: &str) -> Result<String, RepoError> {
        let arguments = ["merge-base", reference, "HEAD"];
        let output = self.run(&arguments)?;
        let base = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && !base.is_empty() {
            return Ok(base);
        }
        if output.status.code() != Some(1) {
            return Err(failed(&arguments, &output));
        }
        let reference = reference.to_owned();
        Err(if self.is_shallow()? {
            RepoError::ShallowClone { reference }
        } else {
            RepoError::Unrelated { reference }
        })
    }

    /// Tracked files that differ between a commit and the working tree.
    fn differences(&self, base: &str, folder: &Path) -> Result<Vec<ChangedFile>, RepoError> {
        let folder = pathspec(folder);
        let text = self.read(&[
            "diff",
            "--name-status",
            "-z",
            "--relative",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules",
            base,
            "--",
            &folder,
        ])?;
        let mut fields = text.split('\0');
        let mut files = Vec::new();
        while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
            let kind = match status {
                "A" => ChangeKind::Added,
                "D" => ChangeKind::Deleted,
                _ => ChangeKind::Modified,
            };
            files.push(ChangedFile {
                path: PathBuf::from(path),
                kind,
            });
        }
        Ok(files)
    }

    /// Files that git does not track and does not ignore; with `all` also those in the index.
    pub(crate) fn untracked(&self, folder: &Path, all: bool) -> Result<Vec<ChangedFile>, RepoError> {
        let folder = pathspec(folder);
        let mut arguments = vec!["ls-files", "--others", "--exclude-standard", "-z"];
        if all {
            arguments.push("--cached");
        }
        arguments.extend(["--", &folder]);
        let text = self.read(&arguments)?;
        let paths = text.split('\0').filter(|path| !path.is_empty());
        Ok(paths
            .map(|path| ChangedFile {
                path: PathBuf::from(path),
                kind: ChangeKind::Untracked,
            })
            .collect())
    }
}

/// A folder as git takes it: literally, and the root as `.`.
fn pathspec(folder: &Path) -> String {
    if folder.as_os_str().is_empty() {
        ".".to_owned()
    } else {
        format!(":(literal){}", folder.display())
    }
}

fn failed(arguments: &[&str], output: &Output) -> RepoError {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let line = stderr
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no message");
    RepoError::Git {
        command: arguments.first().copied().unwrap_or_default().to_owned(),
        message: line.trim().to_owned(),
    }
}
