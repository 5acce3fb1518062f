//! `schema lint`: what the rules of design and security say of one schema.

use std::path::{Path, PathBuf};

use dbwright_catalog::{SchemaLint, Severity};
use dbwright_repo::{Config, FailOn, RepoError};
use dbwright_rules::{RULES, Rule};

use super::error::SchemaError;
use super::{SchemaPhase, SchemaSetUp, ShowRequest, show};
use crate::EngineerError;
use crate::levels::Levels;

/// Which schema is judged, and by which rules.
#[derive(Clone, Debug)]
pub struct LintRequest {
    /// The schema.
    pub source: String,
    /// Names of rules that are asked although they are off by default.
    pub rules: Vec<String>,
    /// What is the same for all. `allow` and `fail_on` of the overrides count here as they do in a check.
    pub set_up: SchemaSetUp,
}

/// What came of it.
#[derive(Debug)]
pub struct LintAnswer {
    /// What was found.
    pub lint: SchemaLint,
    /// From which severity on the caller should call it a failure.
    pub fail_on: FailOn,
}

/// Reads a schema and judges it as the change from nothing to it.
///
/// # Errors
///
/// When it can't be read or built, or a rule is named that does not exist.
pub async fn lint(
    request: &LintRequest,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<LintAnswer, EngineerError> {
    let config = Config::load(&root(&request.source)?)?.with(request.set_up.overrides.clone());
    let mut levels = Levels::of(&config)?;
    for name in &request.rules {
        levels.ask(&judges_schemas(name)?);
    }
    let shown = show(
        &ShowRequest {
            source: request.source.clone(),
            set_up: request.set_up.clone(),
        },
        progress,
    )
    .await?;
    let engine = shown.side.server.engine;
    let mut findings = dbwright_rules::lint(&shown.catalog, &levels.choice);
    levels.apply(&mut findings);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let rules = RULES
        .iter()
        .filter(|rule| rule.judges_catalogs() && rule.engines.contains(&engine));
    let (asked, off): (Vec<&Rule>, Vec<&Rule>) = rules.partition(|rule| levels.choice.includes(rule));
    let objects = shown.catalog.objects.len();
    let tables = shown.catalog.tables().count();
    let lint = SchemaLint {
        side: shown.side,
        ignored: shown.ignored,
        tables,
        others: objects - tables,
        rules: asked.len(),
        off: off.iter().map(|rule| rule.name.to_owned()).collect(),
        findings,
    };
    let fail_on = config
        .fail_on
        .map_or(FailOn::Severity(Severity::Warning), |setting| setting.value);
    Ok(LintAnswer { lint, fail_on })
}

/// The repository whose `dbwright.toml` counts: that of the source where it is a file or folder, else the one at hand.
fn root(source: &str) -> Result<PathBuf, EngineerError> {
    let path = source.split_once(':').map_or(source, |(_, path)| path);
    let folder = match Path::new(path) {
        path if path.is_dir() => path,
        path if path.is_file() => path
            .parent()
            .filter(|parent| *parent != Path::new(""))
            .unwrap_or(Path::new(".")),
        _ => Path::new("."),
    };
    let folder = std::path::absolute(folder).map_err(|source| RepoError::Unreadable {
        path: folder.to_owned(),
        source,
    })?;
    Ok(dbwright_repo::root_of(&folder))
}

/// The name, where it is that of a rule that judges schemas.
fn judges_schemas(name: &str) -> Result<String, EngineerError> {
    match dbwright_rules::find(name) {
        Some(rule) if rule.judges_catalogs() => Ok(name.to_owned()),
        Some(_) => Err(SchemaError::Rule { name: name.to_owned() }.into()),
        None => Err(EngineerError::UnknownRule {
            name: name.to_owned(),
            from: Some("--rule".to_owned()),
        }),
    }
}
