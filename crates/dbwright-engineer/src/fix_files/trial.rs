//! Trying files: the repository with them in place is read by its reader, run on a scratch server and judged again.

use std::collections::BTreeMap;
use std::path::Path;

use dbwright_catalog::{
    FileChange, Finding, Fix, History, Migration, MigrationSet, Outcome, Proof, RollbackOutcome, Section, Server,
    Severity, Statement, Trace,
};
use dbwright_live::prove::postgres::{first_difference, objection};
use tempfile::TempDir;

use super::Ground;
use crate::section;

/// Runs the history with these files, which rewrite these migrations; why they do not hold, as a clause.
pub(super) async fn try_files(
    section: &Section,
    ground: &Ground<'_>,
    files: &[FileChange],
    migrations: &[usize],
) -> Result<Server, String> {
    let copy = copy(&ground.place.root, &section.history, files)?;
    let history = dbwright_repo::read_history(copy.path(), &ground.place.selection, ground.config)
        .map_err(|error| format!("the files can't be read back: {error}"))?;
    let parts = parts(&section.history, &history, migrations, files)?;
    unread(&section.history, &history)?;
    let indexes: Vec<usize> = parts.values().flatten().copied().collect();
    let mut levels = ground.levels.clone();
    levels.tries_ways_back = indexes.iter().any(|index| history.migrations[*index].down.is_some());
    let judged = MigrationSet::Only {
        indexes,
        why: "rewritten".to_owned(),
    };
    let mut trial = Section::new(history, judged);
    Box::pin(section::review(
        &mut trial,
        ground.scratch,
        ground.store,
        &levels,
        &mut |_| {},
    ))
    .await
    .map_err(|error| format!("they could not be tried: {error}"))?;
    let (Some(before), Some(after)) = (&section.trace, &trial.trace) else {
        return Err("they could not be tried".to_owned());
    };
    if let Some(id) = first_difference(&before.catalog, &after.catalog) {
        return Err(format!("the schema ends differently at the {} {id}", id.kind.name()));
    }
    for (migration, parts) in &parts {
        Judged {
            section,
            trial: &trial,
            trace: after,
            migration: *migration,
            parts,
        }
        .holds()?;
    }
    Ok(after.server.clone())
}

/// The repository as far as its history is read from it, with the files in place.
fn copy(root: &Path, history: &History, files: &[FileChange]) -> Result<TempDir, String> {
    let failed = |error: std::io::Error| format!("the repository could not be copied for trying them: {error}");
    let copy = tempfile::Builder::new()
        .prefix("dbwright-fix-")
        .tempdir()
        .map_err(failed)?;
    let write = |path: &Path, bytes: &[u8]| -> std::io::Result<()> {
        let target = copy.path().join(path);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(target, bytes)
    };
    let paths = dbwright_repo::files_to_read(root, &history.folder).map_err(|error| error.to_string())?;
    for path in paths.iter().filter(|path| files.iter().all(|file| file.path != **path)) {
        // What can't be read says nothing to the reader either.
        if let Ok(bytes) = std::fs::read(root.join(path)) {
            write(path, &bytes).map_err(failed)?;
        }
    }
    for file in files {
        if let Some(text) = &file.after {
            write(&file.path, text.as_bytes()).map_err(failed)?;
        }
    }
    Ok(copy)
}

/// What became of each rewritten migration: indexes into the new history. All others are where they were.
fn parts(
    before: &History,
    after: &History,
    migrations: &[usize],
    files: &[FileChange],
) -> Result<BTreeMap<usize, Vec<usize>>, String> {
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let moved = || "the tool would run the files in another order".to_owned();
    let mut next = 0;
    for (index, migration) in before.migrations.iter().enumerate() {
        if !migrations.contains(&index) {
            let same = after.migrations.get(next);
            if !same.is_some_and(|same| is_same(migration, same, files)) {
                return Err(moved());
            }
            next += 1;
            continue;
        }
        let following = before.migrations.get(index + 1);
        let is_part = |migration: &&Migration| !following.is_some_and(|following| is_same(following, migration, files));
        let count = after.migrations[next..].iter().take_while(is_part).count();
        if count == 0 {
            return Err(moved());
        }
        // Two that are rewritten follow each other: the first part of the second has its file.
        let own = match migrations.contains(&(index + 1)).then_some(following).flatten() {
            Some(following) => after.migrations[next..]
                .iter()
                .position(|part| part.path == following.path && part.name == following.name)
                .unwrap_or(count),
            None => count,
        };
        parts.insert(index, (next..next + own).collect());
        next += own;
    }
    if next == after.migrations.len() {
        Ok(parts)
    } else {
        Err(moved())
    }
}

/// Whether a migration is as it was. In a file that holds several, others than it may have changed.
fn is_same(before: &Migration, after: &Migration, files: &[FileChange]) -> bool {
    if files.iter().all(|file| file.path != before.path) {
        return before == after;
    }
    let texts = |statements: &[Statement]| -> Vec<String> {
        statements.iter().map(|statement| statement.text.clone()).collect()
    };
    let back = |migration: &Migration| {
        let down = migration.down.as_ref();
        down.map(|down| texts(&down.statements))
    };
    (&before.name, &before.path, before.run_mode) == (&after.name, &after.path, after.run_mode)
        && texts(&before.statements) == texts(&after.statements)
        && back(before) == back(after)
}

