//! Which bytes of a file belong to a statement: the comment above it, its separator, and the marks of its tool around it.

use std::ops::Range;

use dbwright_catalog::Statement;

/// A statement with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// From the comment above it to the end of the line of its separator.
    pub(super) whole: Range<usize>,
    /// The statement.
    pub(super) statement: Range<usize>,
}

/// The blocks of statements that follow each other in a text.
pub(super) fn blocks(text: &str, statements: &[Statement]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::with_capacity(statements.len());
    for (index, statement) in statements.iter().enumerate() {
        let before = blocks.last().map_or(0, |block| block.whole.end);
        let limit = statements.get(index + 1).map_or(text.len(), |next| next.span.start);
        let end = end(text, statement, limit);
        blocks.push(Block {
            whole: start(text, before, statement.span.start)..end,
            statement: statement.span.range(),
        });
    }
    blocks
}

impl Block {
    /// The comment above the statement, without marks of a tool.
    pub(super) fn comment(&self, text: &str) -> String {
        let lines = text[self.whole.start..self.statement.start].split_inclusive('\n');
        lines.filter(|line| !is_mark(line)).collect()
    }

    /// The whole block, ended.
    pub(super) fn ended(&self, text: &str) -> String {
        let mut block = text[self.whole.clone()].to_owned();
        let tail = &text[self.statement.end..self.whole.end];
        if !tail.contains(';') {
            block.truncate(self.statement.end - self.whole.start);
            block.push(';');
        }
        if !block.ends_with('\n') {
            block.push('\n');
        }
        block
    }
}

/// Where the comment directly above a statement begins. A line that tells the tool something about the file is no comment, and
/// neither is what an empty line separates from the statement.
fn start(text: &str, before: usize, statement: usize) -> usize {
    let line_start = text[before..statement].rfind('\n').map_or(before, |at| before + at + 1);
    if !text[line_start..statement].trim().is_empty() {
        return statement;
    }
    let mut start = line_start;
    while start > before {
        let above = &text[before..start - 1];
        let line_start = above.rfind('\n').map_or(before, |at| before + at + 1);
        let line = text[line_start..start].trim();
        let is_comment = line.starts_with("--") || (line.starts_with("/*") && line.ends_with("*/"));
        let opens_statement = is_mark(line) && line.to_ascii_lowercase().ends_with("statementbegin");
        if !is_comment || (is_mark(line) && !opens_statement) || is_first_of_file(line) {
            break;
        }
        start = line_start;
    }
    start
}

/// How comments for a tool begin.
const MARKS: [&str; 16] = [
    "+goose",
    "migrate:",
    "+migrate",
    "atlas:",
    "tern:",
    "create above",
    "liquibase",
    "changeset",
    "comment:",
    "comment ",
    "rollback ",
    "precondition",
    "validchecksum",
    "property ",
    "up migration",
    "down migration",
];

/// Whether a comment is one for a tool.
fn is_mark(line: &str) -> bool {
    let line = line.trim();
    let word = line.trim_start_matches('-').trim_start().to_ascii_lowercase();
    line.starts_with("--!") || MARKS.iter().any(|mark| word.starts_with(mark))
}

/// Whether a comment says how the file is to be run.
fn is_first_of_file(line: &str) -> bool {
    line.starts_with("-- no-transaction")
}

/// The end of a statement: behind its separator, and behind the rest of that line where nothing but a comment follows.
fn end(text: &str, statement: &Statement, limit: usize) -> usize {
    let mut at = statement.span.end;
    if statement.copy_rows.is_some()
        && let Some(end) = text[at..limit].find("\n\\.")
    {
        let rest = at + end + 3;
        return text[rest..limit].find('\n').map_or(limit, |line| rest + line + 1);
    }
    let Some(separator) = separator(&text[at..limit]) else {
        return at;
    };
    at += separator + 1;
    at = line_end(text, at, limit);
    // The mark that closes a statement with statements inside.
    let next = text[at..limit].find('\n').map_or(limit, |line| at + line + 1);
    let line = text[at..next].trim();
    if is_mark(line) && line.to_ascii_lowercase().ends_with("statementend") {
        at = next;
    }
    at
}

