//! Settling on one history: the tool, the engine and the version of its server, each with what says so.

use std::path::PathBuf;

use dbwright_catalog::{Engine, Tool, Version};

use crate::config::{Config, Setting};
use crate::detect::{Candidate, Detection};
use crate::error::RepoError;
use crate::facts::{self, Fact, ServerFact};

/// One history, with everything that reading it needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The tool that runs it.
    pub tool: Tool,
    /// The engine it is written for.
    pub engine: Engine,
    /// Version of the server in production, and what says so.
    pub version: Option<(Version, String)>,
    /// The folder, relative to the root.
    pub folder: PathBuf,
    /// Whether the project's code or configuration switches foreign keys on or off for migrations on SQLite, and what
    /// says so; nothing where the default of the tool holds.
    pub sqlite_foreign_keys: Option<(bool, String)>,
    /// What tool and engine were concluded from.
    pub facts: Vec<Fact>,
}

/// The one history that is meant, or the question which one.
pub fn select(detection: &Detection, config: &Config) -> Result<Selection, RepoError> {
    let engine = config.engine.as_ref().map(|setting| setting.value);
    let fits = |candidate: &&Candidate| {
        engine.is_none_or(|engine| candidate.engines.is_empty() || candidate.engines.contains(&engine))
    };
    let among = |aside: bool| -> Vec<&Candidate> {
        detection
            .candidates
            .iter()
            .filter(|candidate| candidate.aside == aside)
            .filter(fits)
            .collect()
    };
    let mut candidates = among(false);
    if candidates.is_empty() {
        candidates = among(true);
    }
    // With an engine given, a folder that says it is written for it wins over one that says nothing.
    if let Some(engine) = engine
        && candidates.iter().any(|candidate| candidate.engines == [engine])
    {
        candidates.retain(|candidate| candidate.engines == [engine]);
    }
    match candidates.as_slice() {
        [] => Err(none(detection, config)),
        [candidate] => settle(detection, candidate, config),
        several => Err(many(several)),
    }
}

/// A candidate with tool and engine settled, or the question for what is open.
pub fn settle(detection: &Detection, candidate: &Candidate, config: &Config) -> Result<Selection, RepoError> {
    let tool = match candidate.tools.as_slice() {
        [tool] => *tool,
        tools => {
            return Err(RepoError::ManyTools {
                folder: candidate.folder.clone(),
                tools: tools.to_vec(),
                facts: candidate.facts.clone(),
            });
        }
    };
    let engine = match (&config.engine, candidate.engines.as_slice()) {
        (Some(setting), _) => setting.value,
        (None, [engine]) => *engine,
        (None, engines) => {
            return Err(RepoError::UnknownEngine {
                folder: candidate.folder.clone(),
                engines: engines.iter().map(|engine| engine.name().to_owned()).collect(),
                facts: candidate.facts.clone(),
            });
        }
    };
    let sqlite_foreign_keys = match &config.sqlite_foreign_keys {
        Some(setting) => Some((setting.value, setting.from.clone())),
        None if engine == Engine::Sqlite => {
            let (root, tree, folder) = (&detection.root, &detection.tree, &candidate.folder);
            let found = facts::foreign_keys(root, tree, folder).or_else(|| match tool {
                Tool::Diesel => facts::bundled(root, tree, folder),
                Tool::Sqlx
                | Tool::Refinery
                | Tool::GolangMigrate
                | Tool::Dbmate
                | Tool::Goose
                | Tool::Numbered
                | Tool::File => None,
            });
            found.map(|(on, fact)| (on, fact.to_string()))
        }
        None => None,
    };
    Ok(Selection {
        tool,
        engine,
        version: version(&detection.servers, engine, config.engine_version.as_ref()),
        folder: candidate.folder.clone(),
        sqlite_foreign_keys,
        facts: candidate.facts.clone(),
    })
}

/// The version of production: the configured one, or what the files that count most say. Of several, the lowest: what
/// holds there has to hold everywhere.
fn version(servers: &[ServerFact], engine: Engine, configured: Option<&Setting<Version>>) -> Option<(Version, String)> {
    if let Some(setting) = configured {
        return Some((setting.value, setting.from.clone()));
    }
    let versioned = || {
        servers
            .iter()
            .filter(|server| server.engine == engine && server.version.is_some())
    };
    let rank = versioned().map(|server| server.rank).min()?;
    let mut found: Vec<(Version, &Fact)> = versioned()
        .filter(|server| server.rank == rank)
        .filter_map(|server| Some((server.version?, &server.fact)))
        .collect();
    found.sort_by_key(|(version, _)| *version);
    found.dedup_by_key(|(version, _)| *version);
    let (lowest, fact) = *found.first()?;
    let others: Vec<String> = found[1..]
        .iter()
        .map(|(version, fact)| format!("{version} in {}", fact.place()))
        .collect();
    let why = match others.as_slice() {
        [] => fact.place(),
        others => format!("{}; also {}", fact.place(), others.join(", ")),
    };
    Some((lowest, why))
}

fn none(detection: &Detection, config: &Config) -> RepoError {
    if let Some(setting) = &config.migrations {
        let settled = config.engine.as_ref().filter(|_| !detection.candidates.is_empty());
        let reason = match settled {
            Some(engine) => format!("holds no migrations for {} ({})", engine.value, engine.from),
            None => "holds no SQL migrations that dbwright can read".to_owned(),
        };
        return RepoError::MigrationsFolder {
            path: setting.value.clone(),
            from: setting.from.clone(),
            reason,
        };
    }
    RepoError::NoMigrations {
        root: detection.root.clone(),
        unread: detection.unread.clone(),
        truncated: detection.truncated.clone(),
    }
}

/// Names what is there, and the flags that tell it apart: engines where each has one history, folders otherwise.
fn many(candidates: &[&Candidate]) -> RepoError {
    let lines = candidates.iter().map(|candidate| {
        let tools: Vec<&str> = candidate.tools.iter().map(|tool| tool.name()).collect();
        let engines: Vec<String> = candidate.engines.iter().map(ToString::to_string).collect();
        let engine = if engines.is_empty() {
            "unknown engine".to_owned()
        } else {
            engines.join(" or ")
        };
        format!(
            "{} ({}, {engine}, {} {})",
            candidate.folder.display(),
            tools.join(" or "),
            candidate.migrations,
            if candidate.migrations == 1 {
                "migration"
            } else {
                "migrations"
            },
        )
    });
    let mut engines: Vec<Engine> = candidates
        .iter()
        .flat_map(|candidate| candidate.engines.iter().copied())
        .collect();
    engines.sort();
    engines.dedup();
    let tell_apart =
        engines.len() == candidates.len() && candidates.iter().all(|candidate| candidate.engines.len() == 1);
    let flags = if tell_apart {
        engines
            .iter()
            .map(|engine| format!("--engine {}", engine.name()))
            .collect()
    } else {
        candidates
            .iter()
            .map(|candidate| format!("--migrations {}", candidate.folder.display()))
            .collect()
    };
    RepoError::ManyHistories {
        candidates: lines.collect(),
        flags,
    }
}
