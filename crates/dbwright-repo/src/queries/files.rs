//! Which files hold queries, in a commit and in the working tree.

use std::fs;
use std::path::{Component, Path, PathBuf};

use dbwright_catalog::Engine;

use super::{QuerySources, sqlc};
use crate::config::{Pattern, Setting};
use crate::error::RepoError;
use crate::git::Git;
use crate::git_tree::{CommittedFile, Listed, contents, listed_at};
use crate::walk::{has_extension, is_aside};

/// Larger files hold no queries that somebody wrote.
const BYTES_MAX: u64 = 4 * 1024 * 1024;
/// So many files below a folder that somebody names are read.
const FILES_MAX: usize = 20_000;

/// How queries are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SourceKind {
    /// In JSON, by sqlx.
    Sqlx,
    /// In SQL.
    Sql,
}

/// Files with queries for one application.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: SourceKind,
    /// The engine that they are written for, where something says so.
    pub(super) engine: Option<Engine>,
    /// Where the application is, relative to the root.
    pub(super) folder: PathBuf,
    pub(super) files: Vec<CommittedFile>,
}

/// The files of a repository at one moment.
pub(super) enum Files<'a> {
    Commit { git: Git<'a>, listed: Vec<Listed> },
    Working { root: &'a Path, paths: Vec<PathBuf> },
}

impl<'a> Files<'a> {
    pub(super) fn of_commit(root: &'a Path, commit: &str) -> Result<Self, RepoError> {
        let git = Git { root };
        let listed = listed_at(&git, commit)?;
        Ok(Files::Commit { git, listed })
    }

    pub(super) fn of_working_tree(root: &'a Path) -> Result<Self, RepoError> {
        let files = Git { root }.untracked(Path::new(""), true)?;
        let mut paths: Vec<PathBuf> = files.into_iter().map(|file| file.path).collect();
        paths.sort();
        paths.dedup();
        Ok(Files::Working { root, paths })
    }

    fn paths(&self) -> Vec<&Path> {
        match self {
            Files::Commit { listed, .. } => listed.iter().map(|file| file.path.as_path()).collect(),
            Files::Working { paths, .. } => paths.iter().map(PathBuf::as_path).collect(),
        }
    }

    fn read(&self, wanted: &[PathBuf]) -> Result<Vec<CommittedFile>, RepoError> {
        match self {
            Files::Commit { git, listed } => {
                let wanted = listed
                    .iter()
                    .filter(|file| file.bytes <= BYTES_MAX && wanted.contains(&file.path));
                contents(git, wanted.cloned().collect())
            }
            Files::Working { root, .. } => Ok(wanted.iter().filter_map(|path| read_now(root, path)).collect()),
        }
    }
}

/// A file of the working tree; one that is deleted there and still in the index is none.
fn read_now(root: &Path, path: &Path) -> Option<CommittedFile> {
    let file = root.join(path);
    let data = fs::symlink_metadata(&file).ok()?;
    if !data.is_file() || data.len() > BYTES_MAX {
        return None;
    }
    let bytes = fs::read(file).ok()?;
    Some(CommittedFile {
        path: path.to_owned(),
        bytes,
    })
}

/// The files that hold queries by their names and by what is set for sqlc.
pub(super) fn found(files: &Files<'_>, histories: &[&Path]) -> Result<Vec<Group>, RepoError> {
    let paths = files.paths();
    let all_aside = histories.iter().all(|folder| is_aside(folder));
    let is_meant = |path: &Path| {
        let of_history = histories
            .iter()
            .any(|folder| !folder.as_os_str().is_empty() && path.starts_with(folder));
        !of_history && (all_aside || !is_aside(path))
    };
    let mut wanted: Vec<(SourceKind, Option<Engine>, PathBuf, Vec<PathBuf>)> = Vec::new();
    let mut put = |kind, engine, folder: PathBuf, path: &Path| {
        let same = wanted
            .iter_mut()
            .find(|(of, named, at, _)| *of == kind && *named == engine && *at == folder);
        match same {
            Some((.., paths)) => paths.push(path.to_owned()),
            None => wanted.push((kind, engine, folder, vec![path.to_owned()])),
        }
    };
    let settings: Vec<PathBuf> = paths
        .iter()
        .filter(|path| is_meant(path) && sqlc::is_settings(path))
        .map(|path| path.to_path_buf())
        .collect();
    let mut of_sqlc: Vec<&Path> = Vec::new();
    for file in files.read(&settings)? {
        let text = String::from_utf8_lossy(&file.bytes);
        let folder = file.path.parent().unwrap_or(Path::new("")).to_owned();
        for set in sqlc::settings(&file.path, &text) {
            let names = |path: &Path| {
                has_extension(&name_of(path), "sql")
                    && set.queries.iter().any(|named| is_named(path, &folder.join(named)))
            };
            for path in paths.iter().copied().filter(|path| names(path)) {
                put(SourceKind::Sql, set.engine, folder.clone(), path);
                of_sqlc.push(path);
            }
        }
    }
    for path in paths.iter().copied().filter(|path| is_meant(path)) {
        if is_sqlx(path) {
            put(SourceKind::Sqlx, None, application_of_sqlx(path), path);
        } else if is_in_queries(path) && !of_sqlc.contains(&path) {
            put(SourceKind::Sql, None, application_of_queries(path), path);
        }
    }
    let mut groups = Vec::with_capacity(wanted.len());
    for (kind, engine, folder, paths) in wanted {
        groups.push(Group {
            kind,
            engine,
            folder,
            files: files.read(&paths)?,
        });
    }
    Ok(groups)
}

/// Whether a file is what a setting names: the file itself, one in a folder, or one that a pattern fits.
fn is_named(path: &Path, named: &Path) -> bool {
    let named = normal(named);
    let text = named.to_string_lossy();
    if text.contains('*') {
        return Pattern::parse(&text).is_ok_and(|pattern| pattern.fits(path));
    }
    path == named || path.parent() == Some(&named)
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => normal.push(part),
        }
    }
    normal
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// `.sqlx/query-1a2b.json`, and what sqlx before 0.7 wrote: `sqlx-data.json`.
fn is_sqlx(path: &Path) -> bool {
    let name = name_of(path);
    let in_folder = path.parent().is_some_and(|folder| folder.ends_with(".sqlx"));
    name == "sqlx-data.json" || (in_folder && name.starts_with("query-") && has_extension(&name, "json"))
}

