//! The way through changelogs that include each other, in the order in which Liquibase reads them.

use std::path::{Component, Path, PathBuf};

use dbwright_catalog::Engine;

use super::super::{Place, Problem};
use super::changelog::{self, Entry};
use super::formatted::{self, Property};
use super::{DEPTH_MAX, short_name};
use crate::text;
use crate::walk::{self, has_extension};

/// So much of a changelog is looked at to tell what it is.
const PEEK_BYTES: u64 = 1024 * 1024;
/// So many SQL files of a folder are looked into.
const LOOKED_INTO_MAX: usize = 200;

/// The changelogs of a folder from which Liquibase may start: one in XML, YAML or JSON that no other one of the folder
/// includes, or else all formatted SQL files in the order of their names.
pub(super) fn roots(root: &Path, folder: &Path, files: &[String]) -> Vec<String> {
    let is_like = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["changelog", "liquibase", "master"]
            .iter()
            .any(|word| name.contains(word))
    };
    let folder_is_like = folder
        .components()
        .any(|part| is_like(&part.as_os_str().to_string_lossy()));
    let peek = |file: &str| text::peek(&root.join(folder).join(file), PEEK_BYTES);
    let structured: Vec<(&String, Vec<Entry>)> = files
        .iter()
        .filter(|file| changelog::is_structured(file) && (folder_is_like || is_like(file)))
        .filter_map(|file| {
            let text = peek(file);
            changelog::is_changelog(file, &text).then(|| (file, changelog::entries(file, &text)))
        })
        .collect();
    let includes = |entries: &[Entry], wanted: &str| {
        entries.iter().any(|entry| match entry {
            Entry::Include { file, .. } => file.rsplit('/').next() == Some(wanted),
            Entry::IncludeAll { .. } | Entry::Property(_) | Entry::ChangeSets { .. } => false,
        })
    };
    let mut tops: Vec<&String> = structured
        .iter()
        .filter(|(file, _)| {
            !structured
                .iter()
                .any(|(other, entries)| other != file && includes(entries, file))
        })
        .map(|(file, _)| *file)
        .collect();
    tops.sort_by_key(|file| !(file.contains("master") || file.contains("root") || file.contains("main")));
    if let Some(top) = tops.first() {
        return vec![(*top).clone()];
    }
    let sql = files.iter().filter(|file| has_extension(file, "sql"));
    sql.take(LOOKED_INTO_MAX)
        .filter(|file| formatted::is_formatted(&peek(file)))
        .cloned()
        .collect()
}

/// Whether a changelog somewhere else includes one of these files.
pub(super) fn included_elsewhere(place: &Place<'_>, files: &[String]) -> bool {
    let own: Vec<PathBuf> = files.iter().map(|file| place.folder.join(file)).collect();
    let others = place.tree.files().filter(|path| {
        let name = path.to_string_lossy();
        let is_like = ["changelog", "liquibase", "master"]
            .iter()
            .any(|word| name.to_ascii_lowercase().contains(word));
        is_like && changelog::is_structured(&name) && !own.contains(path)
    });
    others.into_iter().any(|path| {
        let text = text::peek(&place.root.join(&path), PEEK_BYTES);
        let name = path.to_string_lossy();
        text.contains("include")
            && changelog::is_changelog(&name, &text)
            && changelog::entries(&name, &text)
                .iter()
                .flat_map(|entry| included(place.root, &path, entry).unwrap_or_default())
                .any(|file| own.contains(&file))
    })
}

/// The files that an entry includes; an error where there is none.
fn included(root: &Path, changelog: &Path, entry: &Entry) -> Result<Vec<PathBuf>, String> {
    match entry {
        Entry::Include { file, is_relative, .. } => resolve(root, changelog, file, *is_relative)
            .filter(|path| root.join(path).is_file())
            .map(|path| vec![path])
            .ok_or_else(|| format!("it includes {file}, which is not there")),
        Entry::IncludeAll {
            path,
            is_relative,
            ends_with,
            depth_max,
            ..
        } => {
            let folder = resolve(root, changelog, path, *is_relative)
                .filter(|path| root.join(path).is_dir())
                .ok_or_else(|| format!("it includes all of {path}, which is not there"))?;
            let mut files = Vec::new();
            below(root, &folder, *depth_max, &mut files);
            files.retain(|file| {
                let name = file.to_string_lossy();
                (has_extension(&name, "sql") || changelog::is_structured(&name))
                    && name.ends_with(ends_with.as_str())
                    && file != changelog
            });
            files.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
            Ok(files)
        }
        Entry::Property(_) | Entry::ChangeSets { .. } => Ok(Vec::new()),
    }
}

