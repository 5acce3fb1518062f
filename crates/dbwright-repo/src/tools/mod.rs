//! Migration tools: one file each, which reads a folder as the tool reads *and runs* it.
//!
//! The facts about a tool come from its source; each file says from where. What makes a tool refuse or pass over a file
//! becomes a [`Problem`], never an error: the rest is still read.

pub(crate) mod atlas;
mod dbmate;
mod diesel;
mod drizzle;
mod flyway;
mod golang_migrate;
mod goose;
pub(crate) mod graphile_migrate;
pub(crate) mod liquibase;
mod node_pg_migrate;
mod numbered;
mod pop;
mod prisma;
mod refinery;
mod settings;
mod sql_migrate;
mod sqlx;
mod supabase;
mod tern;

use std::ops::Range;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Down, Engine, LeftOut, Migration, RunMode, Severity, Span, Statement, Tool};
use dbwright_sql::Dialect;

use crate::error::RepoError;
use crate::facts::{Fact, Manifest, engines_named};
use crate::scan;
use crate::text::{self, Mark, Text};
use crate::walk::{self, Listing, Tree};

/// A folder of migrations that is being read.
pub(crate) struct Folder<'a> {
    /// The root of the repository.
    pub(crate) root: &'a Path,
    /// The folder, relative to the root.
    pub(crate) path: &'a Path,
    /// What is in it.
    pub(crate) listing: Listing,
    /// For which engine it is read.
    pub(crate) engine: Engine,
}

impl<'a> Folder<'a> {
    /// Opens a folder for reading.
    pub(crate) fn open(root: &'a Path, path: &'a Path, engine: Engine) -> Result<Folder<'a>, RepoError> {
        Ok(Folder {
            root,
            path,
            listing: walk::list(&root.join(path), path)?,
            engine,
        })
    }

    /// Reads and decodes a file, named relative to the folder.
    fn text(&self, file: impl AsRef<Path>) -> Result<Text, RepoError> {
        let path = self.path.join(file);
        text::read(&self.root.join(&path), &path)
    }

    /// How a tool's files are split: it sends them to the server as they stand.
    fn dialect(&self) -> Dialect {
        Dialect::server(self.engine)
    }

    /// A migration that is one whole file.
    fn whole_file(&self, file: &Path, name: &str, run_mode: RunMode) -> Result<(Migration, Mark), RepoError> {
        let Text { text, mark } = self.text(file)?;
        let statements = dbwright_sql::statements(self.dialect(), &text);
        let migration = Migration {
            name: name.to_owned(),
            path: self.path.join(file),
            statements: without_templates(statements),
            text,
            run_mode,
            down: None,
        };
        Ok((migration, mark))
    }

    /// A way back that is one whole file, and its mark.
    fn whole_down(&self, file: impl AsRef<Path>, run_mode: RunMode) -> Result<(Down, Mark), RepoError> {
        let (migration, mark) = self.whole_file(file.as_ref(), "", run_mode)?;
        Ok((down_of(migration), mark))
    }

    /// A migration that is a program of its own (`.go`, `.rs`): it is named, and nothing of it can be run.
    fn program(&self, file: &Path, name: &str, language: &str) -> Result<Migration, RepoError> {
        let text = self.text(file)?.text;
        let first_line = text.lines().next().unwrap_or_default();
        let statement = Statement {
            text: first_line.to_owned(),
            span: Span::new(0, first_line.len()),
            line: 1,
            copy_rows: None,
            not_sent: Some(format!("the migration is {language} code; dbwright runs SQL only")),
        };
        Ok(Migration {
            name: name.to_owned(),
            path: self.path.join(file),
            statements: vec![statement],
            text,
            run_mode: RunMode::Transaction,
            down: None,
        })
    }

    /// All files at and below the folder, relative to it, in the order of their paths.
    fn files_below(&self) -> Result<Vec<PathBuf>, RepoError> {
        const DEPTH_MAX: usize = 8;
        let mut pending = vec![PathBuf::new()];
        let mut files = Vec::new();
        while let Some(path) = pending.pop() {
            let listing = walk::list(&self.root.join(self.path).join(&path), &self.at(&path))?;
            files.extend(listing.files.iter().map(|file| path.join(file)));
            if path.components().count() < DEPTH_MAX {
                pending.extend(listing.folders.iter().map(|inner| path.join(inner)));
            }
        }
        files.sort_by(|a: &PathBuf, b: &PathBuf| Path::cmp(a, b));
        Ok(files)
    }

    /// The paths of files in the folder.
    fn at(&self, file: impl AsRef<Path>) -> PathBuf {
        self.path.join(file)
    }
}

