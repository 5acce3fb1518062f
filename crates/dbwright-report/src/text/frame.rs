//! The code frame of a finding: its place and the telling lines of the statement.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use dbwright_catalog::{Finding, Migration, Section, Severity, Span};

use crate::layout::{FAINT, Layout, clean};
use crate::words;

/// So many lines of a statement are shown.
const LINES_MAX: usize = 8;
/// So many lines are shown from the top of a long statement, also where they tell little.
const LINES_FROM_TOP: usize = 4;

/// A code frame.
pub(super) struct Frame {
    /// The place and the lines, each with its end of line.
    pub(super) text: String,
    /// Columns that the line numbers take.
    pub(super) gutter: usize,
}

/// One line of the file that belongs to the statement.
struct Line<'a> {
    /// Counted from 1.
    number: usize,
    /// Its bytes in the file.
    bytes: Range<usize>,
    text: &'a str,
}

/// The frame of a finding. Where the text is not at hand, just the place.
pub(super) fn frame(section: &Section, finding: &Finding, layout: Layout) -> Frame {
    let migration = migration(section, finding);
    let lines = migration
        .as_deref()
        .map(|migration| (migration, lines(migration, region(migration, finding))))
        .filter(|(_, lines)| !lines.is_empty());
    let last_number = lines
        .as_ref()
        .and_then(|(_, lines)| lines.last())
        .map_or(finding.place.line as usize, |line| line.number);
    let gutter = last_number.to_string().len();
    let line = finding.place.line.max(1);
    let arrow = layout.paint(FAINT, "-->");
    let path = clean(&words::path(&finding.place.path));
    let mut text = format!("{:gutter$}{arrow} {path}:{line}\n", "");
    if let Some((migration, lines)) = lines {
        let point = point(section, migration, finding);
        text.push_str(&render(finding, &lines, point, gutter, layout));
    }
    Frame { text, gutter }
}

/// The bytes that a finding points at, with the migration (or its way back) that they are in; nothing where its text is not
/// at hand or the finding is about a file as a whole.
pub(crate) fn pointed_at<'a>(section: &'a Section, finding: &Finding) -> Option<(Cow<'a, Migration>, Span)> {
    finding.place.span?;
    let migration = migration(section, finding)?;
    let span = point(section, &migration, finding);
    migration.text.get(span.range())?;
    Some((migration, span))
}

/// The migration (or its way back, or the schema file) that the finding is about.
fn migration<'a>(section: &'a Section, finding: &Finding) -> Option<Cow<'a, Migration>> {
    let history = &section.history;
    let path = &finding.place.path;
    if let Some((index, _)) = finding.place.statement {
        return history.migrations.get(index).map(Cow::Borrowed);
    }
    let mut all = history.migrations.iter().chain(&history.schema);
    let is_back = |migration: &&Migration| migration.down.as_ref().is_some_and(|down| down.path == *path);
    all.find(|migration| migration.path == *path)
        .map(Cow::Borrowed)
        .or_else(|| {
            let migration = history.migrations.iter().find(is_back);
            migration.and_then(Migration::back).map(Cow::Owned)
        })
}

/// The bytes whose lines are shown: the statement, the span where there is none, else the line.
fn region(migration: &Migration, finding: &Finding) -> Span {
    let place = &finding.place;
    let statement = place.statement.and_then(|(_, index)| migration.statements.get(index));
    let is_text = |span: &Span| {
        migration
            .text
            .get(span.range())
            .is_some_and(|text| !text.trim().is_empty())
    };
    // A comment for dbwright belongs to a statement and stands outside of it.
    let statement = statement.map(|statement| statement.span).filter(|statement| {
        place
            .span
            .is_none_or(|span| statement.start <= span.start && span.end <= statement.end)
    });
    let span = statement.or(place.span);
    span.filter(is_text).unwrap_or_else(|| {
        let line = place.line.saturating_sub(1) as usize;
        let start: usize = migration.text.split_inclusive('\n').take(line).map(str::len).sum();
        let length = migration
            .text
            .get(start..)
            .and_then(|rest| rest.lines().next())
            .map_or(0, str::len);
        Span::new(start, start + length)
    })
}

/// The lines of a region without empty ones at its end; none where the region does not lie in the text.
fn lines(migration: &Migration, region: Span) -> Vec<Line<'_>> {
    let Some(inside) = migration.text.get(region.range()) else {
        return Vec::new();
    };
    let end = region.start + inside.trim_end().len();
    let mut lines = Vec::new();
    let mut start = 0;
    for (index, text) in migration.text.split_inclusive('\n').enumerate() {
        if start >= end {
            break;
        }
        if start + text.len() > region.start {
            let text = text.trim_end_matches(['\n', '\r']);
            lines.push(Line {
                number: index + 1,
                bytes: start..start + text.len(),
                text,
            });
        }
        start += text.len();
    }
    lines
}

