//! graphile-migrate: `migrations/committed/000001[-name].sql` in a chain of hashes, and `migrations/current.sql` (or a
//! folder `current/`), which is still being worked on.
//!
//! As in <https://github.com/graphile/migrate/blob/main/src/migration.ts> (headers, chain, placeholders, includes, how a file
//! is run), <https://github.com/graphile/migrate/blob/main/src/hash.ts>,
//! <https://github.com/graphile/migrate/blob/main/src/current.ts>,
//! <https://github.com/graphile/migrate/blob/main/src/header.ts> (`--! no-transaction`) and
//! <https://github.com/graphile/migrate/blob/main/src/settings.ts>. `current` is what a developer runs again and again, and
//! what the next commit makes a migration of: it comes last here, like a migration that is pending.
//!
//! Settings come from `.gmrc`, or as far as they are literals from `.gmrc.js`; those that it takes from the environment are
//! not known. A new database is made by `reset` (<https://github.com/graphile/migrate/blob/main/src/commands/reset.ts>), whose
//! action `afterReset` runs SQL files of the project before all migrations; so it is here. Other actions are not run.

mod settings;

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, LeftOut, Migration, RunMode};
use sha1::{Digest, Sha1};

use super::{Claim, Folder, Place, Problem, Read, lines};
use crate::error::RepoError;
use crate::facts::Fact;
use crate::order;
use crate::rendered::Rendered;
use crate::walk::{self, has_extension};
use settings::Placeholders;

const COMMITTED: &str = "committed";
const CURRENT: &str = "current";
const CURRENT_FILE: &str = "current.sql";
const FIXTURES: &str = "fixtures";
/// Deeper includes go round in circles.
const INCLUDE_DEPTH_MAX: usize = 16;

/// The number of a file: `/^([0-9]+)(-[-_a-zA-Z0-9]*)?\.sql$/`.
fn number(file: &str) -> Option<&str> {
    let (number, rest) = order::digits(file.strip_suffix(".sql")?);
    let is_slug = |slug: &str| slug.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let is_right = rest.is_empty() || rest.strip_prefix('-').is_some_and(is_slug);
    (!number.is_empty() && is_right).then_some(number)
}

/// Whether a folder bears marks of this tool: a folder `committed` whose files have its headers, or its settings above it
/// and `current`.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    let listing = |name: &str| place.tree.folders.get(&place.folder.join(name));
    let committed: Vec<PathBuf> = listing(COMMITTED)
        .map(|listing| listing.files.iter().filter(|file| number(file).is_some()))
        .into_iter()
        .flatten()
        .map(|file| place.folder.join(COMMITTED).join(file))
        .collect();
    let has_current = listing(CURRENT).is_some() || place.listing.files.iter().any(|file| file == CURRENT_FILE);
    let settings = settings::file(place.root, place.folder);
    let headed = committed
        .first()
        .filter(|path| place.peek(path).lines().any(|line| line.starts_with("--! Hash:")));
    let fact = match (headed, &settings) {
        (Some(path), _) => Fact::new("`--! Hash:`", path.clone(), None),
        (None, Some(settings)) if has_current => Fact::new("settings of graphile-migrate", settings.clone(), None),
        (None, _) => return None,
    };
    Some(Claim {
        migrations: committed.len() + usize::from(has_current),
        engines: vec![Engine::Postgres],
        each_engine: false,
        facts: vec![fact],
    })
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let placeholders = Placeholders::of(folder);
    let mut read = Read::default();
    for path in settings::actions(folder, &["afterReset"]) {
        let text = folder.text(&path)?.text;
        let rendered = placeholders.put_in(&text, 0);
        let name = path.to_string_lossy().into_owned();
        let migration = migration(folder, &path, &name, text, &rendered);
        // Each file goes out as one query (https://github.com/graphile/migrate/blob/main/src/actions.ts).
        read.migrations.push(Migration {
            run_mode: RunMode::SimpleQuery,
            ..migration
        });
    }
    let committed = folder.at(COMMITTED);
    if folder.listing.folders.iter().any(|name| name == COMMITTED) {
        let listing = walk::list(&folder.root.join(&committed), &committed)?;
        let mut files: Vec<(&str, &str)> = Vec::new();
        for file in &listing.files {
            match number(file) {
                Some(number) => files.push((number, file)),
                None if has_extension(file, "sql") => read.problems.push(Problem::skipped(
                    committed.join(file),
                    format!("graphile-migrate passes over {file}: its name is not <number>-<name>.sql"),
                    "Let the tool commit it, or move it out of the folder.",
                )),
                None => {}
            }
        }
        files.sort_by(|(a, a_file), (b, b_file)| a.cmp(b).then_with(|| a_file.cmp(b_file)));
        let mut previous: Option<String> = None;
        for (_, file) in files {
            committed_file(folder, file, &placeholders, &mut previous, &mut read)?;
        }
    }
    current(folder, &placeholders, &mut read)?;
    if let (Some(first), Some(statement)) = (read.migrations.first_mut(), settings::session(folder)) {
        first.statements.insert(0, statement);
    }
    let others = [
        "beforeReset",
        "beforeAllMigrations",
        "afterAllMigrations",
        "beforeCurrent",
        "afterCurrent",
    ];
    let files: Vec<PathBuf> = settings::actions(folder, &others)
        .into_iter()
        .map(|path| folder.at(path))
        .collect();
    if !files.is_empty() {
        read.left_out.push(LeftOut {
            what: "files of actions".to_owned(),
            files,
        });
    }
    Ok(read)
}