fn application_of_sqlx(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(Path::new(""));
    let folder = if folder.ends_with(".sqlx") {
        folder.parent().unwrap_or(Path::new(""))
    } else {
        folder
    };
    folder.to_owned()
}

/// A file of SQL somewhere below a folder called `queries`.
fn is_in_queries(path: &Path) -> bool {
    let mut folders = path.parent().into_iter().flat_map(Path::components);
    has_extension(&name_of(path), "sql") && folders.any(|part| part.as_os_str() == "queries")
}

fn application_of_queries(path: &Path) -> PathBuf {
    let before = path.components().take_while(|part| part.as_os_str() != "queries");
    before.collect()
}

/// What somebody names, as it is now.
pub(super) fn given_now(root: &Path, given: &Setting<PathBuf>) -> Result<Vec<Group>, RepoError> {
    let path = root.join(&given.value);
    let error = |reason: String| RepoError::QueriesPath {
        path: given.value.clone(),
        from: given.from.clone(),
        reason,
    };
    let data = fs::metadata(&path).map_err(|source| error(format!("cannot be read: {source}")))?;
    let mut paths = Vec::new();
    if data.is_dir() {
        let mut pending = vec![path.clone()];
        while let Some(folder) = pending.pop() {
            let entries = fs::read_dir(&folder).map_err(|source| error(format!("cannot be read: {source}")))?;
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => pending.push(entry.path()),
                    Ok(kind) if kind.is_file() && kind_by_name(&entry.path()).is_some() => paths.push(entry.path()),
                    _ => {}
                }
            }
            if paths.len() > FILES_MAX {
                return Err(error(format!("holds more than {FILES_MAX} files of queries")));
            }
        }
        if paths.is_empty() {
            return Err(error(
                "holds no queries: neither files of SQL (`*.sql`) nor what sqlx writes (`query-*.json`)".to_owned(),
            ));
        }
        paths.sort();
    } else {
        paths.push(path);
    }
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = fs::read(&path).map_err(|source| RepoError::Unreadable {
            path: path.clone(),
            source,
        })?;
        // As people know it: from the root where it is below that.
        let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
        files.push(CommittedFile { path, bytes });
    }
    Ok(grouped(files))
}

/// What somebody names, as it was in the running release; nothing where that did not have it.
pub(super) fn given_at(sources: QuerySources<'_>, given: &Setting<PathBuf>) -> Result<Option<Vec<Group>>, RepoError> {
    let Some(base) = sources.base else { return Ok(None) };
    let path = normal(&sources.root.join(&given.value));
    let Ok(path) = path.strip_prefix(normal(sources.root)) else {
        return Ok(None);
    };
    let files = Files::of_commit(sources.root, base)?;
    let paths = files.paths();
    let below = paths.iter().filter(|file| file.starts_with(path));
    let wanted: Vec<PathBuf> = below
        .filter(|file| *file == &path || kind_by_name(file).is_some())
        .map(|file| file.to_path_buf())
        .collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    Ok(Some(grouped(files.read(&wanted)?)))
}

/// How queries in a file are written down, by its name.
fn kind_by_name(path: &Path) -> Option<SourceKind> {
    let name = name_of(path);
    if has_extension(&name, "json") && (name.starts_with("query-") || name == "sqlx-data.json") {
        return Some(SourceKind::Sqlx);
    }
    has_extension(&name, "sql").then_some(SourceKind::Sql)
}

/// Files that somebody names, by how they are written and where they are.
fn grouped(files: Vec<CommittedFile>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for file in files {
        let is_json = has_extension(&name_of(&file.path), "json");
        let kind = if is_json { SourceKind::Sqlx } else { SourceKind::Sql };
        let folder = file.path.parent().unwrap_or(Path::new("")).to_owned();
        match groups
            .iter_mut()
            .find(|group| group.kind == kind && group.folder == folder)
        {
            Some(group) => group.files.push(file),
            None => groups.push(Group {
                kind,
                engine: None,
                folder,
                files: vec![file],
            }),
        }
    }
    groups
}
