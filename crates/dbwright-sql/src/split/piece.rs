//! What a text is split into.

use dbwright_catalog::{Engine, Span};

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The engine whose lexical rules hold.
    pub engine: Engine,
    /// Whether a command-line client reads the file (`psql -f`, `sqlite3 <`): its own commands (`\i`, `.read`) and the
    /// rows after `COPY … FROM STDIN` are then pieces of their own. Other tools send them to the server as they stand.
    pub client_commands: bool,
}

/// What a piece of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// White space and comments between statements.
    Space,
    /// A statement, without the separator.
    Statement,
    /// The `;` that ends one (psql also knows `\;`).
    Separator,
    /// A command of psql or of the sqlite3 shell, to the end of its line.
    ClientCommand,
    /// The rows after `COPY … FROM STDIN`, with the closing `\.` line.
    CopyRows,
}

/// A piece of a file. The pieces of a file, joined, are the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Where it is, in bytes.
    pub span: Span,
}

/// A piece with what the splitter learned about it on the way.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) piece: Piece,
    /// Client commands inside a statement that goes on behind them, and backslashes that hide a colon from psql.
    pub(super) inner: Vec<Span>,
    /// Whether a client command throws the statement away.
    pub(super) discarded: bool,
    /// For rows: the index of the piece that they belong to.
    pub(super) owner: Option<usize>,
}
