//! `check`: which migrations would hurt in production.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use dbwright_catalog::{
    Engine, Finding, History, MigrationSet, Release, Review, Scorecard, Section, Snapshot, Target, Tool,
};
use dbwright_live::LiveError;
use dbwright_live::cache::Store;
use dbwright_live::scratch::{BinDirs, ScratchOptions, ScratchUrl};
use dbwright_live::trace::Progress;
use dbwright_repo::{Config, FailOn, Overrides, QuerySources, RepoError, Selected, Selection};

use crate::EngineerError;
use crate::levels::Levels;
use crate::release::plans;
use crate::{fix_files, prediction, production, release, section};

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
    /// Whether the ways back of the judged migrations are tried.
    pub tries_ways_back: bool,
    /// A server to use instead of starting one.
    pub scratch_url: Option<String>,
    /// Folders to look for server programs before all others.
    pub bin_dirs: BinDirs,
    /// Where template clusters are kept, and what earlier checks have found out.
    pub cache: PathBuf,
    /// Whether nothing runs, and what statements do is predicted.
    pub predicted: bool,
    /// A snapshot of production, for sizes and times.
    pub snapshot: Option<Snapshot>,
    /// How much may be kept there, in bytes. Where that is 0, nothing that earlier checks have found out is used or kept.
    pub cache_bytes_max: u64,
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
    /// Ways back are being tried.
    GoingBack {
        /// Of how many migrations.
        migrations: usize,
    },
    /// Queries of the application are being prepared.
    Asking {
        /// How many.
        queries: usize,
    },
    /// Queries are being planned on twins of production.
    Planning {
        /// How many.
        queries: usize,
    },
    /// How fast this machine is is being measured.
    Calibrating,
    /// Files with safe versions are being tried.
    ProvingFiles {
        /// Of how many migrations.
        migrations: usize,
    },
}

/// What came of a check.
#[derive(Debug)]
pub struct CheckAnswer {
    /// What was found out.
    pub review: Review,
    /// The root of the repository; nothing where a single file was checked.
    pub root: Option<PathBuf>,
    /// From which severity on the caller should call it a failure.
    pub fail_on: FailOn,
    /// Why a section did not run, where others did: the first such error. The section says it as well.
    pub failure: Option<EngineerError>,
    /// The lock of the cache, where another process held it for so long that the check went on without what is kept.
    pub cache_held: Option<PathBuf>,
}