/// A file that was read as a migration, as the way back of another.
fn down_of(migration: Migration) -> Down {
    Down {
        path: migration.path,
        text: migration.text,
        statements: migration.statements,
        run_mode: migration.run_mode,
    }
}

/// What reading a folder gave.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// The migrations, in the order in which the tool runs them.
    pub(crate) migrations: Vec<Migration>,
    /// What is odd about them.
    pub(crate) problems: Vec<Problem>,
    /// Files that are not run, with the reason.
    pub(crate) left_out: Vec<LeftOut>,
    /// What the tool's platform has in a new database before the first migration.
    pub(crate) prelude: Option<Migration>,
}

/// A folder that may hold migrations, with what lies around it.
pub(crate) struct Place<'a> {
    /// The root of the repository.
    pub(crate) root: &'a Path,
    /// The folder, relative to the root.
    pub(crate) folder: &'a Path,
    /// What is in it.
    pub(crate) listing: &'a Listing,
    /// All folders of the repository.
    pub(crate) tree: &'a Tree,
    /// What the manifests of the repository say.
    pub(crate) manifests: &'a [Manifest],
}

impl Place<'_> {
    /// What says that the project around the folder depends on `tool`: the nearest manifest upwards that names any
    /// migration tool decides.
    pub(crate) fn depends_on(&self, tool: Tool) -> Option<Fact> {
        let nearest = self.folder.ancestors().find_map(|folder| {
            let here = self.manifests.iter().filter(|manifest| manifest.folder == folder);
            let tools: Vec<&(Tool, Fact)> = here.flat_map(|manifest| &manifest.tools).collect();
            (!tools.is_empty()).then_some(tools)
        });
        let found = nearest?.into_iter().find(|(found, _)| *found == tool)?;
        Some(found.1.clone())
    }

    /// The beginning of a file, named relative to the root.
    pub(crate) fn peek(&self, path: &Path) -> String {
        const PEEK_BYTES: u64 = 64 * 1024;
        text::peek(&self.root.join(path), PEEK_BYTES)
    }
}

/// What a tool's own marks (its configuration beside a folder, annotations in its files) say about a folder.
pub(crate) struct Claim {
    /// How many migrations it holds.
    pub(crate) migrations: usize,
    /// The engines that the tool's marks leave: all that it may be, none where they say nothing.
    pub(crate) engines: Vec<Engine>,
    /// Whether the folder holds one history for each of `engines`, and not one for any of them.
    pub(crate) each_engine: bool,
    /// What this rests on.
    pub(crate) facts: Vec<Fact>,
}

/// The first tool whose own marks a folder bears. Tools whose marks others might be taken for come first.
pub(crate) fn claim(place: &Place<'_>) -> Option<(Tool, Claim)> {
    type Claims = fn(&Place<'_>) -> Option<Claim>;
    let claims: [(Tool, Claims); 11] = [
        (Tool::Prisma, prisma::claim),
        (Tool::Drizzle, drizzle::claim),
        (Tool::Supabase, supabase::claim),
        (Tool::GraphileMigrate, graphile_migrate::claim),
        (Tool::Atlas, atlas::claim),
        (Tool::Liquibase, liquibase::claim),
        (Tool::SqlMigrate, sql_migrate::claim),
        (Tool::Flyway, flyway::claim),
        (Tool::Tern, tern::claim),
        (Tool::Pop, pop::claim),
        (Tool::NodePgMigrate, node_pg_migrate::claim),
    ];
    claims.into_iter().find_map(|(tool, claim)| Some((tool, claim(place)?)))
}

/// What kind of oddity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// The tool stops with an error.
    Refused,
    /// The tool passes over the file without a word.
    Skipped,
}

impl ProblemKind {
    /// The name of the finding it becomes.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            ProblemKind::Refused => "migration-refused",
            ProblemKind::Skipped => "migration-skipped",
        }
    }

    /// How bad that is.
    pub(crate) fn severity(self) -> Severity {
        match self {
            ProblemKind::Refused => Severity::Error,
            ProblemKind::Skipped => Severity::Warning,
        }
    }
}

