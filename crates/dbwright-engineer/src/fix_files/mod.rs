//! Proven fixes as files of the repository: what would be written, tried as a whole before it is offered.
//!
//! A migration that the default branch has is left alone: it may have run somewhere, and tools keep checksums of what ran.

mod shared;
mod trial;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dbwright_catalog::{Change, Engine, FileChange, Finding, FixFiles, FixFilesOutcome, Proof, Section, Server};
use dbwright_live::cache::Store;
use dbwright_live::scratch::ScratchOptions;
use dbwright_repo::{Config, Layout, Replacement, RepoError, RewriteRequest, Selection, books, layouts, rewrite};
use dbwright_sql::Summary;

use crate::check::Phase;
use crate::levels::Levels;

pub(crate) use write::FixError;
pub use write::{WrittenFixes, fix_changes, write_fixes};

/// More migrations than this are not rewritten in one run; each takes as long as a check.
const MIGRATIONS_MAX: usize = 20;

/// Where a history was read, and how.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    pub(crate) selection: Selection,
}

/// What trying needs.
pub(crate) struct Ground<'a> {
    pub(crate) place: &'a Place,
    pub(crate) config: &'a Config,
    pub(crate) scratch: &'a ScratchOptions,
    pub(crate) store: &'a Store,
    pub(crate) levels: &'a Levels,
}

/// A migration that can be rewritten.
struct Plan {
    migration: usize,
    replacements: Vec<Replacement>,
    layouts: Vec<Layout>,
}

/// A migration with the layout that is tried.
#[derive(Clone, Copy)]
struct Choice<'a> {
    plan: &'a Plan,
    layout: Layout,
}

/// Finds the files for the proven fixes of a section, and tries them.
pub(crate) async fn find(section: &mut Section, ground: &Ground<'_>, progress: &mut (dyn FnMut(Phase) + Send)) {
    if section.trace.is_none() || section.history.engine != Engine::Postgres {
        return;
    }
    let mut replacements = replacements(section);
    if replacements.is_empty() {
        return;
    }
    let mut outcomes: BTreeMap<usize, FixFilesOutcome> = BTreeMap::new();
    let own = own_migrations(section, ground);
    let mut plans = Vec::new();
    for (migration, replacements) in std::mem::take(&mut replacements) {
        let refused = |reason: String| (migration, FixFilesOutcome::Refused { reason });
        match &own {
            Err(reason) => outcomes.extend([refused(reason.clone())]),
            Ok(own) if !own.contains(&migration) => {
                let reason = "the default branch has it already, and it may have run somewhere".to_owned();
                outcomes.extend([refused(reason)]);
            }
            Ok(_) if plans.len() >= MIGRATIONS_MAX => {
                let reason = format!("no more than {MIGRATIONS_MAX} migrations are rewritten in one run");
                outcomes.extend([refused(reason)]);
            }
            Ok(_) => match plan(section, ground, migration, replacements) {
                Ok(plan) => plans.push(plan),
                Err(reason) => outcomes.extend([refused(reason)]),
            },
        }
    }
    if !plans.is_empty() {
        progress(Phase::ProvingFiles {
            migrations: plans.len(),
        });
        outcomes.extend(try_plans(section, ground, &plans).await);
    }
    section.fix_files = outcomes
        .into_iter()
        .map(|(migration, outcome)| FixFiles {
            migration,
            statements: statements(section, migration),
            outcome,
        })
        .collect();
}

/// The statements with proven fixes, one fix each, by their migration.
fn replacements(section: &Section) -> BTreeMap<usize, Vec<Replacement>> {
    let mut by_statement: BTreeMap<(usize, usize), Replacement> = BTreeMap::new();
    for ((migration, statement), fix) in proven(&section.findings) {
        by_statement
            .entry((migration, statement))
            .or_insert_with(|| Replacement {
                statement,
                steps: fix.steps.clone(),
            });
    }
    let mut by_migration: BTreeMap<usize, Vec<Replacement>> = BTreeMap::new();
    for ((migration, _), replacement) in by_statement {
        if migration < section.history.migrations.len() {
            by_migration.entry(migration).or_default().push(replacement);
        }
    }
    by_migration
}

/// Fixes that hold, with the statements that they replace.
fn proven(findings: &[Finding]) -> impl Iterator<Item = ((usize, usize), &dbwright_catalog::Fix)> {
    findings.iter().filter_map(|finding| {
        let fix = finding.fix.as_ref()?;
        let holds = fix.proof.as_ref().is_some_and(Proof::holds) && !fix.steps.is_empty();
        Some((finding.place.statement.filter(|_| holds)?, fix))
    })
}

fn statements(section: &Section, migration: usize) -> Vec<usize> {
    let of_migration = proven(&section.findings).filter(|((of, _), _)| *of == migration);
    let statements: BTreeSet<usize> = of_migration.map(|((_, statement), _)| statement).collect();
    statements.into_iter().collect()
}

/// The migrations that only this branch has; why none is known to be such.
fn own_migrations(section: &Section, ground: &Ground<'_>) -> Result<BTreeSet<usize>, String> {
    let Place { root, selection } = ground.place;
    let mut folders = vec![section.history.folder.as_path()];
    if selection.folder != section.history.folder {
        folders.push(&selection.folder);
    }
    dbwright_repo::own_migrations(root, &section.history, &folders).map_err(|error| match error {
        RepoError::NotARepository { .. } => "outside git nothing says which migrations may have run".to_owned(),
        error => error.to_string().trim_end_matches('.').to_owned(),
    })
}

