//! Engines on demand: installing PostgreSQL server programs, listing and removing what is installed.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, Version};
use dbwright_live::LiveError;
use dbwright_live::install::{Engines, InstallError, Outcome, Progress, Registry, Wanted, nearest_release, newest};

use crate::EngineerError;

/// An engine that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledEngine {
    /// What `engine remove` calls it: `postgres@18.4`.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Its folder; the programs are in `bin` below it.
    pub folder: PathBuf,
    /// The size of its files.
    pub bytes: u64,
}

/// What came of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallAnswer {
    /// What is installed.
    pub engine: InstalledEngine,
    /// Whether it was there before.
    pub was_there: bool,
    /// Why it is not known whether there is a newer one, where the registry could not be asked.
    pub newer_unknown: Option<String>,
}

/// What is installed, and what can be.
#[derive(Debug)]
pub struct EngineList {
    /// Where engines are installed.
    pub folder: PathBuf,
    /// What is installed, the newest first.
    pub installed: Vec<InstalledEngine>,
    /// What can be installed; nothing where nobody was asked.
    pub available: Option<Result<AvailableEngines, EngineerError>>,
}

/// What a registry has for this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvailableEngines {
    /// The host of the registry.
    pub registry: String,
    /// The platform, as the packages name it: `linux-x64`.
    pub platform: String,
    /// The newest version of each major, the newest first.
    pub versions: Vec<Version>,
}

/// What could be installed for a check that found no server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineOffer {
    /// What [`install_engine`] has to be told.
    pub name: String,
    /// The version.
    pub version: Version,
    /// Bytes to download, where they are known beforehand.
    pub bytes: Option<u64>,
    /// The host that it comes from.
    pub registry: String,
    /// Where it goes.
    pub folder: PathBuf,
}

/// Downloads, checks and unpacks the newest engine that `name` fits (`postgres@18`, `postgres@18.4`, `postgres`), unless
/// it is there.
///
/// # Errors
///
/// When there is no such engine, or the registry, the network or the disk fails. Then nothing is left that looks like an
/// engine.
pub async fn install_engine(
    name: &str,
    cache: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<InstallAnswer, EngineerError> {
    let wanted: Wanted = name.parse().map_err(LiveError::from)?;
    let engines = Engines::of_cache(cache);
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let work = tokio::task::spawn_blocking(move || {
        install(&wanted, &engines, &mut |at| {
            // Nobody listens any more once the installation was given up.
            let _ = sender.send(at);
        })
    });
    while let Some(at) = receiver.recv().await {
        progress(at);
    }
    Ok(ended(work.await)?.map_err(LiveError::from)?)
}

fn install(
    wanted: &Wanted,
    engines: &Engines,
    progress: &mut dyn FnMut(Progress),
) -> Result<InstallAnswer, InstallError> {
    let there = engines.find(wanted);
    let there = match there {
        Some(there) if wanted.is_exact() => return Ok(answer(&Outcome::WasThere(there), None)),
        there => there,
    };
    let newest = Registry::of_user().and_then(|registry| {
        let release = registry.find(wanted)?;
        Ok((registry, release))
    });
    match (newest, there) {
        (Ok((registry, release)), _) => Ok(answer(&engines.install(&registry, &release, progress)?, None)),
        (Err(error), Some(there)) => Ok(answer(&Outcome::WasThere(there), Some(error.to_string()))),
        (Err(error), None) => Err(error),
    }
}

fn answer(outcome: &Outcome, newer_unknown: Option<String>) -> InstallAnswer {
    InstallAnswer {
        engine: described(outcome.installed()),
        was_there: matches!(outcome, Outcome::WasThere(_)),
        newer_unknown,
    }
}

fn described(installed: &dbwright_live::install::Installed) -> InstalledEngine {
    InstalledEngine {
        name: format!("postgres@{}", installed.version),
        version: installed.version,
        folder: installed.folder.clone(),
        bytes: installed.bytes(),
    }
}

/// Lists what is installed, and what can be if the registry is to be asked.
///
/// # Errors
///
/// When the program itself is in trouble. A registry that can't be asked is part of the answer.
pub async fn list_engines(cache: &Path, ask_registry: bool) -> Result<EngineList, EngineerError> {
    let engines = Engines::of_cache(cache);
    let work = tokio::task::spawn_blocking(move || EngineList {
        folder: engines.folder().to_path_buf(),
        installed: engines.installed().iter().map(described).collect(),
        available: ask_registry.then(|| available().map_err(|error| LiveError::from(error).into())),
    });
    ended(work.await)
}

fn available() -> Result<AvailableEngines, InstallError> {
    let registry = Registry::of_user()?;
    let releases = registry.releases()?;
    Ok(AvailableEngines {
        registry: registry.host().to_owned(),
        platform: registry.platform().to_owned(),
        versions: newest(&releases).iter().map(|release| release.version).collect(),
    })
}

/// Removes every installed engine that `name` fits.
///
/// # Errors
///
/// When there is none, or it can't be removed.
pub fn remove_engine(name: &str, cache: &Path) -> Result<Vec<InstalledEngine>, EngineerError> {
    let wanted: Wanted = name.parse().map_err(LiveError::from)?;
    let removed = Engines::of_cache(cache).remove(&wanted).map_err(LiveError::from)?;
    // Their files are gone, and so is what was to be counted.
    Ok(removed.iter().map(described).collect())
}

/// What could be installed so that a check that failed in this way can go on; nothing where its failure is another.
///
/// # Errors
///
/// When the registry can't be asked.
pub async fn engine_offer(error: &EngineerError, cache: &Path) -> Result<Option<EngineOffer>, EngineerError> {
    let EngineerError::Live(LiveError::NoServer {
        engine: Engine::Postgres,
        version,
        ..
    }) = error
    else {
        return Ok(None);
    };
    let (major, engines) = (version.map(|version| version.major), Engines::of_cache(cache));
    let work = tokio::task::spawn_blocking(move || offer(major, &engines));
    Ok(ended(work.await)?.map_err(LiveError::from)?)
}

fn offer(major: Option<u32>, engines: &Engines) -> Result<Option<EngineOffer>, InstallError> {
    let registry = Registry::of_user()?;
    let releases = registry.releases()?;
    Ok(nearest_release(&releases, major).map(|release| EngineOffer {
        name: format!("postgres@{}", release.build),
        version: release.version,
        bytes: registry.bytes(release),
        registry: registry.host().to_owned(),
        folder: engines.folder().to_path_buf(),
    }))
}

/// What a thread came to; one that ended early is a bug of ours, told as what it is.
fn ended<T>(outcome: Result<T, tokio::task::JoinError>) -> Result<T, EngineerError> {
    outcome.map_err(|_| {
        EngineerError::Live(LiveError::Unsupported {
            what: "the work on engines ended early".to_owned(),
        })
    })
}
