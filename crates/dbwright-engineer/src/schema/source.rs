//! What a source is: a database, SQL files, migrations, a snapshot, or any file of a commit.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, History, Server, Snapshot, Version};
use dbwright_live::connect::{Connection, DatabaseUrl, is_sqlite_database};
use dbwright_repo::{Config, Desired, RepoError, Selected};
use tempfile::TempDir;

use super::error::SchemaError;
use super::{SchemaPhase, SchemaSetUp};
use crate::EngineerError;
use crate::check::narrowed;

/// A source that is known to be there.
pub(super) struct Source {
    /// As it was named, without a password.
    pub(super) shown: String,
    pub(super) what: What,
    /// Holds the files of a commit.
    _folder: Option<TempDir>,
}

pub(super) enum What {
    Database(Box<Connection>),
    Desired(Desired),
    History(Box<History>),
    Snapshot(Box<Snapshot>),
}

impl Source {
    /// The engine, as far as it is known.
    pub(super) fn engine(&self) -> Option<Engine> {
        match &self.what {
            What::Database(connection) => Some(connection.server().engine),
            What::History(history) => Some(history.engine),
            What::Snapshot(snapshot) => Some(snapshot.server.engine),
            What::Desired(desired) => match desired.engines().as_slice() {
                [(engine, _)] => Some(*engine),
                _ => None,
            },
        }
    }

    /// The server, where it is a live one.
    pub(super) fn server(&self) -> Option<&Server> {
        match &self.what {
            What::Database(connection) => Some(connection.server()),
            What::Desired(_) | What::History(_) | What::Snapshot(_) => None,
        }
    }

    /// The version that a repository says it runs on, or that a snapshot was taken from.
    pub(super) fn version(&self) -> Option<Version> {
        match &self.what {
            What::History(history) => history.version.as_ref().map(|(version, _)| *version),
            What::Snapshot(snapshot) => Some(snapshot.server.version),
            What::Database(_) | What::Desired(_) => None,
        }
    }
}

