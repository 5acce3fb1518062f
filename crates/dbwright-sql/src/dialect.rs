//! How a text is read: by which engine, by which client, in which mode.

use dbwright_catalog::{Engine, Version};

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The engine whose lexical rules hold.
    pub engine: Engine,
    /// Whether a command-line client reads the file (`psql -f`, `sqlite3 <`, `mysql <`): its own commands (`\i`,
    /// `.read`, `source`) and the rows after `COPY … FROM STDIN` are then pieces of their own. Other tools send them to
    /// the server as they stand.
    pub client_commands: bool,
    /// Whether a tool understands the `DELIMITER` lines of the `mysql` client, and nothing else of it (MySQL and
    /// MariaDB). The client itself understands them anyway.
    pub delimiter_lines: bool,
    /// How the session reads quotes when the text begins (MySQL and MariaDB). What the text sets is followed.
    pub sql_mode: SqlMode,
    /// The version of the server, which decides what version comments (`/*!80000 … */`) are code. Without one, that of
    /// the newest series dbwright knows.
    pub version: Option<Version>,
}

impl Dialect {
    /// How the server of this engine reads a text.
    pub const fn server(engine: Engine) -> Self {
        Dialect {
            engine,
            client_commands: false,
            delimiter_lines: false,
            sql_mode: SqlMode {
                ansi_quotes: false,
                no_backslash_escapes: false,
                oracle: false,
            },
            version: None,
        }
    }

    /// How the command-line client of this engine reads a file: `psql -f`, `sqlite3 <`, `mysql <`, `mariadb <`.
    pub const fn client(engine: Engine) -> Self {
        let mut dialect = Dialect::server(engine);
        dialect.client_commands = true;
        dialect
    }

    /// The same for a tool that understands `DELIMITER` lines.
    #[must_use]
    pub const fn with_delimiter_lines(mut self) -> Self {
        self.delimiter_lines = true;
        self
    }

    /// The same for a session that begins with this mode.
    #[must_use]
    pub const fn with_sql_mode(mut self, sql_mode: SqlMode) -> Self {
        self.sql_mode = sql_mode;
        self
    }

    /// The same for a server of this version.
    #[must_use]
    pub const fn with_version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// Whether the engine is MySQL or MariaDB.
    pub(crate) fn is_mysql_family(self) -> bool {
        matches!(self.engine, Engine::MySql | Engine::MariaDb)
    }

    /// Whether `DELIMITER` lines change what ends a statement.
    pub(crate) fn obeys_delimiter_lines(self) -> bool {
        self.is_mysql_family() && (self.client_commands || self.delimiter_lines)
    }
}

/// The parts of `sql_mode` that change how text is read
/// (<https://dev.mysql.com/doc/refman/9.7/en/sql-mode.html>, <https://mariadb.com/docs/server/server-management/variables-and-modes/sql_mode>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SqlMode {
    /// `ANSI_QUOTES`: `"…"` is a name.
    pub ansi_quotes: bool,
    /// `NO_BACKSLASH_ESCAPES`: a backslash in a string is a backslash.
    pub no_backslash_escapes: bool,
    /// `ORACLE` (MariaDB): routines are written as in PL/SQL.
    pub oracle: bool,
}

impl SqlMode {
    /// The mode that a value of `@@sql_mode` stands for: names with commas between them, in any case. Combinations
    /// (`ANSI`, on MariaDB also `ORACLE`, `MSSQL` and others) stand for their parts.
    pub fn parse(engine: Engine, text: &str) -> SqlMode {
        let mut mode = SqlMode::default();
        for name in text.split(',') {
            mode.add(engine, name.trim());
        }
        mode
    }

    /// Switches on what this single name stands for.
    pub(crate) fn add(&mut self, engine: Engine, name: &str) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let combination = ["db2", "maxdb", "mssql", "oracle", "postgresql"]
            .iter()
            .any(|name| is(name));
        let mariadb = engine == Engine::MariaDb;
        self.ansi_quotes |= is("ansi_quotes") || is("ansi") || (mariadb && combination);
        self.no_backslash_escapes |= is("no_backslash_escapes");
        self.oracle |= mariadb && is("oracle");
    }
}