/// Runs migrations on scratch servers and judges what they do: one section for each database.
///
/// # Errors
///
/// When the repository does not settle what to check, no server can be had, or the outside world fails. What is wrong with
/// the migrations themselves is part of the answer; of several databases, one that fails does not take the others with it.
pub async fn check(
    request: &CheckRequest,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<CheckAnswer, EngineerError> {
    let started = Instant::now();
    let scratch = scratch_options(request)?;
    let store = Store::new(&request.cache, request.cache_bytes_max);
    let Prepared {
        config,
        histories,
        mut not_checked,
        root,
    } = prepare(request)?;
    if let Some(snapshot) = &request.snapshot {
        not_checked.extend(production::fits_none(
            snapshot,
            histories.iter().map(|prepared| &prepared.history),
        ));
    }
    let mut levels = Levels::of(&config)?;
    levels.tries_ways_back = request.tries_ways_back;
    let mut sections = Vec::with_capacity(histories.len());
    let mut failure = None;
    let alone = histories.len() == 1;
    for mut prepared in histories {
        let options = (!request.predicted).then_some(&scratch);
        let place = prepared.place.take();
        if let Some(snapshot) = &request.snapshot
            && snapshot.server.engine == prepared.history.engine
        {
            release::add_workload(&mut prepared.release, snapshot);
        }
        let (mut section, error) = Box::pin(one_section(prepared, options, &store, &levels, progress)).await;
        if let (Some(scratch), Some(place)) = (options, &place) {
            let ground = fix_files::Ground {
                place,
                config: &config,
                scratch,
                store: &store,
                levels: &levels,
            };
            Box::pin(fix_files::find(&mut section, &ground, progress)).await;
        }
        if let Some(snapshot) = &request.snapshot {
            let thresholds = plans::thresholds(&config);
            Box::pin(plans::compare(
                &mut section,
                snapshot,
                &scratch,
                thresholds,
                &levels,
                progress,
            ))
            .await;
            let measured = Box::pin(production::look(&mut section, snapshot, &scratch, progress)).await;
            failure = failure.or(measured.err().map(EngineerError::from));
        }
        section.scorecard = scorecard(&section, &config);
        if let Some(error) = error {
            if alone && did_not_run(&section) {
                return Err(error);
            }
            failure.get_or_insert(error);
        }
        sections.push(section);
    }
    if let Some(error) = failure.take_if(|_| sections.iter().all(did_not_run)) {
        return Err(error);
    }
    let fail_on = config
        .fail_on
        .map_or(FailOn::Severity(dbwright_catalog::Severity::Warning), |setting| {
            setting.value
        });
    Ok(CheckAnswer {
        review: Review {
            sections,
            not_checked,
            duration: rounded(started.elapsed()),
        },
        root,
        fail_on,
        failure,
        cache_held: store.held_by_another(),
    })
}

/// The scorecard of a section, with the targets that the project sets.
fn scorecard(section: &Section, config: &Config) -> Scorecard {
    let (history, judged) = (&section.history, &section.judged);
    let trace = section.trace.as_ref();
    let rollbacks = section.rollbacks.as_deref();
    let mut scorecard =
        dbwright_rules::scorecard(history, judged, trace, rollbacks, &section.findings, &section.allowed);
    for figure in &mut scorecard.figures {
        if let Some(threshold) = config.thresholds.get(figure.kind.name()) {
            figure.target = Target::Percent {
                percent: threshold.value,
                from: Some(threshold.from.clone()),
            };
        }
    }
    scorecard
}

/// Reviews one history on a scratch server, or without one; where that fails, the section says so. Where no server can be
/// had, what can be predicted is.
async fn one_section(
    prepared: PreparedHistory,
    scratch: Option<&ScratchOptions>,
    store: &Store,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> (Section, Option<EngineerError>) {
    let PreparedHistory {
        mut history,
        judged,
        mut findings,
        foreign_keys_from,
        place: _,
        base: _,
        release,
    } = prepared;
    levels.apply(&mut history.findings);
    levels.apply(&mut findings);
    let mut section = Section::new(history, judged);
    section.release = release;
    let reviewed = if let Some(scratch) = scratch {
        // In a box, because it is large and waits most of the time.
        Box::pin(section::review(&mut section, scratch, store, levels, progress)).await
    } else {
        if !section::nothing_to_judge(&section) {
            prediction::review(&mut section, levels);
            release::not_asked(&mut section.release);
        }
        Ok(())
    };
    section.findings.splice(0..0, findings);
    if let Some(trace) = &mut section.trace
        && section.history.engine == Engine::Sqlite
        && section.history.sqlite_foreign_keys
    {
        trace
            .assumptions
            .push(foreign_keys_on(section.history.tool, foreign_keys_from.as_deref()));
    }
    let error = reviewed.err().map(EngineerError::from);
    if let Some(error) = &error {
        section.not_done.push(sentence(&error.message(), &error.hints()));
        if matches!(error, EngineerError::Live(LiveError::NoServer { .. })) {
            prediction::review(&mut section, levels);
            release::not_asked(&mut section.release);
        }
    }
    (section, error)
}

fn did_not_run(section: &Section) -> bool {
    section.trace.is_none()
}

/// What went wrong and what to do, as one line of a report.
fn sentence(message: &str, hints: &[String]) -> String {
    let mut text = message.trim_end_matches('.').to_owned();
    for hint in hints {
        text.push_str("; ");
        text.push_str(hint);
    }
    text.push('.');
    text
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
        version: None,
        cache: request.cache.clone(),
        bin_dirs: request.bin_dirs.clone(),
    })
}

/// What is to be checked, read and settled.
struct Prepared {
    config: Config,
    histories: Vec<PreparedHistory>,
    /// Histories that leave something open, as sentences.
    not_checked: Vec<String>,
    /// The root of the repository.
    root: Option<PathBuf>,
}

/// One history before it runs.
struct PreparedHistory {
    history: History,
    judged: MigrationSet,
    /// What comparing with the reference brought to light.
    findings: Vec<Finding>,
    /// What says whether foreign keys are on while migrations run on SQLite, where it is not the tool's own default.
    foreign_keys_from: Option<String>,
    /// Where it was read; nothing for a single file.
    place: Option<fix_files::Place>,
    /// The commit that its migrations are new against.
    base: Option<String>,
    /// What the application asks.
    release: Release,
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
    let mut histories = vec![PreparedHistory {
        history,
        judged: MigrationSet::All,
        findings: Vec::new(),
        foreign_keys_from: None,
        place: None,
        base: None,
        release: Release::default(),
    }];
    add_queries(&root, &config, &mut histories)?;
    Ok(Prepared {
        config,
        histories,
        not_checked: Vec::new(),
        root: None,
    })
}