/// Something odd about a file, as the tool would meet it.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    /// The file, relative to the root.
    pub(crate) path: PathBuf,
    /// Line, counted from 1.
    pub(crate) line: u32,
    /// What happens, without full stop.
    pub(crate) message: String,
    /// What to do, as a sentence.
    pub(crate) advice: String,
}

impl Problem {
    fn refused(path: PathBuf, line: u32, message: impl Into<String>, advice: impl Into<String>) -> Problem {
        Problem {
            kind: ProblemKind::Refused,
            path,
            line,
            message: message.into(),
            advice: advice.into(),
        }
    }

    fn skipped(path: PathBuf, message: impl Into<String>, advice: impl Into<String>) -> Problem {
        Problem {
            kind: ProblemKind::Skipped,
            path,
            line: 1,
            message: message.into(),
            advice: advice.into(),
        }
    }
}

/// Reads a folder as `tool` does.
pub(crate) fn read(tool: Tool, folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = match tool {
        Tool::Sqlx => sqlx::read(folder)?,
        Tool::Diesel => diesel::read(folder)?,
        Tool::Refinery => refinery::read(folder)?,
        Tool::GolangMigrate => golang_migrate::read(folder)?,
        Tool::Dbmate => dbmate::read(folder)?,
        Tool::Goose => goose::read(folder)?,
        Tool::SqlMigrate => sql_migrate::read(folder)?,
        Tool::Flyway => flyway::read(folder)?,
        Tool::Prisma => prisma::read(folder)?,
        Tool::Drizzle => drizzle::read(folder)?,
        Tool::Supabase => supabase::read(folder)?,
        Tool::Pop => pop::read(folder)?,
        Tool::NodePgMigrate => node_pg_migrate::read(folder)?,
        Tool::GraphileMigrate => graphile_migrate::read(folder)?,
        Tool::Tern => tern::read(folder)?,
        Tool::Atlas => atlas::read(folder)?,
        Tool::Liquibase => liquibase::read(folder)?,
        Tool::Numbered | Tool::File => numbered::read(folder)?,
    };
    for link in &folder.listing.links {
        read.problems.push(Problem::skipped(
            folder.at(link),
            format!("{link} is a link, which dbwright does not follow"),
            "Put the file itself into the folder of migrations.",
        ));
    }
    Ok(read)
}

/// The folder of a library whose migrations are for the projects that use it, where the module around `folder` has one.
pub(crate) fn library(root: &Path, folder: &Path) -> Option<PathBuf> {
    pop::library(root, folder)
}

/// Whether a tool reads the folders below the one that it is given, too.
pub(crate) fn reads_below(tool: Tool) -> bool {
    match tool {
        Tool::Refinery | Tool::Pop | Tool::GraphileMigrate | Tool::Tern | Tool::Liquibase | Tool::Flyway => true,
        Tool::Sqlx
        | Tool::Diesel
        | Tool::GolangMigrate
        | Tool::Dbmate
        | Tool::Goose
        | Tool::SqlMigrate
        | Tool::Prisma
        | Tool::Drizzle
        | Tool::Supabase
        | Tool::NodePgMigrate
        | Tool::Atlas
        | Tool::Numbered
        | Tool::File => false,
    }
}

/// Whether the tool's SQLite connection enforces foreign keys when the project's code says nothing about it.
pub(crate) fn sqlite_foreign_keys(tool: Tool) -> bool {
    match tool {
        Tool::Sqlx => sqlx::SQLITE_FOREIGN_KEYS,
        Tool::Refinery => refinery::SQLITE_FOREIGN_KEYS,
        Tool::Prisma => prisma::SQLITE_FOREIGN_KEYS,
        Tool::Pop => pop::SQLITE_FOREIGN_KEYS,
        // Neither the drivers of Go nor the sqlite3 shell nor diesel switch them on, and SQLite is off by default
        // (https://www.sqlite.org/foreignkeys.html#fk_enable).
        Tool::Diesel
        | Tool::GolangMigrate
        | Tool::Dbmate
        | Tool::Goose
        | Tool::SqlMigrate
        | Tool::Flyway
        | Tool::Drizzle
        | Tool::Supabase
        | Tool::NodePgMigrate
        | Tool::GraphileMigrate
        | Tool::Tern
        | Tool::Atlas
        | Tool::Liquibase
        | Tool::Numbered
        | Tool::File => false,
    }
}

