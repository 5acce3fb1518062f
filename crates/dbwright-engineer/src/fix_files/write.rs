//! Writing the files: all of them or none, and never over a text that nobody has looked at.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{FileChange, FixFiles, Review};
use tempfile::NamedTempFile;

use crate::EngineerError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixError {
    /// A file is not as it was when it was checked.
    #[error("{} was changed while it was checked; nothing was written", path.display())]
    Changed {
        /// The file, relative to the root of the repository.
        path: PathBuf,
    },
    /// A file that was to be created is there.
    #[error("{} is there already; nothing was written", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("{} could not be written, and nothing else was", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenFixes {
    /// Files that are new or changed, relative to the root of the repository.
    pub files: Vec<PathBuf>,
    /// Files that were removed, because another has their contents now.
    pub removed: Vec<PathBuf>,
}

/// The files of all proven fixes, each once, in the order in which they run.
pub fn fix_changes(review: &Review) -> Vec<FileChange> {
    let proven = review.sections.iter().flat_map(|section| &section.fix_files);
    let mut changes: Vec<FileChange> = Vec::new();
    for change in proven.filter_map(FixFiles::proven).flatten() {
        // What a tool keeps of all its files is told with each migration.
        if changes.iter().all(|known| known.path != change.path) {
            changes.push(change.clone());
        }
    }
    changes
}

/// Writes files: all or none.
///
/// # Errors
///
/// When one of them is not as it was, or the outside world fails. Then nothing is changed.
pub fn write_fixes(root: &Path, changes: &[FileChange]) -> Result<WrittenFixes, EngineerError> {
    let mut made = Made::default();
    match write(root, changes, &mut made) {
        Ok(written) => Ok(written),
        Err(error) => {
            made.undo(root);
            Err(error.into())
        }
    }
}

fn write(root: &Path, changes: &[FileChange], made: &mut Made) -> Result<WrittenFixes, FixError> {
    unchanged(root, changes)?;
    let mut temporary: BTreeMap<&Path, NamedTempFile> = BTreeMap::new();
    for change in changes {
        if let Some(text) = &change.after {
            let file = beside(root, change, text, made).map_err(|source| FixError::Unwritable {
                path: change.path.clone(),
                source,
            })?;
            temporary.insert(&change.path, file);
        }
    }
    // Once more: writing has taken a while.
    unchanged(root, changes)?;
    let mut written = WrittenFixes::default();
    for change in changes {
        let path = root.join(&change.path);
        let unwritable = |source| FixError::Unwritable {
            path: change.path.clone(),
            source,
        };
        match temporary.remove(change.path.as_path()) {
            Some(file) if change.before.is_some() => {
                file.persist(&path).map_err(|error| unwritable(error.error))?;
                written.files.push(change.path.clone());
            }
            Some(file) => {
                file.persist_noclobber(&path)
                    .map_err(|error| match error.error.kind() {
                        std::io::ErrorKind::AlreadyExists => FixError::Exists {
                            path: change.path.clone(),
                        },
                        _ => unwritable(error.error),
                    })?;
                written.files.push(change.path.clone());
            }
            None => {
                std::fs::remove_file(&path).map_err(unwritable)?;
                written.removed.push(change.path.clone());
            }
        }
        made.changes.push(change.clone());
    }
    Ok(written)
}

/// What is there has to be what was checked.
fn unchanged(root: &Path, changes: &[FileChange]) -> Result<(), FixError> {
    for change in changes {
        let path = root.join(&change.path);
        match &change.before {
            Some(before) => {
                if !std::fs::read(&path).is_ok_and(|bytes| bytes == before.as_bytes()) {
                    return Err(FixError::Changed {
                        path: change.path.clone(),
                    });
                }
            }
            None => {
                if path.symlink_metadata().is_ok() {
                    return Err(FixError::Exists {
                        path: change.path.clone(),
                    });
                }
            }
        }
    }
    Ok(())
}

