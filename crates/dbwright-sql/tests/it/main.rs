//! Splitting, lexing and summarising, through the public interface.

#![expect(clippy::unwrap_used, reason = "clippy sees tests only in functions marked as such")]

mod cases;
mod lexer;
mod mysql_family_details;
mod mysql_family_pieces;
mod mysql_family_summary;
mod pieces;
mod properties;
mod speed;
mod sqlite_engine;
mod statements;
mod summary;

use dbwright_catalog::Engine;
use dbwright_sql::Dialect;

/// How the engine itself reads a text.
const POSTGRES: Dialect = Dialect::server(Engine::Postgres);

/// How `psql -f` reads it.
const PSQL: Dialect = Dialect::client(Engine::Postgres);

const SQLITE: Dialect = Dialect::server(Engine::Sqlite);

/// How `sqlite3 <` reads it.
const SQLITE_SHELL: Dialect = Dialect::client(Engine::Sqlite);

const MYSQL: Dialect = Dialect::server(Engine::MySql);

/// How `mysql <` reads it.
const MYSQL_CLIENT: Dialect = Dialect::client(Engine::MySql);

const MARIADB: Dialect = Dialect::server(Engine::MariaDb);

/// How `mariadb <` reads it.
const MARIADB_CLIENT: Dialect = Dialect::client(Engine::MariaDb);

/// How a tool reads it that knows `DELIMITER` and nothing else of the client.
const MYSQL_TOOL: Dialect = Dialect::server(Engine::MySql).with_delimiter_lines();

const MARIADB_TOOL: Dialect = Dialect::server(Engine::MariaDb).with_delimiter_lines();

const ALL_DIALECTS: [Dialect; 10] = [
    POSTGRES,
    PSQL,
    SQLITE,
    SQLITE_SHELL,
    MYSQL,
    MYSQL_CLIENT,
    MYSQL_TOOL,
    MARIADB,
    MARIADB_CLIENT,
    MARIADB_TOOL,
];
