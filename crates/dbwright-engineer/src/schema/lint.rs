//! `schema lint`: what the rules of design and security say of one schema.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dbwright_catalog::{LintKey, Measured, SchemaLint, SchemaShown, Severity, SideKind, Unasked};
use dbwright_live::measure::measure;
use dbwright_repo::{Config, FailOn, RepoError};
use dbwright_rules::{Needs, RULES, Rule};

use super::error::SchemaError;
use super::source::What;
use super::{Incomplete, SchemaPhase, SchemaSetUp, show, side, source};
use crate::EngineerError;
use crate::levels::Levels;

/// Which schema is judged, and by which rules.
#[derive(Clone, Debug)]
pub struct LintRequest {
    /// The schema.
    pub source: String,
    /// Names of rules that are asked although they are off by default.
    pub rules: Vec<String>,
    /// Whether rows of a live database are counted for the rules that need it.
    pub rows: bool,
    /// What a baseline knows, and the file that says so.
    pub baseline: Option<(String, Vec<LintKey>)>,
    /// What is the same for all. `allow` and `fail_on` of the overrides count here as they do in a check.
    pub set_up: SchemaSetUp,
}

/// What came of it.
#[derive(Debug)]
pub struct LintAnswer {
    /// What was found.
    pub lint: SchemaLint,
    /// All that was found, as a baseline keeps it: what the old one knows, and what is new.
    pub keys: Vec<LintKey>,
    /// From which severity on the caller should call it a failure.
    pub fail_on: FailOn,
}

/// Reads a schema and judges it as the change from nothing to it.
///
/// # Errors
///
/// When it can't be read or built, a rule is named that does not exist, or rows are to be counted where there are none.
pub async fn lint(
    request: &LintRequest,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<LintAnswer, EngineerError> {
    let config = Config::load(&root(&request.source)?)?.with(request.set_up.overrides.clone());
    let mut levels = Levels::of(&config)?;
    for name in &request.rules {
        levels.ask(&judges_schemas(name)?);
    }
    let (shown, measured) = read(request, progress).await?;
    let baseline = request.baseline.as_ref();
    let known: BTreeSet<LintKey> = baseline
        .map(|(_, keys)| keys.iter().cloned().collect())
        .unwrap_or_default();
    let linted = dbwright_rules::lint(&shown.catalog, &measured, &levels.choice, &known);
    let mut findings = linted.findings;
    levels.apply(&mut findings);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let engine = shown.side.server.engine;
    let rules = RULES
        .iter()
        .copied()
        .filter(|rule| rule.judges_catalogs() && rule.engines.contains(&engine));
    let (chosen, off): (Vec<&Rule>, Vec<&Rule>) = rules.partition(|rule| levels.choice.includes(rule));
    let is_live = shown.side.kind == SideKind::Live;
    let unasked: Vec<Unasked> = chosen
        .iter()
        .filter_map(|rule| unasked(rule, is_live, request.rows))
        .collect();
    let is_asked =
        |name: &str| chosen.iter().any(|rule| rule.name == name) && !unasked.iter().any(|unasked| unasked.rule == name);
    // Of a rule that was not asked nobody knows what it would say.
    let outdated = known.iter().filter(|key| !linted.known.contains(key));
    let outdated = outdated.filter(|key| is_asked(&key.rule) || dbwright_rules::find(&key.rule).is_none());
    let objects = shown.catalog.objects.len();
    let tables = shown.catalog.tables().count();
    let lint = SchemaLint {
        side: shown.side,
        ignored: shown.ignored,
        tables,
        others: objects - tables,
        rules: chosen.len() - unasked.len(),
        off: off.iter().map(|rule| rule.name.to_owned()).collect(),
        relations: (is_live && request.rows).then_some(measured.relations.len()),
        not_measured: measured.not_measured,
        baseline: baseline.map(|(file, _)| file.clone()),
        known: linted.known.iter().cloned().collect(),
        outdated: outdated.cloned().collect(),
        unasked,
        findings,
    };
    let fail_on = config
        .fail_on
        .map_or(FailOn::Severity(Severity::Warning), |setting| setting.value);
    let is_told = |key: &LintKey| !levels.choice.allowed.contains(&key.rule);
    let keys = linted.keys.into_iter().chain(linted.known);
    let mut keys: Vec<LintKey> = keys.filter(is_told).collect();
    keys.sort();
    Ok(LintAnswer { lint, keys, fail_on })
}

/// Reads the schema, and of a live database what stands beside it.
async fn read(
    request: &LintRequest,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<(SchemaShown, Measured), EngineerError> {
    let set_up = SchemaSetUp {
        incomplete: Incomplete::Told,
        ..request.set_up.clone()
    };
    let source = source::open(&request.source, &set_up, set_up.overrides.engine, progress).await?;
    if source.server().is_none() {
        if request.rows {
            let source_text = source.shown;
            return Err(SchemaError::NoRows { source_text }.into());
        }
        let side = show::read(source, &set_up, progress).await?;
        return Ok((show::shown(side), Measured::default()));
    }
    let shown = source.shown;
    let What::Database(mut connection) = source.what else {
        return Err(SchemaError::NoRows { source_text: shown }.into());
    };
    let live = side::live(shown, &mut connection, progress).await;
    let answer = match live {
        Ok(live) => {
            let shown = show::shown(live);
            let relations = request.rows.then(|| dbwright_rules::relations(&shown.catalog));
            let measured = measure(&mut connection, &shown.catalog, relations.as_deref()).await;
            Ok((shown, measured))
        }
        Err(error) => Err(error),
    };
    connection.close().await;
    answer
}

/// Why a rule is not asked.
fn unasked(rule: &Rule, is_live: bool, rows: bool) -> Option<Unasked> {
    let why = match rule.needs()? {
        Needs::Counters if is_live => return None,
        Needs::Rows if is_live && rows => return None,
        Needs::Rows if is_live => "it counts rows; --data asks for it",
        Needs::Counters | Needs::Rows => "it looks at a live database",
    };
    Some(Unasked {
        rule: rule.name.to_owned(),
        why: why.to_owned(),
    })
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