/// The end of the line, where nothing but white space or a comment is left of it.
fn line_end(text: &str, at: usize, limit: usize) -> usize {
    let end = text[at..limit].find('\n').map_or(limit, |line| at + line + 1);
    let rest = text[at..end].trim();
    let is_comment = rest.starts_with("--") || (rest.starts_with("/*") && rest.find("*/") == Some(rest.len() - 2));
    if rest.is_empty() || is_comment { end } else { at }
}

/// Where the semicolon stands that follows white space and comments.
fn separator(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if trimmed.starts_with(';') {
            return Some(at);
        }
        at += if trimmed.starts_with("--") {
            trimmed.find('\n')? + 1
        } else if trimmed.starts_with("/*") {
            trimmed.find("*/")? + 2
        } else {
            return None;
        };
    }
}

/// A text with pieces of it replaced.
#[derive(Debug, Default)]
pub(super) struct Edits {
    edits: Vec<(Range<usize>, String)>,
}

impl Edits {
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.edits.push((range, text.into()));
    }

    /// Takes blocks out, which come in order: of the empty lines around them one stays.
    pub(super) fn take_out(&mut self, text: &str, blocks: &[&Block]) {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for block in blocks {
            match ranges.last_mut() {
                // Nothing but white space stood between them.
                Some(last) if text[last.end..block.whole.start].trim().is_empty() => last.end = block.whole.end,
                _ => ranges.push(block.whole.clone()),
            }
        }
        for range in ranges {
            let before = &text[..range.start];
            let after = &text[range.end..];
            let is_apart = before.is_empty() || before.ends_with("\n\n") || before.ends_with("\n\r\n");
            let gap = if after.starts_with("\r\n") {
                2
            } else {
                usize::from(after.starts_with('\n'))
            };
            let end = if is_apart { range.end + gap } else { range.end };
            self.replace(range.start..end, "");
        }
    }

    pub(super) fn extend(&mut self, others: Edits) {
        self.edits.extend(others.edits);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text with all edits, which must not overlap.
    pub(super) fn apply(mut self, text: &str) -> String {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut result = String::with_capacity(text.len());
        let mut done = 0;
        for (range, new) in &self.edits {
            result.push_str(&text[done..range.start.max(done)]);
            result.push_str(new);
            done = range.end.max(done);
        }
        result.push_str(&text[done..]);
        result
    }
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::Engine;
    use dbwright_sql::Dialect;

    use super::*;

    fn shown(text: &str) -> Vec<&str> {
        let statements = dbwright_sql::statements(Dialect::server(Engine::Postgres), text);
        blocks(text, &statements)
            .into_iter()
            .map(|block| &text[block.whole])
            .collect()
    }

    #[test]
    fn a_block_has_the_comment_above_and_the_rest_of_the_line_behind() {
        let text =
            "-- license\n\n-- one\nSELECT 1; -- behind\n\n-- alone\n\n  SELECT 2 /* in front */ ;\nSELECT 3; SELECT 4";
        assert_eq!(
            shown(text),
            [
                "-- one\nSELECT 1; -- behind\n",
                "  SELECT 2 /* in front */ ;\n",
                "SELECT 3; ",
                "SELECT 4"
            ]
        );
    }

    #[test]
    fn marks_for_the_tool_stay_but_those_around_one_statement_go_with_it() {
        let text = "-- +goose Up\n-- why\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\nSELECT 2;\n";
        assert_eq!(
            shown(text),
            [
                "-- why\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\n",
                "SELECT 2;\n"
            ]
        );
        assert_eq!(shown("-- no-transaction\nSELECT 1;\n"), ["SELECT 1;\n"]);
        assert_eq!(shown("-- migrate:up\nSELECT 1;\n"), ["SELECT 1;\n"]);
    }

    #[test]
    fn what_goes_leaves_one_empty_line() {
        let text = "SELECT 1;\n\nSELECT 2;\nSELECT 2;\n\nSELECT 2;\n\nSELECT 3;\n";
        let statements = dbwright_sql::statements(Dialect::server(Engine::Postgres), text);
        let blocks = blocks(text, &statements);
        let mut edits = Edits::default();
        edits.take_out(text, &[&blocks[1], &blocks[2], &blocks[3]]);
        assert_eq!(edits.apply(text), "SELECT 1;\n\nSELECT 3;\n");
    }
}