/// Whether a folder is called like a database, also one that dbwright does not know.
pub(crate) fn is_called_like_database(name: &str) -> bool {
    const UNKNOWN: [&str; 13] = [
        "h2",
        "hsqldb",
        "hsql",
        "derby",
        "oracle",
        "sqlserver",
        "mssql",
        "db2",
        "cockroachdb",
        "cockroach",
        "snowflake",
        "clickhouse",
        "yugabytedb",
    ];
    !engines_named(name).is_empty() || UNKNOWN.contains(&name)
}

/// Whether the driver that Drizzle uses enforces foreign keys on SQLite while it runs migrations.
pub(crate) fn drizzle_foreign_keys(root: &Path, folder: &Path) -> Option<(bool, Fact)> {
    drizzle::foreign_keys(root, folder)
}

/// Which tools' naming rules a folder follows, and with how many migrations. Contents are looked at by `detect`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// `V1__name.sql`, `U1__name.sql`.
    pub(crate) refinery: usize,
    /// `1_name.up.sql`.
    pub(crate) up_and_down: usize,
    /// `1_name.sql`, without direction.
    pub(crate) single: usize,
    /// Files that begin with a number in any other way, such as `001-name.sql`.
    pub(crate) numbered: usize,
    /// As goose counts: `1_name.sql`, `1_name.go`.
    pub(crate) goose: usize,
}

impl Shape {
    /// The shape of a folder by the names of its files.
    pub(crate) fn of(files: &[String]) -> Shape {
        let mut shape = Shape {
            goose: goose::count(files),
            ..Shape::default()
        };
        for file in files {
            if refinery::version(file).is_some() {
                shape.refinery += 1;
            } else if let Some((_, _, direction)) = golang_migrate::parse(file) {
                shape.up_and_down += usize::from(direction == golang_migrate::Direction::Up);
            } else if sqlx::is_named_like(file) {
                shape.single += 1;
            } else if numbered::is_up(file) {
                shape.numbered += 1;
            }
        }
        shape
    }
}

/// Whether a folder holds a migration of diesel: it has an `up.sql`.
pub(crate) fn is_diesel_migration(listing: &Listing) -> bool {
    listing.files.iter().any(|file| file == diesel::UP)
}

/// The tool whose annotations a file has.
pub(crate) fn annotated(text: &str) -> Option<Tool> {
    text.lines().find_map(|line| {
        if goose::is_annotation(line) {
            Some(Tool::Goose)
        } else if dbmate::directive(line).is_some() {
            Some(Tool::Dbmate)
        } else {
            None
        }
    })
}

/// Marks the statements that hold a template nobody has rendered.
pub(crate) fn without_templates(statements: Vec<Statement>) -> Vec<Statement> {
    statements
        .into_iter()
        .map(|mut statement| {
            if statement.not_sent.is_none()
                && let Some(mark) = scan::template_mark(&statement.text)
            {
                statement.not_sent = Some(format!("template {mark} is not rendered"));
            }
            statement
        })
        .collect()
}

/// The part of a text without a direction: `20240101_add` of `20240101_add.up.sql`.
fn stem(file: &str) -> &str {
    let stem = file.strip_suffix(".sql").unwrap_or(file);
    stem.strip_suffix(".up")
        .or_else(|| stem.strip_suffix(".down"))
        .unwrap_or(stem)
}

/// Lines of a text with their byte range (without the line break) and number.
fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, u32, &str)> {
    let mut start = 0;
    let mut number = 0u32;
    text.split_inclusive('\n').map(move |line| {
        let range = start..start + line.trim_end_matches(['\n', '\r']).len();
        start += line.len();
        number = number.saturating_add(1);
        (range.clone(), number, &text[range])
    })
}

/// Tells of versions that occur twice. `keys` are the migrations' versions, in order.
fn duplicates<V: PartialEq + std::fmt::Display>(
    migrations: &[Migration],
    versions: &[V],
    consequence: &str,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        if let Some(first) = versions[..index].iter().position(|earlier| earlier == version) {
            problems.push(Problem::refused(
                migrations[index].path.clone(),
                1,
                format!(
                    "version {version} is taken by {} already: {consequence}",
                    migrations[first].name
                ),
                "Give one of the two another version.",
            ));
        }
    }
    problems
}
