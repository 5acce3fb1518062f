//! One SQL statement with its place in a file.

use std::ops::Range;

/// A range of bytes in the text of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`, in bytes.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }

    /// The same as a range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// One SQL statement as it stands in a file, without leading comments and without the separator that ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What is sent to the server.
    pub text: String,
    /// Where it stands, in bytes of the file's text.
    pub span: Span,
    /// Line of its first byte, counted from 1.
    pub line: u32,
    /// The rows that follow a `COPY … FROM STDIN` in the same file, without the closing `\.` line.
    pub copy_rows: Option<String>,
    /// Why dbwright does not send it, where it does not: a psql command, a template that is not rendered.
    pub not_sent: Option<String>,
}
