//! What a repository stores: migrations, in the order and manner in which their tool runs them.

use std::fmt;
use std::path::PathBuf;

use crate::{Engine, Finding, Statement, Version};

/// The tool whose conventions a history follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// sqlx (Rust): `migrations/<version>_<name>.sql` or `.up.sql`/`.down.sql`.
    Sqlx,
    /// diesel (Rust): `migrations/<version>_<name>/up.sql`.
    Diesel,
    /// refinery (Rust): `V<version>__<name>.sql`, `U<version>__<name>.sql`.
    Refinery,
    /// golang-migrate: `<version>_<title>.up.sql`.
    GolangMigrate,
    /// dbmate: one file with `-- migrate:up` and `-- migrate:down`.
    Dbmate,
    /// goose: one file with `-- +goose Up` and `-- +goose Down`.
    Goose,
    /// sql-migrate (Go): one file with `-- +migrate Up` and `-- +migrate Down`.
    SqlMigrate,
    /// Flyway: `V<version>__<description>.sql`, `R__<description>.sql`, `U<version>__<description>.sql`, callbacks.
    Flyway,
    /// Prisma Migrate: `<timestamp>_<name>/migration.sql`.
    Prisma,
    /// Drizzle Kit: `meta/_journal.json` with `<index>_<name>.sql`, or `<timestamp>_<name>/migration.sql`.
    Drizzle,
    /// Supabase: `supabase/migrations/<timestamp>_<name>.sql`.
    Supabase,
    /// ory/pop and gobuffalo/pop: `<version>_<name>[.<dialect>][.autocommit].up.sql`.
    Pop,
    /// node-pg-migrate's SQL files: `<timestamp>_<name>.sql` with `-- Up Migration`, or `.up.sql`/`.down.sql`.
    NodePgMigrate,
    /// graphile-migrate: `migrations/committed/<number>[-<name>].sql`, `migrations/current.sql`.
    GraphileMigrate,
    /// tern: `<number>_<name>.sql` with `---- create above / drop below ----`.
    Tern,
    /// Atlas: `<version>_<name>.sql` with `atlas.sum`.
    Atlas,
    /// Liquibase's formatted SQL: `--liquibase formatted sql` with `--changeset author:id`.
    Liquibase,
    /// Numbered files without a tool, run one after the other by `psql -f` or `sqlite3 <`.
    Numbered,
    /// A single file given by name, run like [`Tool::Numbered`].
    File,
}

impl Tool {
    /// All tools whose histories can be detected.
    pub const ALL: [Tool; 18] = [
        Tool::Sqlx,
        Tool::Diesel,
        Tool::Refinery,
        Tool::GolangMigrate,
        Tool::Dbmate,
        Tool::Goose,
        Tool::SqlMigrate,
        Tool::Flyway,
        Tool::Prisma,
        Tool::Drizzle,
        Tool::Supabase,
        Tool::Pop,
        Tool::NodePgMigrate,
        Tool::GraphileMigrate,
        Tool::Tern,
        Tool::Atlas,
        Tool::Liquibase,
        Tool::Numbered,
    ];

    /// The name used in configuration, output and wire formats.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Sqlx => "sqlx",
            Tool::Diesel => "diesel",
            Tool::Refinery => "refinery",
            Tool::GolangMigrate => "golang-migrate",
            Tool::Dbmate => "dbmate",
            Tool::Goose => "goose",
            Tool::SqlMigrate => "sql-migrate",
            Tool::Flyway => "flyway",
            Tool::Prisma => "prisma",
            Tool::Drizzle => "drizzle",
            Tool::Supabase => "supabase",
            Tool::Pop => "pop",
            Tool::NodePgMigrate => "node-pg-migrate",
            Tool::GraphileMigrate => "graphile-migrate",
            Tool::Tern => "tern",
            Tool::Atlas => "atlas",
            Tool::Liquibase => "liquibase",
            Tool::Numbered => "numbered",
            Tool::File => "file",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tool::Numbered => "numbered SQL files",
            Tool::File => "a single SQL file",
            Tool::Flyway => "Flyway",
            Tool::Prisma => "Prisma",
            Tool::Drizzle => "Drizzle",
            Tool::Supabase => "Supabase",
            Tool::Atlas => "Atlas",
            Tool::Liquibase => "Liquibase",
            Tool::Sqlx
            | Tool::Diesel
            | Tool::Refinery
            | Tool::GolangMigrate
            | Tool::Dbmate
            | Tool::Goose
            | Tool::SqlMigrate
            | Tool::Pop
            | Tool::NodePgMigrate
            | Tool::GraphileMigrate
            | Tool::Tern => self.name(),
        })
    }
}