/// The headers of a file, and where its body begins.
struct Header<'a> {
    fields: Vec<(&'a str, &'a str)>,
    body: usize,
    /// Whether an empty line follows them.
    is_closed: bool,
    ends_in_carriage_return: bool,
}

impl<'a> Header<'a> {
    /// Headers begin with a capital letter: `--! Previous: sha1:…`.
    fn of(text: &'a str) -> Header<'a> {
        let mut header = Header {
            fields: Vec::new(),
            body: 0,
            is_closed: false,
            ends_in_carriage_return: false,
        };
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            let field = content
                .strip_prefix("--! ")
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
            let Some(field) = field else {
                header.is_closed = content.is_empty();
                header.ends_in_carriage_return = content == "\r";
                break;
            };
            let (key, value) = field.split_once(':').unwrap_or((field.trim_end(), ""));
            if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                break;
            }
            header.fields.push((key, value.trim()));
            header.body += line.len();
        }
        header
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        let field = self.fields.iter().find(|(name, _)| *name == key);
        field.map(|(_, value)| *value)
    }
}

/// `sha1:` of the hash before and the body (`calculateHash`).
fn hash(body: &str, previous: Option<&str>) -> String {
    let hashed = format!("{}\n{}", previous.unwrap_or_default(), body.trim());
    let digest = Sha1::digest(format!("{}\n", hashed.trim()));
    format!("sha1:{digest:x}")
}

/// The text of a committed migration that follows on `previous`, and its hash.
/// <https://github.com/graphile/migrate/blob/main/src/commands/commit.ts>
pub(crate) fn committed(body: &str, previous: Option<&str>, message: &str) -> (String, String) {
    let hash = hash(body, previous);
    let text = format!(
        "--! Previous: {}\n--! Hash: {hash}\n--! Message: {message}\n\n{}\n",
        previous.unwrap_or("-"),
        body.trim()
    );
    (text, hash)
}

/// The text of a committed migration whose body was changed, with its hash as it is now, and that; nothing where its headers are
/// not such as the tool writes.
pub(crate) fn rehashed(text: &str) -> Option<(String, String)> {
    let header = Header::of(text);
    let old = header.get("Hash")?;
    let previous = header.get("Previous").filter(|previous| *previous != "-");
    if header.get("AllowInvalidHash").is_some() {
        return None;
    }
    let body = text[header.body..].trim();
    let hash = hash(body, previous);
    let headers = text[..header.body].replace(&format!("Hash: {old}"), &format!("Hash: {hash}"));
    Some((format!("{headers}\n{body}\n"), hash))
}

/// Where the text of a committed migration begins, behind its headers.
pub(crate) fn body_start(text: &str) -> usize {
    let header = Header::of(text);
    text.len() - text[header.body..].trim_start().len()
}

/// Whether a file is a committed migration.
pub(crate) fn is_committed(path: &Path) -> bool {
    path.parent()
        .and_then(Path::file_name)
        .is_some_and(|folder| folder == COMMITTED)
}

/// The hash that stands in a committed migration.
pub(crate) fn hash_in(text: &str) -> Option<String> {
    Header::of(text).get("Hash").map(str::to_owned)
}