/// A file with the new text in the same folder, so that taking its place is one step.
fn beside(root: &Path, change: &FileChange, text: &str, made: &mut Made) -> std::io::Result<NamedTempFile> {
    let path = root.join(&change.path);
    let folder = path.parent().unwrap_or(root);
    made.folder(folder)?;
    let mut file = tempfile::Builder::new().prefix(".dbwright-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    // A temporary file is for its owner alone; this one is as the others are.
    let like = if change.before.is_some() {
        Some(path)
    } else {
        neighbor(folder)
    };
    if let Some(like) = like {
        file.as_file().set_permissions(std::fs::metadata(like)?.permissions())?;
    } else {
        readable(file.as_file())?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// A file of the folder, whose rights a new one gets.
fn neighbor(folder: &Path) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(folder).ok()?.flatten();
    let is_file = |entry: &std::fs::DirEntry| {
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        !is_hidden && entry.file_type().is_ok_and(|kind| kind.is_file())
    };
    Some(entries.find(is_file)?.path())
}

/// What was done so far.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    changes: Vec<FileChange>,
}

impl Made {
    /// Makes a folder, and remembers those that were not there.
    fn folder(&mut self, folder: &Path) -> std::io::Result<()> {
        let missing: Vec<PathBuf> = folder
            .ancestors()
            .take_while(|folder| !folder.exists())
            .map(Path::to_owned)
            .collect();
        std::fs::create_dir_all(folder)?;
        self.folders.extend(missing.into_iter().rev());
        Ok(())
    }

    /// Puts everything back, as far as it goes.
    fn undo(self, root: &Path) {
        for change in self.changes.iter().rev() {
            let path = root.join(&change.path);
            let _ = match &change.before {
                Some(text) => std::fs::write(&path, text),
                None => std::fs::remove_file(&path),
            };
        }
        for folder in self.folders.iter().rev() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, before: Option<&str>, after: Option<&str>) -> FileChange {
        FileChange {
            path: path.into(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_are_written_or_none() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.sql"), "old").unwrap();
        std::fs::write(root.path().join("b.sql"), "mine").unwrap();
        let changes = [
            change("a.sql", Some("old"), Some("new")),
            change("more/c.sql", None, Some("c")),
            // A folder can't be removed as a file is: the last step fails.
            change("b.sql", Some("mine"), None),
        ];
        let mut wrong = changes.clone();
        wrong[2].before = Some("other".to_owned());
        let error = write_fixes(root.path(), &wrong).unwrap_err().to_string();
        assert_eq!(error, "b.sql was changed while it was checked; nothing was written");
        assert_eq!(names(root.path()), ["a.sql", "b.sql"]);
        assert_eq!(std::fs::read_to_string(root.path().join("a.sql")).unwrap(), "old");

        let written = write_fixes(root.path(), &changes).unwrap();
        assert_eq!(written.files, [PathBuf::from("a.sql"), PathBuf::from("more/c.sql")]);
        assert_eq!(written.removed, [PathBuf::from("b.sql")]);
        assert_eq!(names(root.path()), ["a.sql", "more"]);
        assert_eq!(names(&root.path().join("more")), ["c.sql"]);
    }

    #[test]
    fn what_was_done_before_something_fails_is_undone() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.sql"), "old").unwrap();
        // Its folder is a file.
        let changes = [
            change("new/c.sql", None, Some("c")),
            change("a.sql", Some("old"), Some("new")),
            change("a.sql/d.sql", None, Some("d")),
        ];
        let error = write_fixes(root.path(), &changes).unwrap_err().to_string();
        assert!(error.starts_with("a.sql/d.sql could not be written"), "{error}");
        assert_eq!(names(root.path()), ["a.sql"]);
        assert_eq!(std::fs::read_to_string(root.path().join("a.sql")).unwrap(), "old");
    }

    #[test]
    fn a_file_that_is_there_is_not_written_over() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.sql"), "mine").unwrap();
        let error = write_fixes(root.path(), &[change("a.sql", None, Some("new"))]).unwrap_err();
        assert_eq!(error.to_string(), "a.sql is there already; nothing was written");
        assert_eq!(std::fs::read_to_string(root.path().join("a.sql")).unwrap(), "mine");
    }
}
