//! Settling on histories: the tool, the engine and the version of the server of each, with what says so.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, Tool, Version};

use crate::config::{Config, Setting};
use crate::detect::{Candidate, Detection};
use crate::error::RepoError;
use crate::facts::{self, Fact, ServerFact};
use crate::tools;

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

/// The histories of a repository.
#[derive(Debug)]
pub struct Selected {
    /// Those whose tool and engine are settled, one for each database: at least one.
    pub selections: Vec<Selection>,
    /// Folders that leave something open, as the question that would settle it.
    pub open: Vec<RepoError>,
}

/// The histories that are meant: all that there are, but those among tests, examples and documentation only where there are
/// no others.
///
/// # Errors
///
/// When there is none, when the only one leaves something open, or when a setting that is for one database stands over
/// several.
pub fn select(detection: &Detection, config: &Config) -> Result<Selected, RepoError> {
    let candidates = meant(detection, config);
    let mut selected = Selected {
        selections: Vec::new(),
        open: Vec::new(),
    };
    for candidate in &candidates {
        match settle(detection, candidate, config) {
            Ok(selections) => selected.selections.extend(selections),
            Err(question) => selected.open.push(question),
        }
    }
    match (selected.selections.as_slice(), selected.open.len()) {
        ([], 0) => Err(none(detection, config)),
        ([], 1) => Err(selected.open.swap_remove(0)),
        ([], _) => Err(many(&candidates)),
        (several, _) if is_for_one(config, several) => Err(many(&candidates)),
        _ => Ok(selected),
    }
}

/// The candidates that the configuration leaves.
fn meant<'a>(detection: &'a Detection, config: &Config) -> Vec<&'a Candidate> {
    let engine = config.engine.as_ref().map(|setting| setting.value);
    let fits = |candidate: &&Candidate| {
        engine.is_none_or(|engine| candidate.engines.is_empty() || may_be_for(candidate, engine))
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
    let says_so = |candidate: &Candidate, engine: Engine| {
        candidate.engines == [engine] || (candidate.each_engine && candidate.engines.contains(&engine))
    };
    if let Some(engine) = engine
        && candidates.iter().any(|candidate| says_so(candidate, engine))
    {
        candidates.retain(|candidate| says_so(candidate, engine));
    }
    candidates
}

/// Whether a folder may be written for an engine that somebody names. What says nothing of MariaDB was taken for MySQL's.
fn may_be_for(candidate: &Candidate, engine: Engine) -> bool {
    candidate.engines.contains(&engine) || (engine == Engine::MariaDb && candidate.engines.contains(&Engine::MySql))
}

/// Whether the configuration names a schema file or the version of a server, and several databases could be meant by it.
fn is_for_one(config: &Config, selections: &[Selection]) -> bool {
    let mut served: Vec<Engine> = selections
        .iter()
        .map(|selection| selection.engine)
        // Its version is that of the library in dbwright.
        .filter(|engine| *engine != Engine::Sqlite)
        .collect();
    served.sort_unstable();
    served.dedup();
    (config.schema.is_some() && selections.len() > 1) || (config.engine_version.is_some() && served.len() > 1)
}

/// A candidate with tool and engine settled (once for each engine that it is written for), or the question for what is open.
fn settle(detection: &Detection, candidate: &Candidate, config: &Config) -> Result<Vec<Selection>, RepoError> {
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
    let engines = match (&config.engine, candidate.engines.as_slice()) {
        (Some(setting), _) => vec![setting.value],
        (None, [engine]) => vec![*engine],
        (None, engines) if candidate.each_engine => engines.to_vec(),
        (None, engines) => {
            return Err(RepoError::UnknownEngine {
                folder: candidate.folder.clone(),
                engines: engines.iter().map(|engine| engine.name().to_owned()).collect(),
                facts: candidate.facts.clone(),
            });
        }
    };
    let selection = |engine| selection(detection, candidate, config, tool, engine);
    Ok(engines.into_iter().map(selection).collect())
}

fn selection(detection: &Detection, candidate: &Candidate, config: &Config, tool: Tool, engine: Engine) -> Selection {
    let sqlite_foreign_keys = match &config.sqlite_foreign_keys {
        Some(setting) => Some((setting.value, setting.from.clone())),
        None if engine == Engine::Sqlite => {
            let (root, tree, folder) = (&detection.root, &detection.tree, &candidate.folder);
            let found = facts::foreign_keys(root, tree, folder).or_else(|| match tool {
                Tool::Diesel => facts::bundled(root, tree, folder),
                Tool::Drizzle => tools::drizzle_foreign_keys(root, folder),
                Tool::Sqlx
                | Tool::Refinery
                | Tool::GolangMigrate
                | Tool::Dbmate
                | Tool::Goose
                | Tool::SqlMigrate
                | Tool::Flyway
                | Tool::Prisma
                | Tool::Supabase
                | Tool::Pop
                | Tool::NodePgMigrate
                | Tool::GraphileMigrate
                | Tool::Tern
                | Tool::Atlas
                | Tool::Liquibase
                | Tool::Numbered
                | Tool::File => None,
            });
            found.map(|(on, fact)| (on, fact.to_string()))
        }
        None => None,
    };
    Selection {
        tool,
        engine,
        version: version(
            &servers_of(detection, tool, &candidate.folder),
            engine,
            config.engine_version.as_ref(),
        ),
        folder: candidate.folder.clone(),
        sqlite_foreign_keys,
        facts: candidate.facts.clone(),
    }
}

/// The servers that a folder's history may run on: with Supabase the one of its project, where that is said.
fn servers_of(detection: &Detection, tool: Tool, folder: &Path) -> Vec<ServerFact> {
    let own = folder.with_file_name("config.toml");
    let is_own = |server: &&ServerFact| tool == Tool::Supabase && server.fact.path == own;
    let of_project: Vec<ServerFact> = detection.servers.iter().filter(is_own).cloned().collect();
    if of_project.is_empty() {
        detection.servers.clone()
    } else {
        of_project
    }
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
        unread: [&detection.unread[..], &detection.unknown_engines[..]].concat(),
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