fn plan(
    section: &Section,
    ground: &Ground<'_>,
    migration: usize,
    replacements: Vec<Replacement>,
) -> Result<Plan, String> {
    let changes = changes(section, migration);
    let request = RewriteRequest {
        root: &ground.place.root,
        history: &section.history,
        migration,
        replacements: &replacements,
        changes: &changes,
    };
    let mut layouts = layouts(&request)?;
    if rows_matter(section, migration, &replacements) {
        // What comes later may find other rows where a constraint comes later.
        layouts.retain(|layout| *layout != Layout::StepsLast);
        if layouts.is_empty() {
            layouts.push(Layout::StepsLast);
        }
    }
    Ok(Plan {
        migration,
        replacements,
        layouts,
    })
}

/// Whether a statement that stands behind a replaced one may touch rows: it did, or its words say that it does where rows are
/// such as it looks for.
fn rows_matter(section: &Section, migration: usize, replacements: &[Replacement]) -> bool {
    let first = replacements
        .first()
        .map_or(usize::MAX, |replacement| replacement.statement);
    let trace = section.trace.as_ref().and_then(|trace| trace.migrations.get(migration));
    let effects = trace.map_or(&[][..], |migration| &migration.effects);
    let statements = section.history.migrations[migration].statements.iter().enumerate();
    let mut later = statements
        .filter(|(index, _)| *index > first && !replacements.iter().any(|replacement| replacement.statement == *index));
    later.any(|(index, statement)| {
        let says = matches!(
            dbwright_sql::summarise(section.history.engine, &statement.text),
            Summary::Write | Summary::Code | Summary::CopyFromStdin | Summary::Query | Summary::Other
        );
        says || effects.get(index).is_some_and(|effect| !effect.rows.is_empty())
    })
}

fn changes(section: &Section, migration: usize) -> Vec<Vec<Change>> {
    let trace = section.trace.as_ref().and_then(|trace| trace.migrations.get(migration));
    let effects = trace.map_or(&[][..], |migration| &migration.effects);
    effects.iter().map(|effect| effect.changes.clone()).collect()
}

/// The files of a choice, without what the tool keeps beside them.
fn files(section: &Section, root: &Path, choice: Choice<'_>) -> Result<Vec<FileChange>, String> {
    let changes = changes(section, choice.plan.migration);
    let request = RewriteRequest {
        root,
        history: &section.history,
        migration: choice.plan.migration,
        replacements: &choice.plan.replacements,
        changes: &changes,
    };
    let files = rewrite(&request, choice.layout)?;
    let taken = files
        .iter()
        .find(|file| file.before.is_none() && root.join(&file.path).exists());
    match taken {
        Some(file) => Err(format!("{} is there already", file.path.display())),
        None => Ok(files),
    }
}

/// All at once with their best layouts; where that does not hold, each by itself in every layout, and those that hold together.
async fn try_plans(section: &Section, ground: &Ground<'_>, plans: &[Plan]) -> Vec<(usize, FixFilesOutcome)> {
    let best: Vec<Choice<'_>> = plans
        .iter()
        .filter_map(|plan| {
            Some(Choice {
                plan,
                layout: *plan.layouts.first()?,
            })
        })
        .collect();
    if best.len() > 1
        && let Ok(found) = try_together(section, ground, &best).await
    {
        return found;
    }
    let mut outcomes = Vec::new();
    let mut chosen: Vec<Choice<'_>> = Vec::new();
    for plan in plans {
        let mut reason = "no layout of its files is possible".to_owned();
        let mut found = None;
        for layout in &plan.layouts {
            let choice = Choice { plan, layout: *layout };
            match try_together(section, ground, &[choice]).await {
                Ok(proven) => {
                    chosen.push(choice);
                    found = Some(proven);
                    break;
                }
                Err(why) => reason = why,
            }
        }
        match found {
            Some(proven) => outcomes.extend(proven),
            None => outcomes.push((plan.migration, FixFilesOutcome::Refused { reason })),
        }
    }
    if chosen.len() > 1 {
        let together = try_together(section, ground, &chosen).await;
        outcomes.retain(|(migration, _)| chosen.iter().all(|choice| choice.plan.migration != *migration));
        match together {
            Ok(found) => outcomes.extend(found),
            Err(reason) => outcomes.extend(chosen.iter().map(|choice| {
                let reason = format!("the files of several migrations do not hold together: {reason}");
                (choice.plan.migration, FixFilesOutcome::Refused { reason })
            })),
        }
    }
    outcomes
}

/// Tries the files of these migrations in one run; why they do not hold.
async fn try_together(
    section: &Section,
    ground: &Ground<'_>,
    choices: &[Choice<'_>],
) -> Result<Vec<(usize, FixFilesOutcome)>, String> {
    let root = &ground.place.root;
    let mut by_choice = Vec::with_capacity(choices.len());
    for choice in choices {
        by_choice.push(files(section, root, *choice)?);
    }
    shared::put_together(&mut by_choice)?;
    let mut all: Vec<FileChange> = Vec::new();
    for change in by_choice.iter().flatten() {
        if all.iter().all(|known| known.path != change.path) {
            all.push(change.clone());
        }
    }
    let kept = books(root, &section.history, &all)?;
    all.extend(kept.iter().cloned());
    let migrations: Vec<usize> = choices.iter().map(|choice| choice.plan.migration).collect();
    let server = Box::pin(trial::try_files(section, ground, &all, &migrations)).await?;
    let outcomes = choices.iter().zip(by_choice).map(|(choice, mut files)| {
        files.extend(kept.iter().cloned());
        (choice.plan.migration, proven_outcome(&server, files))
    });
    Ok(outcomes.collect())
}

fn proven_outcome(server: &Server, files: Vec<FileChange>) -> FixFilesOutcome {
    FixFilesOutcome::Proven {
        server: server.clone(),
        files,
    }
}
