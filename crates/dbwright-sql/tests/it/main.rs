//! Splitting, lexing and summarising, through the public interface.

#![expect(clippy::unwrap_used, reason = "clippy sees tests only in functions marked as such")]

mod cases;
mod lexer;
mod pieces;
mod properties;
mod speed;
mod sqlite_engine;
mod statements;
mod summary;

use dbwright_catalog::Engine;
use dbwright_sql::Dialect;

/// How the engine itself reads a text.
const POSTGRES: Dialect = Dialect {
    engine: Engine::Postgres,
    client_commands: false,
};

/// How `psql -f` reads it.
const PSQL: Dialect = Dialect {
    engine: Engine::Postgres,
    client_commands: true,
};

const SQLITE: Dialect = Dialect {
    engine: Engine::Sqlite,
    client_commands: false,
};

/// How `sqlite3 <` reads it.
const SQLITE_SHELL: Dialect = Dialect {
    engine: Engine::Sqlite,
    client_commands: true,
};

const MYSQL: Dialect = Dialect {
    engine: Engine::MySql,
    client_commands: false,
};

const ALL_DIALECTS: [Dialect; 5] = [POSTGRES, PSQL, SQLITE, SQLITE_SHELL, MYSQL];
