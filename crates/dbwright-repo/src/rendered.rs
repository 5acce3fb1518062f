//! Texts that a tool makes out of a file before it sends them: templates, placeholders, included files.
//!
//! Each part knows where in the file it comes from, so that a statement of the made text still has its place there.

use std::ops::Range;

use dbwright_catalog::{Span, Statement};
use dbwright_sql::Dialect;

use crate::text::line_at;

/// A text made of a file, with where in the file each part of it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rendered {
    text: String,
    parts: Vec<Part>,
}

/// One part of a made text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// Where it begins in the made text.
    start: usize,
    /// What it stands for in the file.
    source: Range<usize>,
    /// Whether it is the same text there.
    copied: bool,
}

impl Rendered {
    /// The made text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Adds a range of the file as it stands.
    pub(crate) fn copy(&mut self, file: &str, range: Range<usize>) {
        self.push(&file[range.clone()], range, true);
    }

    /// Adds a text that stands in the place of a range of the file.
    pub(crate) fn put(&mut self, text: &str, in_place_of: Range<usize>) {
        self.push(text, in_place_of, false);
    }

    fn push(&mut self, text: &str, source: Range<usize>, copied: bool) {
        if !text.is_empty() {
            let start = self.text.len();
            self.parts.push(Part { start, source, copied });
            self.text.push_str(text);
        }
    }

    /// Where in the file a range of the made text comes from.
    fn source(&self, range: &Range<usize>) -> Span {
        let part_at = |offset: usize| {
            let after = self.parts.partition_point(|part| part.start <= offset);
            self.parts.get(after.saturating_sub(1))
        };
        let start = part_at(range.start).map_or(0, |part| {
            let inside = if part.copied { range.start - part.start } else { 0 };
            part.source.start + inside
        });
        let last = range.end.saturating_sub(1).max(range.start);
        let end = part_at(last).map_or(start, |part| {
            if part.copied {
                part.source.start + (range.end - part.start)
            } else {
                part.source.end
            }
        });
        Span::new(start, end.max(start))
    }

    /// The statements of a range of the made text, with their places in the file.
    pub(crate) fn statements_in(&self, dialect: Dialect, file: &str, range: Range<usize>) -> Vec<Statement> {
        let mut statements = dbwright_sql::statements_in(dialect, &self.text, range);
        for statement in &mut statements {
            statement.span = self.source(&statement.span.range());
            statement.line = line_at(file.as_bytes(), statement.span.start);
        }
        statements
    }

    /// The statements of the made text, with their places in the file.
    pub(crate) fn statements(&self, dialect: Dialect, file: &str) -> Vec<Statement> {
        self.statements_in(dialect, file, 0..self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::Engine;

    use super::*;

    #[test]
    fn statements_of_a_made_text_have_their_places_in_the_file() {
        let file = "SELECT 1;\nSELECT {{a}}, b;\n{{c}}\nSELECT 4";
        let mut rendered = Rendered::default();
        rendered.copy(file, 0..17);
        rendered.put("'long'", 17..22);
        rendered.copy(file, 22..27);
        rendered.put("SELECT 2; SELECT 3;", 27..32);
        rendered.copy(file, 32..file.len());
        let found = rendered.statements(Dialect::server(Engine::Postgres), file);
        let found: Vec<(&str, &str, u32)> = found
            .iter()
            .map(|statement| (statement.text.as_str(), &file[statement.span.range()], statement.line))
            .collect();
        assert_eq!(
            found,
            [
                ("SELECT 1", "SELECT 1", 1),
                ("SELECT 'long', b", "SELECT {{a}}, b", 2),
                ("SELECT 2", "{{c}}", 3),
                ("SELECT 3", "{{c}}", 3),
                ("SELECT 4", "SELECT 4", 4),
            ]
        );
    }

    #[test]
    fn a_text_of_nothing_has_no_statements() {
        assert_eq!(
            Rendered::default().statements(Dialect::server(Engine::Postgres), ""),
            []
        );
    }
}
