//! `check`: which migrations would hurt in production.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use dbwright_catalog::{Engine, Finding, History, MigrationSet, Review, Tool};
use dbwright_live::scratch::postgres::{ScratchOptions, ScratchUrl};
use dbwright_live::trace::Progress;
use dbwright_repo::{Config, FailOn, Overrides, RepoError};

use crate::EngineerError;
use crate::levels::Levels;
use crate::section;

/// Where the SQL comes from.
#[derive(Clone, Debug)]
pub enum Input {
    /// The migrations of the repository that this folder is in.
    Repository(PathBuf),
    /// One file, which belongs to no tool.
    File(PathBuf),
    /// What was read from standard input.
    Bytes(Vec<u8>),
}

/// Which migrations are judged. All are replayed.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Those that are new against the default branch, or against the reference of the configuration; outside git, all.
    New,
    /// All.
    All,
}

/// What is to be checked, and with what.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    /// Where the SQL comes from.
    pub input: Input,
    /// What flags set; they win over `dbwright.toml`.
    pub overrides: Overrides,
    /// Which migrations are judged.
    pub scope: Scope,
    /// A server to use instead of starting one.
    pub scratch_url: Option<String>,
    /// Folders to look for server programs before all others.
    pub bin_dirs: Vec<PathBuf>,
    /// Where template clusters are kept.
    pub cache: PathBuf,
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A scratch server is being started.
    Starting(Engine),
    /// A migration begins.
    Running(Progress),
    /// Fixes are being tried.
    Proving {
        /// How many.
        fixes: usize,
    },
}

/// What came of a check.
#[derive(Clone, Debug)]
pub struct CheckAnswer {
    /// What was found out.
    pub review: Review,
    /// From which severity on the caller should call it a failure.
    pub fail_on: FailOn,
}

/// Runs migrations on a scratch server and judges what they do.
///
/// # Errors
///
/// When the repository does not settle what to check, no server can be had, or the outside world fails. What is wrong with
/// the migrations themselves is part of the answer.
pub async fn check(
    request: &CheckRequest,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<CheckAnswer, EngineerError> {
    let started = Instant::now();
    let scratch = scratch_options(request)?;
    let Prepared {
        config,
        mut history,
        judged,
        mut findings,
        foreign_keys_from,
    } = prepare(request)?;
    let levels = Levels::of(&config)?;
    levels.apply(&mut history.findings);
    levels.apply(&mut findings);
    if matches!(history.engine, Engine::MySql | Engine::MariaDb) {
        return Err(EngineerError::NotYet(history.engine));
    }
    let mut section = section::review(history, judged, &scratch, &levels, progress).await?;
    section.findings.splice(0..0, findings);
    if let Some(trace) = &mut section.trace
        && section.history.engine == Engine::Sqlite
        && section.history.sqlite_foreign_keys
    {
        trace
            .assumptions
            .push(foreign_keys_on(section.history.tool, foreign_keys_from.as_deref()));
    }
    let fail_on = config
        .fail_on
        .map_or(FailOn::Severity(dbwright_catalog::Severity::Warning), |setting| {
            setting.value
        });
    Ok(CheckAnswer {
        review: Review {
            sections: vec![section],
            duration: rounded(started.elapsed()),
        },
        fail_on,
    })
}

/// Why cascades were seen on SQLite, which leaves foreign keys off unless somebody switches them on.
fn foreign_keys_on(tool: Tool, from: Option<&str>) -> String {
    let why = from.map_or_else(|| format!("as {tool} does"), str::to_owned);
    format!("Foreign keys were on ({why}); `sqlite-foreign-keys = false` in dbwright.toml leaves them off.")
}

/// To the millisecond: nobody reads more.
fn rounded(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

fn scratch_options(request: &CheckRequest) -> Result<ScratchOptions, EngineerError> {
    let url = match &request.scratch_url {
        Some(text) => Some(ScratchUrl::from_str(text).map_err(|error| EngineerError::ScratchUrl(error.to_string()))?),
        None => None,
    };
    Ok(ScratchOptions {
        url,
        major: None,
        cache: request.cache.clone(),
        bin_dirs: request.bin_dirs.clone(),
    })
}

struct Prepared {
    config: Config,
    history: History,
    judged: MigrationSet,
    /// What comparing with the reference brought to light.
    findings: Vec<Finding>,
    /// What says whether foreign keys are on while migrations run on SQLite, where it is not the tool's own default.
    foreign_keys_from: Option<String>,
}

fn prepare(request: &CheckRequest) -> Result<Prepared, EngineerError> {
    let input = match &request.input {
        Input::Repository(folder) => return prepare_repository(request, folder),
        Input::File(path) => dbwright_repo::Input::File(path.clone()),
        Input::Bytes(bytes) => dbwright_repo::Input::Stdin(bytes.clone()),
    };
    let working = std::path::absolute(".").map_err(|source| RepoError::Unreadable {
        path: ".".into(),
        source,
    })?;
    let root = dbwright_repo::root_of(&working);
    let config = Config::load(&root)?.with(request.overrides.clone());
    let history = dbwright_repo::read_file(&root, &input, &config)?;
    Ok(Prepared {
        config,
        history,
        judged: MigrationSet::All,
        findings: Vec::new(),
        foreign_keys_from: None,
    })
}

fn prepare_repository(request: &CheckRequest, folder: &Path) -> Result<Prepared, EngineerError> {
    let (root, overrides) = narrowed(folder, request.overrides.clone())?;
    let config = Config::load(&root)?.with(overrides);
    let detection = dbwright_repo::detect(&root, &config)?;
    let selection = dbwright_repo::select(&detection, &config)?;
    let history = dbwright_repo::read_history(&root, &selection, &config)?;
    let (judged, findings) = match request.scope {
        Scope::All => (MigrationSet::All, Vec::new()),
        Scope::New => new_migrations(&root, &history, &config)?,
    };
    Ok(Prepared {
        config,
        history,
        judged,
        findings,
        foreign_keys_from: selection.sqlite_foreign_keys.map(|(_, from)| from),
    })
}

/// The root of the repository that `folder` is in, and overrides that keep to the folder where it is one below the root:
/// `dbwright check db` means the migrations below `db`.
pub(crate) fn narrowed(folder: &Path, mut overrides: Overrides) -> Result<(PathBuf, Overrides), EngineerError> {
    let named = folder != Path::new(".");
    let folder = std::path::absolute(folder).map_err(|source| RepoError::Unreadable {
        path: folder.to_owned(),
        source,
    })?;
    let root = dbwright_repo::root_of(&folder);
    if overrides.migrations.is_none() && named && folder != root {
        overrides.migrations = Some(folder);
    }
    Ok((root, overrides))
}

fn new_migrations(
    root: &Path,
    history: &History,
    config: &Config,
) -> Result<(MigrationSet, Vec<Finding>), EngineerError> {
    let reference = config
        .base
        .as_ref()
        .map(|base| (base.value.as_str(), base.from.as_str()));
    match dbwright_repo::new_since(root, &history.folder, reference) {
        Ok(new) => Ok(dbwright_repo::judged(history, &new)),
        Err(RepoError::NotARepository { .. }) if reference.is_none() => Ok((MigrationSet::All, Vec::new())),
        Err(error) => Err(error.into()),
    }
}