fn committed_file(
    folder: &Folder<'_>,
    file: &str,
    placeholders: &Placeholders,
    previous: &mut Option<String>,
    read: &mut Read,
) -> Result<(), RepoError> {
    let path = Path::new(COMMITTED).join(file);
    let text = folder.text(&path)?.text;
    let header = Header::of(&text);
    let mut refuse = |message: String, advice: &str| {
        read.problems.push(Problem::refused(
            folder.at(&path),
            1,
            format!("graphile-migrate refuses {message}"),
            advice,
        ));
    };
    let by_the_tool = "Let the tool write the file: `graphile-migrate uncommit` and `commit`.";
    if header.ends_in_carriage_return {
        refuse(
            format!("all migrations: the lines of {file} end in CR LF"),
            "Keep git from changing them: `*.sql -text` in .gitattributes.",
        );
    } else if !header.is_closed {
        refuse(
            format!("all migrations: no empty line follows the headers of {file}"),
            by_the_tool,
        );
    }
    let body = text[header.body..].trim();
    match (header.get("Previous"), header.get("Hash")) {
        (Some(before), Some(own)) if !before.is_empty() && !own.is_empty() => {
            let before = Some(before).filter(|before| *before != "-");
            let is_right = hash(body, before) == own;
            let may_be_wrong = header.get("AllowInvalidHash").is_some();
            if before != previous.as_deref() {
                let expected = previous.as_deref().unwrap_or("-");
                refuse(
                    format!("all migrations: {file} does not follow on the file before it, whose hash is {expected}"),
                    "Uncommit it, and commit it again after the others.",
                );
            }
            if !is_right && !may_be_wrong {
                refuse(
                    format!(
                        "{file} on new databases: its hash is not that of its text, it was changed after it was committed"
                    ),
                    "Undo the change and write it into a new migration, or add `--! AllowInvalidHash` to the headers.",
                );
            } else if is_right && may_be_wrong {
                refuse(
                    format!("{file}: it has AllowInvalidHash, but its hash is right"),
                    "Remove `--! AllowInvalidHash`.",
                );
            }
            *previous = Some(own.to_owned());
        }
        _ => refuse(
            format!("all migrations: {file} has no `--! Previous:` and `--! Hash:`"),
            by_the_tool,
        ),
    }
    let start = body_start(&text);
    let rendered = placeholders.put_in(&text, start);
    read.migrations.push(migration(folder, &path, file, text, &rendered));
    Ok(())
}

fn migration(folder: &Folder<'_>, path: &Path, name: &str, text: String, rendered: &Rendered) -> Migration {
    let statements = rendered.statements(folder.dialect(), &text);
    Migration {
        name: name.strip_suffix(".sql").unwrap_or(name).to_owned(),
        path: folder.at(path),
        statements: Placeholders::name_open_ones(statements),
        run_mode: if is_without_transaction(rendered.text()) {
            RunMode::SimpleQuery
        } else {
            RunMode::Transaction
        },
        text,
        down: None,
    }
}

