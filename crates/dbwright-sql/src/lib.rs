//! Text to statements: split SQL files exactly, and tell what matters for running a statement.
//!
//! Not a parser: whether a statement is right, the server says.
//!
//! ```
//! use dbwright_catalog::Engine;
//! use dbwright_sql::{Dialect, Summary, statements, summarise};
//!
//! let dialect = Dialect::client(Engine::Postgres);
//! let text = "\\set ON_ERROR_STOP on\n-- the ; in this body ends nothing\nDO $$ BEGIN NULL; END $$;\nSELECT ';'";
//! let found = statements(dialect, text);
//!
//! let texts: Vec<&str> = found.iter().map(|statement| statement.text.as_str()).collect();
//! assert_eq!(texts, ["\\set ON_ERROR_STOP on", "DO $$ BEGIN NULL; END $$", "SELECT ';'"]);
//! assert_eq!(found[0].not_sent.as_deref(), Some("psql command, not sent"));
//! assert_eq!(found[1].line, 3);
//! assert_eq!(summarise(Engine::Postgres, &found[1].text), Summary::Code);
//! ```
//!
//! What is known of which engine: PostgreSQL (with psql), SQLite (with its shell), MySQL and MariaDB (with their
//! client) are split as they split themselves. Of MySQL and MariaDB, [`summarise_mysql_family`] tells more.

mod dialect;
mod intent;
mod lexer;
pub mod mysql_family;
pub mod postgres;
mod split;
mod summary;

pub use dialect::{Dialect, SqlMode};
pub use intent::{DeclaredRename, Renamed, UnclearIntent, declared_renames};
pub use lexer::{Token, TokenKind, Tokens, tokens, tokens_in};
pub use split::{Piece, PieceKind, is_harmless_command, pieces, statements, statements_in};
pub use summary::{
    Form, IndexKind, MySqlFamilySummary, OnlineClause, Requested, Summary, TableAction, TableName, TransactionControl,
    summarise, summarise_mysql_family,
};