/// Opens a source. Where nothing says for which engine its SQL is written, it is `engine`.
pub(super) async fn open(
    text: &str,
    set_up: &SchemaSetUp,
    engine: Option<Engine>,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Source, EngineerError> {
    if let Some(rest) = text.strip_prefix("git:") {
        return committed(text, rest, set_up, engine);
    }
    if let Some(path) = text.strip_prefix("sql:") {
        return Ok(found(
            text,
            What::Desired(desired(Path::new(path), Path::new(path), text)?),
            None,
        ));
    }
    if let Some(path) = text.strip_prefix("migrations:") {
        return Ok(found(
            text,
            What::History(Box::new(history(Path::new(path), set_up, engine)?)),
            None,
        ));
    }
    if let Some(path) = text.strip_prefix("snapshot:") {
        let snapshot = snapshot(Path::new(path), text, set_up)?;
        return Ok(found(text, What::Snapshot(Box::new(snapshot)), None));
    }
    if DatabaseUrl::is_meant(text) {
        let url: DatabaseUrl = text.parse().map_err(SchemaError::Url)?;
        return database(url, set_up, progress).await;
    }
    DatabaseUrl::refuse_secret(text).map_err(SchemaError::Url)?;
    let path = Path::new(text);
    if path.is_file() && is_sqlite_database(path) {
        return database(DatabaseUrl::of_file(path), set_up, progress).await;
    }
    Ok(found(text, of_path(path, path, text, set_up, engine)?, None))
}

fn found(shown: &str, what: What, folder: Option<TempDir>) -> Source {
    Source {
        shown: shown.to_owned(),
        what,
        _folder: folder,
    }
}

async fn database(
    url: DatabaseUrl,
    set_up: &SchemaSetUp,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Source, EngineerError> {
    progress(SchemaPhase::Reading);
    let password = match url.engine() {
        Engine::Postgres => set_up.passwords.postgres.clone(),
        Engine::MySql | Engine::MariaDb => set_up.passwords.mysql.clone(),
        Engine::Sqlite => None,
    };
    let url = url.or_password(password);
    let connection = Connection::open(&url, &set_up.limits).await?;
    Ok(found(&url.to_string(), What::Database(Box::new(connection)), None))
}

/// A file, or a folder: one of migrations (or with some below it) is taken for that, any other for SQL files.
fn of_path(
    path: &Path,
    shown: &Path,
    text: &str,
    set_up: &SchemaSetUp,
    engine: Option<Engine>,
) -> Result<What, EngineerError> {
    if !path.exists() {
        return Err(SchemaError::Source {
            source_text: text.to_owned(),
            problem: "there is no such file or folder".to_owned(),
            hint: FORMS.to_owned(),
        }
        .into());
    }
    if path.is_file() {
        if path
            .extension()
            .is_some_and(|extension| extension == SNAPSHOT_EXTENSION)
        {
            return Ok(What::Snapshot(Box::new(snapshot(path, text, set_up)?)));
        }
        return Ok(What::Desired(desired(path, shown, text)?));
    }
    match history(path, set_up, engine) {
        Ok(history) => Ok(What::History(Box::new(history))),
        Err(EngineerError::Repo(error @ (RepoError::NoMigrations { .. } | RepoError::MigrationsFolder { .. }))) => {
            let desired = Desired::read(path, shown)?;
            if desired.is_empty() {
                return Err(error.into());
            }
            Ok(What::Desired(desired))
        }
        Err(error) => Err(error),
    }
}

const FORMS: &str = "a source is a URL (postgres://, mysql://, sqlite:), a SQLite file, a file or folder of SQL, a folder of \
                     migrations or a repository, a snapshot (FILE.dbsnap), or git:REF:PATH for a file or folder as it was \
                     committed";

/// Files that end in it are snapshots; any other is one behind `snapshot:`.
const SNAPSHOT_EXTENSION: &str = "dbsnap";

fn snapshot(path: &Path, text: &str, set_up: &SchemaSetUp) -> Result<Snapshot, EngineerError> {
    let wrong = |problem: String| SchemaError::Source {
        source_text: text.to_owned(),
        problem,
        hint: "`dbwright capture URL -o FILE.dbsnap` takes a snapshot of a database".to_owned(),
    };
    let bytes = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    Ok((set_up.read_snapshot)(&bytes).map_err(wrong)?)
}

fn desired(path: &Path, shown: &Path, text: &str) -> Result<Desired, EngineerError> {
    let desired = Desired::read(path, shown)?;
    if desired.is_empty() {
        return Err(SchemaError::Source {
            source_text: text.to_owned(),
            problem: "the folder holds no file that ends in .sql".to_owned(),
            hint: FORMS.to_owned(),
        }
        .into());
    }
    Ok(desired)
}

/// The migrations of a repository or folder.
pub(super) fn history(path: &Path, set_up: &SchemaSetUp, engine: Option<Engine>) -> Result<History, EngineerError> {
    let (root, mut overrides) = narrowed(path, set_up.overrides.clone())?;
    overrides.engine = overrides.engine.or(engine);
    let config = Config::load(&root)?.with(overrides);
    let detection = dbwright_repo::detect(&root, &config)?;
    let Selected { mut selections, open } = dbwright_repo::select(&detection, &config)?;
    if let Some(question) = open.into_iter().next() {
        return Err(question.into());
    }
    if selections.len() > 1 {
        let named = selections.iter().map(|selection| {
            format!(
                "{} ({}, {})",
                selection.folder.display(),
                selection.tool.name(),
                selection.engine
            )
        });
        let flags = selections
            .iter()
            .map(|selection| format!("--migrations {}", selection.folder.display()));
        return Err(RepoError::ManyHistories {
            candidates: named.collect(),
            flags: flags.collect(),
        }
        .into());
    }
    let Some(selection) = selections.pop() else {
        return Err(RepoError::NoMigrations {
            root,
            unread: Vec::new(),
            truncated: None,
        }
        .into());
    };
    Ok(dbwright_repo::read_history(&root, &selection, &config)?)
}

/// `REF:PATH`: the files of a commit are written to a folder, and read like any others.
fn committed(text: &str, rest: &str, set_up: &SchemaSetUp, engine: Option<Engine>) -> Result<Source, EngineerError> {
    let wrong = |problem: &str| SchemaError::Source {
        source_text: text.to_owned(),
        problem: problem.to_owned(),
        hint: "write git:REF:PATH, as in git:main:migrations or git:v1.2:. for the whole repository".to_owned(),
    };
    let (reference, path) = rest.split_once(':').ok_or_else(|| wrong("the path is missing"))?;
    let here = std::path::absolute(".").map_err(|error| wrong(&error.to_string()))?;
    let root = dbwright_repo::root_of(&here);
    // A path that begins where the command was started is looked for from there, any other from the root.
    let below = here.strip_prefix(&root).unwrap_or(Path::new(""));
    let path = normalized(&if path.starts_with("./") || path.starts_with("../") {
        below.join(path)
    } else {
        PathBuf::from(path)
    });
    let files = dbwright_repo::files_at(&root, reference, &path)?;
    let folder = tempfile::Builder::new().prefix("dbwright-commit-").tempdir();
    let folder = folder.map_err(|error| wrong(&format!("no folder for the files of the commit: {error}")))?;
    // A repository of its own, so that nothing above is taken for a part of it.
    let root = folder.path();
    std::fs::create_dir(root.join(".git")).map_err(|error| wrong(&error.to_string()))?;
    for file in files {
        let target = root.join(&file.path);
        let written = target.parent().map_or(Ok(()), std::fs::create_dir_all);
        written
            .and_then(|()| std::fs::write(&target, &file.bytes))
            .map_err(|error| wrong(&format!("cannot write {}: {error}", file.path.display())))?;
    }
    let what = of_path(&root.join(&path), &path, text, set_up, engine)?;
    Ok(found(text, what, Some(folder)))
}

/// Without `.` and `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                result.pop();
            }
            std::path::Component::Normal(name) => result.push(name),
            std::path::Component::CurDir | std::path::Component::RootDir | std::path::Component::Prefix(_) => {}
        }
    }
    result
}