fn prepare_repository(request: &CheckRequest, folder: &Path) -> Result<Prepared, EngineerError> {
    let (root, overrides) = narrowed(folder, request.overrides.clone())?;
    let config = Config::load(&root)?.with(overrides);
    let detection = dbwright_repo::detect(&root, &config)?;
    let Selected { selections, open } = dbwright_repo::select(&detection, &config)?;
    let unknown = detection
        .unknown_engines
        .iter()
        .map(|fact| format!("{fact}: dbwright does not know this engine."));
    let alone = selections.len() == 1;
    let mut histories = Vec::with_capacity(selections.len());
    let mut questions = open;
    for selection in selections {
        match dbwright_repo::read_history(&root, &selection, &config) {
            Ok(history) => histories.push(prepare_history(request, &root, &config, selection, history)?),
            Err(error) if alone => return Err(error.into()),
            Err(error) => questions.push(error),
        }
    }
    if histories.is_empty()
        && let Some(first) = questions.pop()
    {
        return Err(first.into());
    }
    add_queries(&root, &config, &mut histories)?;
    let not_checked = questions.iter().map(|question| {
        let hint: Vec<String> = question.hint().into_iter().collect();
        sentence(&question.to_string(), &hint)
    });
    Ok(Prepared {
        not_checked: not_checked.chain(unknown).collect(),
        config,
        histories,
        root: Some(root),
    })
}

/// Reads what the application asks.
fn add_queries(root: &Path, config: &Config, histories: &mut [PreparedHistory]) -> Result<(), EngineerError> {
    let base = histories.iter().find_map(|prepared| prepared.base.clone());
    let sources = QuerySources {
        root,
        base: base.as_deref(),
        given: &config.queries,
    };
    let places: Vec<(Engine, &Path)> = histories
        .iter()
        .map(|prepared| (prepared.history.engine, prepared.history.folder.as_path()))
        .collect();
    let releases = dbwright_repo::queries(sources, &places)?;
    for (prepared, release) in histories.iter_mut().zip(releases) {
        prepared.release = release;
    }
    Ok(())
}

fn prepare_history(
    request: &CheckRequest,
    root: &Path,
    config: &Config,
    selection: Selection,
    history: History,
) -> Result<PreparedHistory, EngineerError> {
    let (judged, findings, base) = match request.scope {
        Scope::All => (MigrationSet::All, Vec::new(), None),
        Scope::New => new_migrations(root, &history, config)?,
    };
    Ok(PreparedHistory {
        judged: without_ignored(&history, judged, config),
        history,
        findings,
        foreign_keys_from: selection.sqlite_foreign_keys.as_ref().map(|(_, from)| from.clone()),
        place: Some(fix_files::Place {
            root: root.to_owned(),
            selection,
        }),
        base,
        release: Release::default(),
    })
}

/// The judged migrations without those that the configuration ignores.
fn without_ignored(history: &History, judged: MigrationSet, config: &Config) -> MigrationSet {
    let ignored = |index: &usize| config.ignores(&history.migrations[*index].path);
    let all: Vec<usize> = (0..history.migrations.len())
        .filter(|index| judged.contains(*index))
        .collect();
    let Some(setting) = all.iter().find_map(ignored) else {
        return judged;
    };
    let indexes: Vec<usize> = all.iter().copied().filter(|index| ignored(index).is_none()).collect();
    let left_out = format!("{} ignored by {}", all.len() - indexes.len(), setting.from);
    let why = match judged {
        MigrationSet::All => left_out,
        MigrationSet::Only { why, .. } => format!("{why}, {left_out}"),
    };
    MigrationSet::Only { indexes, why }
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
) -> Result<(MigrationSet, Vec<Finding>, Option<String>), EngineerError> {
    let reference = config
        .base
        .as_ref()
        .map(|base| (base.value.as_str(), base.from.as_str()));
    match dbwright_repo::new_since(root, &history.folder, reference) {
        Ok(new) => {
            let (judged, findings) = dbwright_repo::judged(root, history, &new);
            Ok((judged, findings, new.base))
        }
        Err(RepoError::NotARepository { .. }) if reference.is_none() => Ok((MigrationSet::All, Vec::new(), None)),
        Err(error) => Err(error.into()),
    }
}