/// What is underlined: where the server points at, else the span of the finding.
fn point(section: &Section, migration: &Migration, finding: &Finding) -> Span {
    let region = region(migration, finding);
    let span = finding.place.span.unwrap_or(region);
    if span != region {
        return span;
    }
    // What was sent may have been rendered from a template: a position in it says nothing about the file.
    let sent = finding
        .place
        .statement
        .and_then(|(_, index)| migration.statements.get(index));
    if sent.is_none_or(|statement| migration.text.get(region.range()) != Some(statement.text.as_str())) {
        return span;
    }
    let position = finding.place.statement.and_then(|(migration, statement)| {
        let trace = section.trace.as_ref()?;
        let effect = trace.migrations.get(migration)?.effects.get(statement)?;
        effect.outcome.error()?.position
    });
    let Some(position) = position.map(|position| region.start + position) else {
        return span;
    };
    match migration.text.get(position..region.end) {
        Some(rest) if !rest.is_empty() => {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let first = rest.chars().next().map_or(1, char::len_utf8);
            Span::new(position, position + word.max(first))
        }
        _ => span,
    }
}

/// The lines with the first of the point underlined.
fn render(finding: &Finding, lines: &[Line<'_>], point: Span, gutter: usize, layout: Layout) -> String {
    // The gutter, its bar and the spaces around it.
    let columns = layout.width.saturating_sub(gutter + 3);
    let underlined = lines
        .iter()
        .position(|line| line.bytes.end > point.start && !line.text.trim().is_empty())
        .unwrap_or(0);
    let shown = telling(finding, lines, underlined);
    let mut source = String::new();
    let mut annotations = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let start = source.len();
        source.push_str(line.text);
        if index == underlined {
            let range = underline(line, point, columns);
            annotations.push(AnnotationKind::Primary.span(start + range.start..start + range.end));
        } else if shown.contains(&index) {
            annotations.push(AnnotationKind::Visible.span(start..source.len()));
        }
        source.push('\n');
    }
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let snippet = Snippet::source(source)
        .line_start(lines[0].number)
        .fold(shown.len() < lines.len())
        .annotations(annotations);
    let renderer = if layout.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = renderer
        .term_width(columns)
        .render(&[Group::with_level(level).element(snippet)]);
    text.push('\n');
    let bar = format!("{:gutter$} {}\n", "", layout.paint(FAINT, "|"));
    if !text.ends_with(&bar) {
        text.push_str(&bar);
    }
    let hidden = lines.len() - 1 - shown.last().copied().unwrap_or(0);
    if hidden > 0 {
        let more = format!("... {} of the statement", words::count(hidden, "more line"));
        text.extend([&" ".repeat(gutter + 1), &layout.paint(FAINT, &more), "\n"]);
    }
    text
}

/// The part of a line that is underlined, as bytes of the line: the point without the spaces around it, cut to the
/// columns there are.
fn underline(line: &Line<'_>, point: Span, columns: usize) -> Range<usize> {
    let start = point.start.clamp(line.bytes.start, line.bytes.end) - line.bytes.start;
    let end = point.end.clamp(line.bytes.start, line.bytes.end) - line.bytes.start;
    let Some(inside) = line.text.get(start..end) else {
        return 0..line.text.len();
    };
    let start = start + (inside.len() - inside.trim_start().len());
    let inside = inside.trim();
    let length = inside
        .char_indices()
        .nth(columns.saturating_sub(16))
        .map_or(inside.len(), |(index, _)| index);
    start..start + length
}

/// Which lines of a statement are shown, ascending: the first, the underlined one, those that name what the finding is
/// about, and a few from the top.
fn telling(finding: &Finding, lines: &[Line<'_>], underlined: usize) -> Vec<usize> {
    if lines.len() <= LINES_MAX {
        return (0..lines.len()).collect();
    }
    let names: Vec<String> = finding
        .evidence
        .relation
        .iter()
        .map(|id| id.name().to_lowercase())
        .collect();
    let naming = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| names.iter().any(|name| line.text.to_lowercase().contains(name)))
        .map(|(index, _)| index);
    let from_top = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !line.text.trim().is_empty());
    let mut shown: Vec<usize> = vec![0, underlined];
    for index in naming {
        if !shown.contains(&index) && shown.len() < LINES_MAX {
            shown.push(index);
        }
    }
    for (index, _) in from_top {
        if !shown.contains(&index) && shown.len() < LINES_FROM_TOP {
            shown.push(index);
        }
    }
    shown.sort_unstable();
    shown.dedup();
    shown
}
