//! SQL files that say what a schema shall be, and belong to no migration tool: one file, or a folder of them in the order of
//! their paths.
//!
//! They are run like [`crate::read_file`] runs a single one, as `psql -f` and `sqlite3 <` do.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, History, Tool, Version};

use crate::error::RepoError;
use crate::history::client_file;
use crate::{scan, text, walk};

/// Folders in folders are read this deep.
const DEPTH_MAX: usize = 8;

/// The files of a desired schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Path, as shown, and text, in the order in which they run.
    files: Vec<(PathBuf, String)>,
}

impl Desired {
    /// Reads a file, or all files that end in `.sql` below a folder. `shown` stands in for the path in what is told.
    pub fn read(path: &Path, shown: &Path) -> Result<Self, RepoError> {
        let mut files = Vec::new();
        if path.is_dir() {
            for file in sql_files(path, shown)? {
                let text = text::read(&path.join(&file), &shown.join(&file))?.text;
                files.push((shown.join(&file), text));
            }
        } else {
            files.push((shown.to_owned(), text::read(path, shown)?.text));
        }
        Ok(Desired { files })
    }

    /// Standard input.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, RepoError> {
        let path = PathBuf::from("<stdin>");
        let text = text::decode(bytes, &path)?.text;
        Ok(Desired {
            files: vec![(path, text)],
        })
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The engines whose own syntax the files show, each once, with a mark and its place: `schema.sql:3: SERIAL`.
    pub fn engines(&self) -> Vec<(Engine, String)> {
        let mut found: Vec<(Engine, String)> = Vec::new();
        for (path, text) in &self.files {
            for (engine, mark, line) in scan::engine_marks(text) {
                if found.iter().all(|(known, _)| *known != engine) {
                    found.push((engine, format!("{}:{line}: {mark}", path.display())));
                }
            }
        }
        found
    }

    /// Path and text of each file.
    pub fn texts(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|(path, text)| (path.as_path(), text.as_str()))
    }

    /// The files as a history of one migration each, for an engine.
    pub fn history(&self, engine: Engine, version: Option<(Version, String)>) -> History {
        let folder = self.files.first().and_then(|(path, _)| path.parent());
        History {
            tool: Tool::File,
            engine,
            version,
            folder: folder.map(Path::to_owned).unwrap_or_default(),
            migrations: self
                .files
                .iter()
                .map(|(path, text)| client_file(path, text.clone(), engine))
                .collect(),
            // Rows of one file may refer to tables of a later one; SQLite's own default.
            sqlite_foreign_keys: false,
            prelude: None,
            schema: None,
            left_out: Vec::new(),
            findings: Vec::new(),
        }
    }
}

/// Files that end in `.sql`, relative to the folder, in the order of their paths. What begins with a dot is left out.
fn sql_files(folder: &Path, shown: &Path) -> Result<Vec<PathBuf>, RepoError> {
    let mut pending = vec![PathBuf::new()];
    let mut files = Vec::new();
    while let Some(path) = pending.pop() {
        let listing = walk::list(&folder.join(&path), &shown.join(&path))?;
        let is_sql = |name: &&String| walk::has_extension(name, "sql") && !name.starts_with('.');
        files.extend(listing.files.iter().filter(is_sql).map(|file| path.join(file)));
        if path.components().count() < DEPTH_MAX {
            let inner = listing.folders.iter().filter(|name| !name.starts_with('.'));
            pending.extend(inner.map(|name| path.join(name)));
        }
    }
    files.sort_by(|a, b| Path::cmp(a, b));
    Ok(files)
}
