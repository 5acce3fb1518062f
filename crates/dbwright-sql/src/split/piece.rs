//! What a text is split into.

use dbwright_catalog::Span;

/// What a piece of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// White space and comments between statements.
    Space,
    /// A statement, without the separator.
    Statement,
    /// The `;` that ends one (psql also knows `\;`), or what a `DELIMITER` line put in its place.
    Separator,
    /// A command of psql, of the sqlite3 shell or of the mysql client, to the end of its line.
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