fn below(root: &Path, folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    const FOLDERS_DEEP_MAX: usize = 14;
    if depth == 0 || folder.components().count() > FOLDERS_DEEP_MAX {
        return;
    }
    let listing = walk::list(&root.join(folder), folder).unwrap_or_default();
    files.extend(listing.files.iter().map(|file| folder.join(file)));
    for inner in &listing.folders {
        below(root, &folder.join(inner), depth - 1, files);
    }
}

/// A path of a changelog, relative to the root: from the changelog itself, or from any folder above it, which is where the
/// search path of Liquibase may begin.
fn resolve(root: &Path, changelog: &Path, file: &str, is_relative: bool) -> Option<PathBuf> {
    let file = file
        .trim()
        .trim_start_matches("classpath*:")
        .trim_start_matches("classpath:");
    let own = changelog.parent().unwrap_or(Path::new(""));
    if is_relative {
        return normal(&own.join(file));
    }
    let file = file.trim_start_matches('/');
    own.ancestors()
        .filter_map(|folder| normal(&folder.join(file)))
        .find(|path| root.join(path).exists())
}

/// A path without `.` and `..`; nothing where it leaves the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name),
            Component::CurDir => {}
            Component::ParentDir if parts.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

/// A way through changelogs, in the order in which Liquibase reads them.
pub(super) struct Walk<'a> {
    root: &'a Path,
    engine: Engine,
    /// All files so far.
    pub(super) files: Vec<PathBuf>,
    /// The steps to take with them.
    pub(super) steps: Vec<Step>,
    pub(super) properties: Vec<Property>,
    pub(super) problems: Vec<Problem>,
}

/// What comes out of a changelog.
pub(super) enum Step {
    /// A SQL file, with the number of properties that are known when it is read.
    Sql(PathBuf),
    /// Changesets that are not SQL.
    Others { path: PathBuf, count: usize, line: u32 },
}

impl<'a> Walk<'a> {
    pub(super) fn new(root: &'a Path, engine: Engine) -> Walk<'a> {
        Walk {
            root,
            engine,
            files: Vec::new(),
            steps: Vec::new(),
            properties: Vec::new(),
            problems: Vec::new(),
        }
    }

    pub(super) fn visit(&mut self, path: &Path, depth: usize) {
        if depth > DEPTH_MAX || self.files.iter().any(|file| file == path) {
            return;
        }
        let name = path.to_string_lossy().into_owned();
        if !changelog::is_structured(&name) {
            self.files.push(path.to_owned());
            self.steps.push(Step::Sql(path.to_owned()));
            return;
        }
        let text = text::peek(&self.root.join(path), PEEK_BYTES);
        if !changelog::is_changelog(&name, &text) {
            return;
        }
        self.files.push(path.to_owned());
        for entry in changelog::entries(&name, &text) {
            match (&entry, included(self.root, path, &entry)) {
                (Entry::Property(property), _) => self.property(property.clone()),
                (Entry::ChangeSets { count, line }, _) => self.steps.push(Step::Others {
                    path: path.to_owned(),
                    count: *count,
                    line: *line,
                }),
                (Entry::Include { .. } | Entry::IncludeAll { .. }, Ok(files)) => {
                    for file in files {
                        self.visit(&file, depth + 1);
                    }
                }
                (Entry::Include { line, .. } | Entry::IncludeAll { line, .. }, Err(why)) => {
                    self.problems.push(Problem::refused(
                        path.to_owned(),
                        *line,
                        format!("Liquibase refuses the changelog: {why}"),
                        "Correct the path; without relativeToChangelogFile it counts from the search path.",
                    ));
                }
            }
        }
    }

    /// The first value of a name counts.
    fn property(&mut self, property: Property) {
        let is_new = self.properties.iter().all(|known| known.name != property.name);
        if is_new && formatted::is_for(property.dbms.as_deref(), short_name(self.engine)) {
            self.properties.push(property);
        }
    }
}
