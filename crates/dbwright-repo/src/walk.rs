//! A bounded walk over a repository: which folders and files it has. Nothing is opened, no link is followed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::RepoError;

/// Beyond this many entries the walk stops and says so.
const ENTRIES_MAX: usize = 200_000;
/// Deeper folders hold generated or vendored things.
const DEPTH_MAX: usize = 14;

/// Folders of other people's code and of build products.
const SKIPPED: [&str; 15] = [
    "node_modules",
    "target",
    "vendor",
    "venv",
    "__pycache__",
    "bower_components",
    "Pods",
    "dist",
    "build",
    "third_party",
    "site-packages",
    "coverage",
    "DerivedData",
    "zig-cache",
    "zig-out",
];

/// Hidden folders in which repositories say something about their servers.
const HIDDEN_KEPT: [&str; 6] = [
    ".github",
    ".devcontainer",
    ".woodpecker",
    ".circleci",
    ".gitlab",
    ".docker",
];

/// The entries of one folder, sorted by name. Links are in neither list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    /// Names of its files.
    pub(crate) files: Vec<String>,
    /// Names of its folders.
    pub(crate) folders: Vec<String>,
    /// Names of its links, which are not followed.
    pub(crate) links: Vec<String>,
}

/// All folders of a repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// By path relative to the root; the root itself is the empty path.
    pub(crate) folders: BTreeMap<PathBuf, Listing>,
    /// What stopped the walk, where it was stopped.
    pub(crate) truncated: Option<String>,
}

impl Tree {
    /// Paths of all files, relative to the root, in the order of their folders.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.folders
            .iter()
            .flat_map(|(folder, listing)| listing.files.iter().map(move |file| folder.join(file)))
    }
}

/// The root of the repository that `start` is in: the nearest folder upwards with a `dbwright.toml` or `.git`, or else
/// `start` itself.
pub fn root_of(start: &Path) -> PathBuf {
    start
        .ancestors()
        .find(|folder| folder.join(crate::config::FILE_NAME).is_file() || folder.join(".git").exists())
        .unwrap_or(start)
        .to_owned()
}

/// Lists one folder. Names that are not UTF-8 are left out: no tool's naming rule accepts them.
pub(crate) fn list(folder: &Path, shown: &Path) -> Result<Listing, RepoError> {
    let unreadable = |source| RepoError::Unreadable {
        path: shown.to_owned(),
        source,
    };
    let mut listing = Listing::default();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else {
            continue;
        };
        if kind.is_symlink() {
            listing.links.push(name);
        } else if kind.is_dir() {
            listing.folders.push(name);
        } else if kind.is_file() {
            listing.files.push(name);
        }
    }
    listing.files.sort();
    listing.folders.sort();
    listing.links.sort();
    Ok(listing)
}

/// Walks a repository. Folders that cannot be listed are passed over, except the root.
pub(crate) fn walk(root: &Path) -> Result<Tree, RepoError> {
    let mut tree = Tree::default();
    tree.folders.insert(PathBuf::new(), list(root, root)?);
    let mut entries = 0;
    let mut pending: Vec<PathBuf> = children(&PathBuf::new(), &tree.folders[Path::new("")]);
    while let Some(folder) = pending.pop() {
        let Ok(listing) = list(&root.join(&folder), &folder) else {
            continue;
        };
        entries += listing.files.len() + listing.folders.len();
        if entries > ENTRIES_MAX {
            tree.truncated = Some(format!("{ENTRIES_MAX} files"));
            break;
        }
        if folder.components().count() < DEPTH_MAX {
            pending.extend(children(&folder, &listing));
        }
        tree.folders.insert(folder, listing);
    }
    Ok(tree)
}

/// The files from which a history is read: all of its folder, and those around it that may say something of it, which are
/// not large. Relative to the root.
///
/// # Errors
///
/// When the root can't be listed.
pub fn files_to_read(root: &Path, folder: &Path) -> Result<Vec<PathBuf>, RepoError> {
    const BYTES_MAX_BESIDE: u64 = 256 * 1024;
    let mut tree = walk(root)?;
    // It may lie in one of those that a walk passes over.
    let mut pending = vec![folder.to_owned()];
    while let Some(inner) = pending.pop() {
        let Ok(listing) = list(&root.join(&inner), &inner) else {
            continue;
        };
        pending.extend(listing.folders.iter().map(|name| inner.join(name)));
        tree.folders.insert(inner, listing);
    }
    let is_wanted = |path: &PathBuf| {
        let is_small = || fs::metadata(root.join(path)).is_ok_and(|data| data.len() <= BYTES_MAX_BESIDE);
        path.starts_with(folder) || is_small()
    };
    Ok(tree.files().filter(is_wanted).collect())
}

fn children(folder: &Path, listing: &Listing) -> Vec<PathBuf> {
    listing
        .folders
        .iter()
        .filter(|name| {
            if name.starts_with('.') {
                HIDDEN_KEPT.contains(&name.as_str())
            } else {
                !SKIPPED.contains(&name.as_str())
            }
        })
        .map(|name| folder.join(name))
        .collect()
}

/// Whether a name has this extension, in lower case as tools demand it.
pub(crate) fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

/// Whether a path lies among tests, examples or documentation: what is found there is taken only where nothing else is.
pub(crate) fn is_aside(path: &Path) -> bool {
    const ASIDE: [&str; 24] = [
        "test",
        "tests",
        "testing",
        "testdata",
        "test-files",
        "test_data",
        "fixture",
        "fixtures",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "demos",
        "doc",
        "docs",
        "e2e",
        "bench",
        "benches",
        "benchmarks",
        "playwright",
        "spec",
        "stub",
        "stubs",
    ];
    path.components()
        .any(|part| part.as_os_str().to_str().is_some_and(|name| ASIDE.contains(&name)))
}