/// Whether the first line is `--! no-transaction`.
fn is_without_transaction(text: &str) -> bool {
    let rest = text.strip_prefix("--!").map(str::trim_start);
    let after = rest.and_then(|rest| rest.strip_prefix("no-transaction"));
    after.is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// What is still being worked on: one file, or the files of a folder, run together.
fn current(folder: &Folder<'_>, placeholders: &Placeholders, read: &mut Read) -> Result<(), RepoError> {
    let has_folder = folder.listing.folders.iter().any(|name| name == CURRENT);
    let has_file = folder.listing.files.iter().any(|name| name == CURRENT_FILE);
    if has_folder && has_file {
        read.problems.push(Problem::refused(
            folder.at(CURRENT_FILE),
            1,
            "graphile-migrate refuses to work: there is a file current.sql and a folder current",
            "Keep one of the two.",
        ));
    }
    let mut parts: Vec<(u64, PathBuf)> = Vec::new();
    if has_folder {
        let listing = walk::list(&folder.root.join(folder.at(CURRENT)), &folder.at(CURRENT))?;
        for file in listing
            .files
            .iter()
            .filter(|file| !file.starts_with('.') && has_extension(file, "sql"))
        {
            let path = Path::new(CURRENT).join(file);
            match number(file)
                .and_then(|number| number.parse::<u64>().ok())
                .filter(|number| *number > 0)
            {
                Some(number) => parts.push((number, path)),
                None => read.problems.push(Problem::refused(
                    folder.at(&path),
                    1,
                    format!("graphile-migrate refuses {file}: its name is not <number>-<name>.sql"),
                    "Begin the name with a number from 1 on.",
                )),
            }
        }
        parts.sort();
    } else if has_file {
        parts.push((1, PathBuf::from(CURRENT_FILE)));
    }
    for (index, (number, path)) in parts.iter().enumerate() {
        if let Some((_, earlier)) = parts[..index].iter().find(|(other, _)| other == number) {
            read.problems.push(Problem::refused(
                folder.at(path),
                1,
                format!(
                    "graphile-migrate refuses the folder current: {} has the number {number} as well",
                    earlier.display()
                ),
                "Give one of the two another number.",
            ));
        }
        let text = folder.text(path)?.text;
        let rendered = Includes { folder, placeholders }.put_in(&text, path, &mut read.problems);
        if has_folder && is_without_transaction(rendered.text()) {
            read.problems.push(Problem::refused(
                folder.at(path),
                1,
                "graphile-migrate refuses `--! no-transaction` in the folder current",
                "Use a single file current.sql.",
            ));
        }
        let name = path.to_string_lossy().replace('\\', "/");
        let mut found = migration(folder, path, &name, text, &rendered);
        if has_folder {
            found.run_mode = RunMode::AllInOneTransaction;
        }
        if !found.statements.is_empty() {
            read.migrations.push(found);
        }
    }
    Ok(())
}

/// `--! include file.sql`, which puts a file of `fixtures/` in its place.
struct Includes<'a> {
    folder: &'a Folder<'a>,
    placeholders: &'a Placeholders,
}

impl Includes<'_> {
    /// A file with its placeholders and includes put in.
    fn put_in(&self, text: &str, path: &Path, problems: &mut Vec<Problem>) -> Rendered {
        let mut rendered = Rendered::default();
        let mut done = 0;
        for (range, line_number, line) in lines(text) {
            let Some(file) = included(line) else { continue };
            self.placeholders.append(text, done..range.start, &mut rendered);
            done = range.end;
            match self.fixture(file, 0) {
                Ok(fixture) => rendered.put(self.placeholders.put_in(&fixture, 0).text(), range),
                Err(why) => problems.push(Problem::refused(
                    self.folder.at(path),
                    line_number,
                    format!("graphile-migrate refuses the include of {file}: {why}"),
                    "Files to be included stand in the folder fixtures beside current.",
                )),
            }
        }
        self.placeholders.append(text, done..text.len(), &mut rendered);
        rendered
    }

    /// The text of a fixture with those that it includes itself.
    fn fixture(&self, file: &str, depth: usize) -> Result<String, String> {
        let goes_up = Path::new(file)
            .components()
            .any(|part| !matches!(part, std::path::Component::Normal(_)));
        if goes_up {
            return Err("it lies outside of the folder fixtures".to_owned());
        }
        if depth > INCLUDE_DEPTH_MAX {
            return Err("it includes itself".to_owned());
        }
        let path = Path::new(FIXTURES).join(file);
        let text = self
            .folder
            .text(path)
            .map_err(|_| "there is no such file".to_owned())?
            .text;
        let mut whole = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            match included(line.trim_end_matches(['\n', '\r'])) {
                Some(inner) => {
                    whole.push_str(self.fixture(inner, depth + 1)?.trim());
                    whole.push('\n');
                }
                None => whole.push_str(line),
            }
        }
        Ok(whole)
    }
}

/// `/^--![ \t]*include[ \t]+(.*\.sql)[ \t]*$/`.
fn included(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("--!")?
        .trim_start_matches([' ', '\t'])
        .strip_prefix("include")?;
    let file = rest.trim_matches([' ', '\t']);
    (rest.starts_with([' ', '\t']) && has_extension(file, "sql")).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_covers_the_one_before_it() {
        // echo 'create table a (b int);' | sha1sum
        let first = hash("create table a (b int);\n", None);
        assert_eq!(first, "sha1:b231c88574262b21cad7a24166ed23e8ef5cc11c");
        assert_ne!(hash("create table a (b int);\n", Some(&first)), first);
    }

    #[test]
    fn the_first_line_may_ask_for_no_transaction() {
        assert!(is_without_transaction("--! no-transaction\nselect 1"));
        assert!(is_without_transaction("--!no-transaction"));
        assert!(!is_without_transaction("--! no-transactions"));
        assert!(!is_without_transaction("-- no-transaction"));
    }
}
