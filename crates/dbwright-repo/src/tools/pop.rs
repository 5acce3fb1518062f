//! gobuffalo/pop and ory/pop: `<version>_<name>[.<dialect>][.autocommit].up.sql`.
//!
//! As in <https://github.com/gobuffalo/pop/blob/main/match.go> (names), <https://github.com/gobuffalo/pop/blob/main/migrator.go>
//! (order by version as text; one transaction for each file), <https://github.com/gobuffalo/pop/blob/main/migration_content.go>
//! (templates). Ory's services run their files by a migrator of their own, popx:
//! <https://github.com/ory/x/blob/master/popx/migration_box.go> (each version needs a down file, odd names are refused),
//! <https://github.com/ory/x/blob/master/popx/migration_info.go> (which file wins: the one of the dialect; CockroachDB does
//! not fall back to the files of PostgreSQL) and <https://github.com/ory/x/blob/master/popx/migrator.go>: files with
//! `.autocommit`, and all files on MySQL, go out without a transaction, the whole content at once. On MySQL that is one
//! query of several statements (<https://github.com/ory/pop/blob/main/dialect_mysql.go>), which commit one by one.

mod go_code;
mod names;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, LeftOut, Migration, RunMode, Tool};

use super::{Claim, Folder, Place, Problem, Read, duplicates, without_templates};
use crate::error::RepoError;
use crate::facts::Fact;
use crate::go_template::{self, Context, Value};
use crate::text;
use crate::walk;
pub(crate) use go_code::library;
use names::{Dialect, Name, parse};

/// pop itself opens a database with `_fk=true`: <https://github.com/gobuffalo/pop/blob/main/dialect_sqlite.go>. popx
/// switches foreign keys off while it migrates, which `facts` says.
pub(super) const SQLITE_FOREIGN_KEYS: bool = true;

/// Whether a folder bears marks of this tool: dialects in the names of its files, or a project that depends on pop.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    let ups: Vec<(&String, Name<'_>)> = place
        .listing
        .files
        .iter()
        .filter_map(|file| Some((file, parse(file)?)))
        .filter(|(_, name)| name.is_up && name.dialect != Dialect::Unknown)
        .collect();
    let marked = ups
        .iter()
        .find(|(_, name)| name.dialect != Dialect::All || name.autocommit || name.is_fizz);
    let dependency = place.depends_on(Tool::Pop);
    if ups.is_empty() || dependency.is_none() && (marked.is_none() || place.depends_on(Tool::GolangMigrate).is_some()) {
        return None;
    }
    let mut engines: Vec<Engine> = ups.iter().filter_map(|(_, name)| name.dialect.engine()).collect();
    engines.sort();
    engines.dedup();
    // Files for all dialects beside those of one: what the others are, drivers and syntax say.
    if engines.len() == 1 && ups.iter().any(|(_, name)| name.dialect == Dialect::All) {
        engines.clear();
    }
    let mut versions: Vec<&str> = ups.iter().map(|(_, name)| name.version).collect();
    versions.sort_unstable();
    versions.dedup();
    let mark = marked.map(|(file, _)| Fact::new("a file named as pop names them", place.folder.join(file), None));
    Some(Claim {
        migrations: versions.len(),
        each_engine: engines.len() > 1,
        engines,
        facts: mark.into_iter().chain(dependency).collect(),
    })
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut files: Vec<PathBuf> = folder.files_below()?.into_iter().map(|path| folder.at(path)).collect();
    for path in go_code::merged(folder.root, folder.path) {
        // The same file in both is one.
        if files.iter().all(|known| known.file_name() != path.file_name()) {
            files.push(path);
        }
    }
    let names: Vec<Found<'_>> = files
        .iter()
        .filter_map(|path| {
            let file = path.file_name()?.to_str()?;
            let name = parse(file)?;
            Some(Found { path, file, name })
        })
        .collect();
    let reader = Reader {
        folder,
        is_popx: is_popx(folder) || names.iter().any(|found| found.name.autocommit),
        dialect: dialect(folder.engine, &names),
        option_defaults: RefCell::default(),
    };
    let mut read = Read {
        problems: reader.odd_names(&files),
        left_out: left_out(&names),
        ..Read::default()
    };

    // Of files with the same version, the one of the dialect wins over the one for all.
    let mut ups: BTreeMap<&str, Vec<&Found<'_>>> = BTreeMap::new();
    for found in &names {
        let name = &found.name;
        let is_ours = name.dialect == reader.dialect || name.dialect == Dialect::All;
        if name.is_up && is_ours && !(reader.is_popx && name.is_fizz) {
            ups.entry(name.version).or_default().push(found);
        }
    }
    let go = if reader.is_popx {
        go_code::migrations(folder.root, folder.path, reader.dialect)
    } else {
        Vec::new()
    };
    let mut migrations: Vec<(&str, Migration)> = Vec::new();
    for (version, candidates) in &mut ups {
        candidates.sort_by_key(|found| found.name.dialect == Dialect::All);
        let best = candidates[0].name.dialect;
        for found in candidates.iter().filter(|found| found.name.dialect == best) {
            migrations.push((version, reader.migration(found, &names)?));
        }
    }
    for (version, migration) in &go {
        migrations.push((version, migration.clone()));
    }
    migrations.sort_by_key(|(version, _)| *version);
    let versions: Vec<&str> = migrations.iter().map(|(version, _)| *version).collect();
    read.migrations = migrations.iter().map(|(_, migration)| migration.clone()).collect();
    read.problems
        .extend(duplicates(&read.migrations, &versions, "pop runs only one of them"));
    if reader.is_popx {
        let in_go: Vec<&str> = go.iter().map(|(version, _)| version.as_str()).collect();
        read.problems.extend(without_down(&names, &in_go));
    }
    Ok(read)
}