/// What the tool's reader finds odd and did not before.
fn unread(before: &History, after: &History) -> Result<(), String> {
    let known = |finding: &Finding| {
        let mut all = before.findings.iter();
        all.any(|other| other.rule == finding.rule && other.message == finding.message)
    };
    match after.findings.iter().find(|finding| !known(finding)) {
        Some(finding) => Err(finding.message.clone()),
        None => Ok(()),
    }
}

/// One rewritten migration, before and after.
struct Judged<'a> {
    section: &'a Section,
    trial: &'a Section,
    trace: &'a Trace,
    migration: usize,
    parts: &'a [usize],
}

impl Judged<'_> {
    fn holds(&self) -> Result<(), String> {
        for (finding, fix) in self.fixed() {
            self.steps_hold(fix)?;
            self.is_gone(&finding.rule)?;
        }
        self.nothing_new()?;
        self.ways_back_hold()
    }

    fn fixed(&self) -> impl Iterator<Item = (&Finding, &Fix)> {
        self.section.findings.iter().filter_map(|finding| {
            let fix = finding.fix.as_ref()?;
            let holds = fix.proof.as_ref().is_some_and(Proof::holds);
            let (migration, _) = finding.place.statement?;
            (holds && migration == self.migration).then_some((finding, fix))
        })
    }

    /// Each step ran by itself and took no lock that it is there to avoid.
    fn steps_hold(&self, fix: &Fix) -> Result<(), String> {
        for step in &fix.steps {
            let mut ran = false;
            for part in self.parts {
                let statements = &self.trial.history.migrations[*part].statements;
                let effects = self.trace.migrations.get(*part).map_or(&[][..], |it| &it.effects);
                for (_, effect) in statements
                    .iter()
                    .zip(effects)
                    .filter(|(it, _)| it.text.trim() == step.sql)
                {
                    ran = true;
                    match &effect.outcome {
                        Outcome::Done | Outcome::FailedOnRows(_) => {}
                        Outcome::Failed(error) | Outcome::FollowsFrom { error, .. } => {
                            return Err(format!("`{}` fails in them: {}", step.sql, error.message));
                        }
                        Outcome::Refused(reason) => return Err(format!("`{}` was not run: {reason}", step.sql)),
                    }
                    if let Some((relation, what)) = objection(effect, fix) {
                        return Err(format!("`{}` {what} on {relation} in them", step.sql));
                    }
                }
            }
            if !ran {
                return Err(format!("`{}` does not run in them as it stands", step.sql));
            }
        }
        Ok(())
    }

    /// How often a rule finds something in the migration as it stands, and in what becomes of it.
    fn counts(&self, rule: &str) -> (usize, usize) {
        let of = |section: &Section, migrations: &[usize]| {
            let paths: Vec<&Path> = migrations
                .iter()
                .filter_map(|index| section.history.migrations.get(*index))
                .flat_map(|it| {
                    [
                        Some(it.path.as_path()),
                        it.down.as_ref().map(|down| down.path.as_path()),
                    ]
                })
                .flatten()
                .collect();
            // A file may hold several.
            let is_there = |finding: &Finding| match finding.place.statement {
                Some((migration, _)) => migrations.contains(&migration),
                None => paths.contains(&finding.place.path.as_path()),
            };
            let is_of = |finding: &&Finding| finding.rule == rule && is_there(finding);
            section.findings.iter().filter(is_of).count()
        };
        (of(self.section, &[self.migration]), of(self.trial, self.parts))
    }

    fn is_gone(&self, rule: &str) -> Result<(), String> {
        let fixed = self.fixed().filter(|(finding, _)| finding.rule == rule).count();
        let (before, after) = self.counts(rule);
        if after + fixed <= before {
            Ok(())
        } else {
            Err(format!("{rule} is found in them still"))
        }
    }

    /// Nothing that has to be decided on is found more often than before.
    fn nothing_new(&self) -> Result<(), String> {
        let worse = self.trial.findings.iter().find(|finding| {
            let (before, after) = self.counts(&finding.rule);
            finding.severity > Severity::Note && after > before
        });
        match worse {
            Some(finding) => Err(format!("{} is found in them: {}", finding.rule, finding.message)),
            None => Ok(()),
        }
    }

    /// Each part can be undone by itself where the migration can be.
    fn ways_back_hold(&self) -> Result<(), String> {
        let can_be_undone = self.section.history.migrations[self.migration]
            .down
            .as_ref()
            .is_some_and(|down| !down.statements.is_empty());
        if !can_be_undone {
            return Ok(());
        }
        for rollback in self.trial.rollbacks.iter().flatten() {
            let does_nothing = match &rollback.outcome {
                RollbackOutcome::Missing => true,
                RollbackOutcome::NotTried { .. } => false,
                RollbackOutcome::Ran(trip) => trip.does_nothing(),
            };
            if does_nothing && self.parts.contains(&rollback.migration) {
                let name = &self.trial.history.migrations[rollback.migration].name;
                return Err(format!("its way back can't be split: {name} would have none"));
            }
        }
        Ok(())
    }
}
