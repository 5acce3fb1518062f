//! Comments that silence rules: `-- dbwright: allow table-rewrite (the table has 200 rows)`.
//!
//! `allow` holds for the statement that follows (or that the comment stands in or behind), `allow-file` for the whole
//! file. What stands in parentheses is the reason, for people.

use dbwright_catalog::{Migration, Span};

/// A comment for dbwright.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// What it asks for.
    pub(crate) kind: InstructionKind,
    /// Where the comment stands.
    pub(crate) span: Span,
    /// Its line, counted from 1.
    pub(crate) line: u32,
    /// Index of the statement that it stands at.
    pub(crate) statement: usize,
}

/// What a comment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InstructionKind {
    /// These rules are silent at the statement.
    Allow(Vec<String>),
    /// These rules are silent in the file.
    AllowFile(Vec<String>),
    /// Neither; holds the text.
    NotUnderstood(String),
}

/// All comments for dbwright in a migration.
pub(crate) fn instructions(migration: &Migration) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    let mut start = 0;
    for (index, line) in migration.text.split_inclusive('\n').enumerate() {
        let line_start = start;
        start += line.len();
        let Some((offset, text)) = comment_for_us(line) else {
            continue;
        };
        let span = Span::new(line_start + offset, line_start + line.trim_end().len());
        let behind_a_statement = !line[..offset].trim().is_empty();
        let Some(statement) = statement_at(migration, span, line_start, behind_a_statement) else {
            continue;
        };
        instructions.push(Instruction {
            kind: read(text),
            span,
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            statement,
        });
    }
    instructions
}

/// Whether a finding of this rule at this statement is silenced.
pub(crate) fn is_allowed(instructions: &[Instruction], rule: &str, statement: usize) -> bool {
    instructions.iter().any(|instruction| match &instruction.kind {
        InstructionKind::Allow(rules) => instruction.statement == statement && rules.iter().any(|name| name == rule),
        InstructionKind::AllowFile(rules) => rules.iter().any(|name| name == rule),
        InstructionKind::NotUnderstood(_) => false,
    })
}

/// Where `--` stands in the line and what follows `dbwright:`.
fn comment_for_us(line: &str) -> Option<(usize, &str)> {
    line.match_indices("--").find_map(|(offset, _)| {
        let text = line[offset..]
            .trim_start_matches('-')
            .trim_start()
            .strip_prefix("dbwright:")?;
        Some((offset, text.trim()))
    })
}

/// The statement that a comment stands at: the one that it is behind on the same line, else the one that it is in, else
/// the next; after the last one, the last.
fn statement_at(migration: &Migration, comment: Span, line_start: usize, behind: bool) -> Option<usize> {
    let statements = &migration.statements;
    let behind = statements
        .iter()
        .rposition(|statement| behind && statement.span.start < comment.start && statement.span.end >= line_start);
    let next = || {
        statements
            .iter()
            .position(|statement| statement.span.end > comment.start)
    };
    behind.or_else(next).or_else(|| statements.len().checked_sub(1))
}

fn read(text: &str) -> InstructionKind {
    let text_before_reason = text.split('(').next().unwrap_or_default();
    let mut words = text_before_reason
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty());
    let word = words.next().unwrap_or_default();
    let rules: Vec<String> = words.map(str::to_owned).collect();
    match word {
        "allow" if !rules.is_empty() => InstructionKind::Allow(rules),
        "allow-file" if !rules.is_empty() => InstructionKind::AllowFile(rules),
        _ => InstructionKind::NotUnderstood(text.to_owned()),
    }
}