/// How a tool sends one migration to the server. What fails, what is undone and which locks are held together depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunMode {
    /// Statement by statement, each committed by itself (`psql -f`, goose with `NO TRANSACTION`).
    EachStatement,
    /// The migration inside one explicit transaction (sqlx, diesel, dbmate, goose).
    Transaction,
    /// The whole text as one simple query: an implicit transaction that `COMMIT` inside it splits, in which a syntax
    /// error anywhere means that nothing ran (golang-migrate; sqlx with `-- no-transaction`).
    SimpleQuery,
    /// All pending migrations inside one explicit transaction.
    AllInOneTransaction,
}

impl RunMode {
    /// The name used in wire formats.
    pub fn name(self) -> &'static str {
        match self {
            RunMode::EachStatement => "each-statement",
            RunMode::Transaction => "transaction",
            RunMode::SimpleQuery => "simple-query",
            RunMode::AllInOneTransaction => "all-in-one-transaction",
        }
    }
}

/// One step as its tool stores it: the part that goes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// What its tool calls it, without path: `20240101000000_add_users`.
    pub name: String,
    /// The file, relative to the root of the repository (or as given on the command line).
    pub path: PathBuf,
    /// The whole text of the file, decoded, without a byte order mark; spans point into it.
    pub text: String,
    /// The statements that the tool would run to go up, in order.
    pub statements: Vec<Statement>,
    /// How the tool would run them.
    pub run_mode: RunMode,
    /// The way back, where there is one.
    pub down: Option<Down>,
}

impl Migration {
    /// The way back as a migration of its own.
    pub fn back(&self) -> Option<Migration> {
        let down = self.down.as_ref()?;
        Some(Migration {
            name: self.name.clone(),
            path: down.path.clone(),
            text: down.text.clone(),
            statements: down.statements.clone(),
            run_mode: down.run_mode,
            down: None,
        })
    }
}

/// The way back of a migration, as its tool stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// The file, relative to the root of the repository; for tools with one file for both ways, that of the migration.
    pub path: PathBuf,
    /// The whole text of the file; spans point into it.
    pub text: String,
    /// The statements that the tool would run to go back, in order.
    pub statements: Vec<Statement>,
    /// How the tool would run them.
    pub run_mode: RunMode,
}

/// All migrations of one database, in the order in which its tool runs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Whose conventions they follow.
    pub tool: Tool,
    /// For which engine they are written.
    pub engine: Engine,
    /// Which server version the repository says it runs, and where it says so (`docker-compose.yml:12`).
    pub version: Option<(Version, String)>,
    /// The folder, relative to the root of the repository.
    pub folder: PathBuf,
    /// In order of execution.
    pub migrations: Vec<Migration>,
    /// Whether the tool switches foreign keys on for its SQLite connection (sqlx and refinery do; SQLite itself does not).
    pub sqlite_foreign_keys: bool,
    /// What a platform has in a new database before the first migration (roles and schemas of Supabase), as SQL of
    /// dbwright's own; its name says which platform. Runs before `schema`, and is never judged.
    pub prelude: Option<Migration>,
    /// SQL that is loaded before the first migration: the file of `--schema`, as a migration that is never judged.
    pub schema: Option<Migration>,
    /// Files of the folder that are not run, with the reason, for the count in the report.
    pub left_out: Vec<LeftOut>,
    /// What reading the files brought to light (a template that was not rendered, an order that the tool refuses).
    pub findings: Vec<Finding>,
}

impl History {
    /// The index that stands for [`History::schema`] where a statement is named by its migration.
    pub const SCHEMA: usize = usize::MAX;
    /// The index that stands for [`History::prelude`].
    pub const PRELUDE: usize = usize::MAX - 1;

    /// The migration with this index, also where it stands for what is loaded before the first one.
    pub fn at(&self, index: usize) -> Option<&Migration> {
        match index {
            History::SCHEMA => self.schema.as_ref(),
            History::PRELUDE => self.prelude.as_ref(),
            index => self.migrations.get(index),
        }
    }

    /// What is loaded before the first migration, in order, each with the index that stands for it.
    pub fn loaded_first(&self) -> impl Iterator<Item = (usize, &Migration)> {
        let prelude = self.prelude.iter().map(|prelude| (History::PRELUDE, prelude));
        prelude.chain(self.schema.iter().map(|schema| (History::SCHEMA, schema)))
    }
}

/// Files of a folder of migrations that dbwright does not run: they go down, or are for another engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What they are, in the plural: `down migrations`, `files for CockroachDB`.
    pub what: String,
    /// The files, relative to the root of the repository.
    pub files: Vec<PathBuf>,
}

/// Which migrations of a history are judged. All are replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MigrationSet {
    /// Every migration.
    All,
    /// The migrations with these indexes in [`History::migrations`], and why just these (`new since origin/main`).
    Only {
        /// Indexes into [`History::migrations`], ascending.
        indexes: Vec<usize>,
        /// Shown to the user after the count.
        why: String,
    },
}

impl MigrationSet {
    /// Whether the migration with this index is judged.
    pub fn contains(&self, index: usize) -> bool {
        match self {
            MigrationSet::All => true,
            MigrationSet::Only { indexes, .. } => indexes.binary_search(&index).is_ok(),
        }
    }
}
