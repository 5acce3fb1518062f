//! The files of a commit, asked of the `git` program without a checkout: no hook, filter or attribute of the repository runs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::error::RepoError;
use crate::git::Git;

/// Larger files that are not below the path that was asked for are left out: no manifest is so large.
const BYTES_MAX_BESIDE: u64 = 256 * 1024;

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedFile {
    /// Relative to the root of the repository.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The files of a commit: all below `path` (relative to the root of the repository), and those beside it that may say
/// something of it.
///
/// # Errors
///
/// When git does not know the reference, or nothing is at that path.
pub fn files_at(root: &Path, reference: &str, path: &Path) -> Result<Vec<CommittedFile>, RepoError> {
    let git = Git { root };
    git.check_repository()?;
    if reference.starts_with('-') || git.commit(reference)?.is_none() {
        return Err(RepoError::ReferenceMissing {
            reference: reference.to_owned(),
            from: format!("git:{reference}:{}", path.display()),
            shallow: git.is_shallow()?,
        });
    }
    let listed = listed(&git.read(&["ls-tree", "-r", "-z", "--long", "--full-tree", reference])?);
    if !listed.iter().any(|file| file.path.starts_with(path)) {
        return Err(RepoError::NothingAt {
            reference: reference.to_owned(),
            path: path.to_owned(),
        });
    }
    let wanted: Vec<Listed> = listed
        .into_iter()
        .filter(|file| file.path.starts_with(path) || file.bytes <= BYTES_MAX_BESIDE)
        .collect();
    contents(&git, wanted)
}

/// A file of a commit that was not read yet.
#[derive(Clone)]
pub(crate) struct Listed {
    object: String,
    pub(crate) bytes: u64,
    pub(crate) path: PathBuf,
}

/// The files of a commit below the root, relative to it.
pub(crate) fn listed_at(git: &Git<'_>, commit: &str) -> Result<Vec<Listed>, RepoError> {
    Ok(listed(&git.read(&["ls-tree", "-r", "-z", "--long", commit])?))
}

/// Lines of `ls-tree --long`: mode, type, object, size, a tab, path. Links and submodules are left out.
fn listed(text: &str) -> Vec<Listed> {
    let file = |line: &str| {
        let (about, path) = line.split_once('\t')?;
        let mut fields = about.split_whitespace();
        let (mode, kind, object, bytes) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        (kind == "blob" && mode != "120000").then(|| Listed {
            object: object.to_owned(),
            bytes: bytes.parse().unwrap_or(u64::MAX),
            path: PathBuf::from(path),
        })
    };
    text.split('\0').filter_map(file).collect()
}

/// What is in these files.
pub(crate) fn contents(git: &Git<'_>, wanted: Vec<Listed>) -> Result<Vec<CommittedFile>, RepoError> {
    let failed = |message: String| RepoError::Git {
        command: "cat-file".to_owned(),
        message,
    };
    let mut child = git
        .command(&["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("no pipe".to_owned()));
    };
    let objects: Vec<String> = wanted.iter().map(|file| file.object.clone()).collect();
    // git answers while it is still being asked: whoever asks must not wait for having asked everything.
    let asking = std::thread::spawn(move || {
        for object in objects {
            if writeln!(stdin, "{object}").is_err() {
                break;
            }
        }
    });
    let mut answers = BufReader::new(stdout);
    let mut files = Vec::with_capacity(wanted.len());
    for file in wanted {
        let mut head = String::new();
        answers
            .read_line(&mut head)
            .map_err(|error| failed(error.to_string()))?;
        let bytes: usize = head
            .trim_end()
            .rsplit(' ')
            .next()
            .and_then(|bytes| bytes.parse().ok())
            .ok_or_else(|| failed(format!("{} is missing from this clone", file.path.display())))?;
        // The contents end in a line break of git's own.
        let mut contents = vec![0; bytes + 1];
        answers
            .read_exact(&mut contents)
            .map_err(|error| failed(error.to_string()))?;
        contents.truncate(bytes);
        files.push(CommittedFile {
            path: file.path,
            bytes: contents,
        });
    }
    let _ = asking.join();
    let _ = child.wait();
    Ok(files)
}