/// The dialect whose files an engine gets. MariaDB is reached as `mysql` where no file is for `mariadb`.
fn dialect(engine: Engine, names: &[Found<'_>]) -> Dialect {
    match engine {
        Engine::Postgres => Dialect::Postgres,
        Engine::MariaDb if names.iter().any(|found| found.name.dialect == Dialect::MariaDb) => Dialect::MariaDb,
        Engine::MySql | Engine::MariaDb => Dialect::MySql,
        Engine::Sqlite => Dialect::Sqlite,
    }
}

/// Whether the project's Go module uses Ory's migrator.
fn is_popx(folder: &Folder<'_>) -> bool {
    const BYTES_MAX: u64 = 1024 * 1024;
    folder.path.ancestors().any(|parent| {
        let module = folder.root.join(parent).join("go.mod");
        module.is_file() && text::peek(&module, BYTES_MAX).contains("github.com/ory/x")
    })
}

/// All files that are not for an engine that dbwright knows.
fn left_out(names: &[Found<'_>]) -> Vec<LeftOut> {
    let those = |what: &str, is: fn(&Name<'_>) -> bool| LeftOut {
        what: what.to_owned(),
        files: names
            .iter()
            .filter(|found| is(&found.name))
            .map(|found| found.path.to_owned())
            .collect(),
    };
    let all = [those("files for CockroachDB", |name| {
        name.dialect == Dialect::Cockroach
    })];
    all.into_iter().filter(|left_out| !left_out.files.is_empty()).collect()
}

/// popx refuses to run anything while a version has no file that goes down.
fn without_down(names: &[Found<'_>], in_go: &[&str]) -> Vec<Problem> {
    let is_taken = |found: &&Found<'_>| !found.name.is_fizz && found.name.dialect != Dialect::Unknown;
    let (ups, downs): (Vec<&Found<'_>>, Vec<&Found<'_>>) =
        names.iter().filter(is_taken).partition(|found| found.name.is_up);
    let mut known: Vec<&str> = downs
        .iter()
        .map(|found| found.name.version)
        .chain(in_go.iter().copied())
        .collect();
    let mut problems = Vec::new();
    for Found { path, file, name } in ups {
        if known.contains(&name.version) {
            continue;
        }
        // Told once for each version.
        known.push(name.version);
        problems.push(Problem::refused(
            path.to_path_buf(),
            1,
            format!("popx refuses all migrations: {file} has no down migration"),
            "Add one with the same version; it may be empty.",
        ));
    }
    problems
}

/// A file that is named like a migration.
struct Found<'a> {
    /// Relative to the root.
    path: &'a Path,
    /// Its name.
    file: &'a str,
    name: Name<'a>,
}

struct Reader<'a> {
    folder: &'a Folder<'a>,
    /// Whether Ory's migrator runs the files, and not pop's own.
    is_popx: bool,
    dialect: Dialect,
    /// Defaults of options of the connection, looked up once.
    option_defaults: RefCell<BTreeMap<String, Option<String>>>,
}

impl Reader<'_> {
    /// Files whose names the tool does not take.
    fn odd_names(&self, files: &[PathBuf]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for path in files {
            let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_sql = walk::has_extension(file, "sql");
            let name = parse(file);
            let advice = "Name it <version>_<name>.up.sql, or move it out of the folder of migrations.";
            let problem = match name {
                None if is_sql && self.is_popx => Problem::refused(
                    path.clone(),
                    1,
                    format!("popx refuses all migrations: {file} is not named like a migration"),
                    advice,
                ),
                None if is_sql => Problem::skipped(
                    path.clone(),
                    format!("pop passes over {file}: it is not named like a migration"),
                    advice,
                ),
                Some(name) if name.dialect == Dialect::Unknown && name.is_up => Problem::skipped(
                    path.clone(),
                    format!("pop passes over {file}: it does not know the dialect in its name"),
                    "Use postgres, cockroach, mysql, mariadb or sqlite3.",
                ),
                Some(name) if name.is_fizz && self.is_popx && name.is_up => Problem::skipped(
                    path.clone(),
                    format!("popx passes over {file}: it reads SQL files only"),
                    "Write it as SQL.",
                ),
                Some(_) | None => continue,
            };
            problems.push(problem);
        }
        problems
    }

    fn migration(&self, found: &Found<'_>, names: &[Found<'_>]) -> Result<Migration, RepoError> {
        let name = &found.name;
        let down = names
            .iter()
            .filter(|other| !other.name.is_up && other.name.version == name.version)
            .filter(|other| other.name.dialect == self.dialect || other.name.dialect == Dialect::All)
            .min_by_key(|other| other.name.dialect == Dialect::All);
        let down = down.map(|down| self.one_way(down)).transpose()?;
        Ok(Migration {
            down: down.map(super::down_of),
            ..self.one_way(found)?
        })
    }

    /// The file of one way, as a migration.
    fn one_way(&self, found: &Found<'_>) -> Result<Migration, RepoError> {
        let Found { path, file, name } = found;
        let shown = file.rsplit_once(".up.").map_or(*file, |(stem, _)| stem);
        if name.is_fizz {
            let inside = path.strip_prefix(self.folder.path).unwrap_or(path);
            return self.folder.program(inside, shown, "Fizz");
        }
        let text = text::read(&self.folder.root.join(path), path)?.text;
        let data = self.template_data(&text);
        let templates = BTreeMap::new();
        let context = Context {
            data: &data,
            templates: &templates,
            function: &|function, values| match (function, values) {
                ("identifier", [value @ Value::Text(text)]) if is_identifier(text) => Some(value.clone()),
                _ => None,
            },
        };
        let rendered = go_template::render(&text, 0..text.len(), &context);
        Ok(Migration {
            name: shown.to_owned(),
            path: path.to_path_buf(),
            statements: without_templates(rendered.statements(self.folder.dialect(), &text)),
            run_mode: self.run_mode(name.autocommit),
            down: None,
            text,
        })
    }

    /// What `.` is in a template. Parameters of popx are given by the project's code, which is not read; options of pop have
    /// defaults in settings.
    fn template_data(&self, text: &str) -> Value {
        let is = |dialect: Dialect| Value::Bool(self.dialect == dialect);
        if self.is_popx {
            Value::map([
                ("IsSQLite", is(Dialect::Sqlite)),
                ("IsCockroach", is(Dialect::Cockroach)),
                ("IsMySQL", is(Dialect::MySql)),
                ("IsMariaDB", is(Dialect::MariaDb)),
                ("IsPostgreSQL", is(Dialect::Postgres)),
            ])
        } else {
            let mut defaults = self.option_defaults.borrow_mut();
            let options: Vec<(&str, Value)> = option_names(text)
                .into_iter()
                .filter_map(|name| {
                    let default = defaults
                        .entry(name.to_owned())
                        .or_insert_with(|| go_code::option_default(self.folder.root, name));
                    Some((name, Value::Text(default.clone()?)))
                })
                .collect();
            Value::map([
                ("Dialect", Value::Text(self.dialect.name().to_owned())),
                ("Options", Value::map(options)),
            ])
        }
    }

    fn run_mode(&self, autocommit: bool) -> RunMode {
        let no_transaction = self.is_popx && (autocommit || self.dialect == Dialect::MySql);
        match self.folder.engine {
            Engine::Postgres if no_transaction => RunMode::SimpleQuery,
            Engine::MySql | Engine::MariaDb | Engine::Sqlite if no_transaction => RunMode::EachStatement,
            Engine::Postgres | Engine::MySql | Engine::MariaDb | Engine::Sqlite => RunMode::Transaction,
        }
    }
}

/// The names of `.Options.Name` and `index .Options "Name"` in a template.
fn option_names(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .split(".Options")
        .skip(1)
        .filter_map(|rest| {
            let name = rest.strip_prefix('.').or_else(|| rest.trim_start().strip_prefix('"'))?;
            name.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
        })
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// As `popx.Identifier` checks it.
fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
