//! A single SQL file without a tool, or standard input: `dbwright check FILE.sql`.
//!
//! A file inside a tool's folder is read like any other file.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, History, Tool, Version};

use crate::config::Config;
use crate::error::RepoError;
use crate::facts::Fact;
use crate::history::{client_file, schema};
use crate::scan;
use crate::text;

/// What is shown as the path of standard input.
const STDIN: &str = "<stdin>";

/// Where the SQL comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, relative to the working folder or absolute.
    File(PathBuf),
    /// What was read from standard input.
    Stdin(Vec<u8>),
}

/// Reads a file or standard input as a history of one migration, run like `psql -f` and `sqlite3 <` run it. Engine and
/// schema come from `config`; an engine that is not given there is concluded from syntax that only one engine has.
///
/// `root` is what the paths of a `dbwright.toml` are relative to.
pub fn read_file(root: &Path, input: &Input, config: &Config) -> Result<History, RepoError> {
    let (path, text) = match input {
        Input::File(path) => (path.clone(), text::read(path, path)?.text),
        Input::Stdin(bytes) => {
            let path = PathBuf::from(STDIN);
            let text = text::decode(bytes.clone(), &path)?.text;
            (path, text)
        }
    };
    let engine = match &config.engine {
        Some(setting) => setting.value,
        None => engine(root, &path, &text, config)?,
    };
    Ok(History {
        tool: Tool::File,
        engine,
        version: config
            .engine_version
            .as_ref()
            .map(|setting| (setting.value, setting.from.clone())) as Option<(Version, String)>,
        folder: path.parent().map(Path::to_owned).unwrap_or_default(),
        migrations: vec![client_file(&path, text, engine)],
        sqlite_foreign_keys: config.sqlite_foreign_keys.as_ref().is_some_and(|setting| setting.value),
        prelude: None,
        left_out: Vec::new(),
        schema: schema(root, engine, config)?,
        findings: Vec::new(),
    })
}

/// The engine that the file's own syntax shows, or else that of the schema file.
fn engine(root: &Path, path: &Path, text: &str, config: &Config) -> Result<Engine, RepoError> {
    let mut marks = scan::engine_marks(text);
    let mut shown = path.to_owned();
    if marks.is_empty()
        && let Some(setting) = &config.schema
    {
        shown.clone_from(&setting.value);
        marks = scan::engine_marks(&text::read(&root.join(&setting.value), &setting.value)?.text);
    }
    match marks.as_slice() {
        [(engine, ..)] => Ok(*engine),
        marks => Err(RepoError::EngineOfFile {
            path: path.to_owned(),
            marks: marks
                .iter()
                .map(|(engine, mark, line)| Fact::new(format!("`{mark}` of {engine}"), shown.clone(), Some(*line)))
                .collect(),
        }),
    }
}
