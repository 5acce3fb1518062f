//! The queries of an application, as far as a repository writes them down: those that sqlx has checked (`.sqlx`), files of
//! SQL in folders called `queries`, what `sqlc` reads, and what somebody names.
//!
//! The release that runs while migrations do is the code that they are new against, so that its queries are those of that
//! commit; the working tree holds those of the next one.

mod files;
mod parameters;
mod sql_file;
mod sqlc;
mod sqlx;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, Query, Release};

use crate::config::Setting;
use crate::error::RepoError;
use crate::text;
use files::{Files, Group, SourceKind};

/// More queries of one release are not asked.
const QUERIES_MAX: usize = 10_000;

/// Where queries are looked for.
#[derive(Clone, Copy, Debug)]
pub struct QuerySources<'a> {
    /// The root of the repository.
    pub root: &'a Path,
    /// The commit that the migrations under review are new against: the release that runs. Without one only what is named
    /// counts.
    pub base: Option<&'a str>,
    /// Files and folders that somebody names, relative to the root or absolute.
    pub given: &'a [Setting<PathBuf>],
}

/// The queries of the application of each history: of the release that runs, and what the next one asks beside them.
///
/// # Errors
///
/// When what is named is not there, or git fails.
pub fn queries(sources: QuerySources<'_>, histories: &[(Engine, &Path)]) -> Result<Vec<Release>, RepoError> {
    let mut releases = vec![Release::default(); histories.len()];
    let mut add = |groups: Vec<Group>, is_running: bool| {
        for group in groups {
            let read = read(&group);
            for (index, engine) in addressed(&group, histories) {
                let release = &mut releases[index];
                let queries = if is_running {
                    &mut release.running
                } else {
                    &mut release.next
                };
                queries.extend(read.queries(engine));
                release.not_done.extend(read.problems(is_running));
            }
        }
    };
    let folders: Vec<&Path> = histories.iter().map(|(_, folder)| *folder).collect();
    if let Some(base) = sources.base {
        let committed = Files::of_commit(sources.root, base)?;
        add(files::found(&committed, &folders)?, true);
        let working = Files::of_working_tree(sources.root)?;
        add(files::found(&working, &folders)?, false);
    }
    for given in sources.given {
        let now = files::given_now(sources.root, given)?;
        match files::given_at(sources, given)? {
            Some(before) => {
                add(before, true);
                add(now, false);
            }
            None => add(now, true),
        }
    }
    for release in &mut releases {
        settle(release);
        let commit = sources.base.and_then(|base| base.get(..7)).map(str::to_owned);
        release.commit = commit.filter(|_| !release.running.is_empty());
    }
    Ok(releases)
}

/// The histories whose application a group belongs to: of the same engine, and nearest in the tree of folders.
fn addressed(group: &Group, histories: &[(Engine, &Path)]) -> Vec<(usize, Engine)> {
    let fits = |engine: Engine| match group.engine {
        Some(named) => engine == named || (engine == Engine::MariaDb && named == Engine::MySql),
        None => true,
    };
    let fitting = histories
        .iter()
        .enumerate()
        .filter(|(_, (engine, _))| fits(*engine))
        .map(|(index, (engine, folder))| (common(&group.folder, folder), index, *engine));
    let fitting: Vec<_> = fitting.collect();
    let nearest = fitting.iter().map(|(common, ..)| *common).max();
    let nearest = fitting.into_iter().filter(|(common, ..)| Some(*common) == nearest);
    nearest.map(|(_, index, engine)| (index, engine)).collect()
}

/// How many leading folders two paths share.
fn common(one: &Path, other: &Path) -> usize {
    let pairs = one.components().zip(other.components());
    pairs.take_while(|(one, other)| one == other).count()
}

/// What is in the files of a group, before it is known for which engine it is read.
struct ReadGroup<'a> {
    kind: SourceKind,
    texts: Vec<(&'a Path, String)>,
    unreadable: Vec<String>,
}

fn read(group: &Group) -> ReadGroup<'_> {
    let mut read = ReadGroup {
        kind: group.kind,
        texts: Vec::new(),
        unreadable: Vec::new(),
    };
    for file in &group.files {
        match text::decode(file.bytes.clone(), &file.path) {
            Ok(text) => read.texts.push((&file.path, text.text)),
            Err(error) => read
                .unreadable
                .push(format!("{error}: the queries in it are not looked at.")),
        }
    }
    read
}

impl ReadGroup<'_> {
    fn queries(&self, engine: Engine) -> Vec<Query> {
        let of_file = |(path, text): &(&Path, String)| match self.kind {
            SourceKind::Sqlx => sqlx::queries(path, text, engine).unwrap_or_default(),
            SourceKind::Sql => sql_file::queries(path, text, engine),
        };
        self.texts.iter().flat_map(of_file).collect()
    }

    /// What could not be read, as whole sentences.
    fn problems(&self, is_running: bool) -> Vec<String> {
        let mut problems = self.unreadable.clone();
        if self.kind == SourceKind::Sqlx {
            let failed = |(path, text): &(&Path, String)| sqlx::queries(path, text, Engine::Postgres).err();
            problems.extend(self.texts.iter().filter_map(failed));
        }
        if !is_running {
            return problems;
        }
        // What can't be read in the running release is told of that.
        let at_base = |problem: &mut String| problem.insert_str(0, "In the running release, ");
        problems.iter_mut().for_each(at_base);
        problems
    }
}

/// Each query once; of the next release those that the running one does not ask.
fn settle(release: &mut Release) {
    let mut known: BTreeSet<String> = BTreeSet::new();
    release.running.retain(|query| known.insert(query.spaced()));
    let next: BTreeSet<String> = release.next.iter().map(Query::spaced).collect();
    release.next.retain(|query| known.insert(query.spaced()));
    let mut told: BTreeSet<String> = BTreeSet::new();
    release
        .not_done
        .retain(|problem| told.insert(problem.trim_start_matches("In the running release, ").to_owned()));
    for queries in [&mut release.running, &mut release.next] {
        if queries.len() > QUERIES_MAX {
            release.not_done.push(format!(
                "Of {} queries, the first {QUERIES_MAX} are looked at.",
                queries.len()
            ));
            queries.truncate(QUERIES_MAX);
        }
    }
    let numbered = release.running.iter().enumerate();
    let still_asked = numbered.filter(|(_, query)| next.contains(&query.spaced()));
    release.still_asked = still_asked.map(|(index, _)| index).collect();
}

#[cfg(test)]
mod tests;
