//! Where findings are, for formats that want columns, and what tells one finding from another over the years.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use dbwright_catalog::{Allowance, Finding, Review, Section, Span};

use crate::counts::findings;
use crate::text::frame::pointed_at;

/// A finding with its place in the words of programs.
pub(crate) struct Placed<'a> {
    pub(crate) section_index: usize,
    pub(crate) section: &'a Section,
    pub(crate) finding: &'a Finding,
    /// What allows it, where something does.
    pub(crate) allowance: Option<&'a Allowance>,
    /// Its file, with slashes.
    pub(crate) file: String,
    pub(crate) region: Region,
    /// Stays the same while file, rule, object and statement do.
    pub(crate) fingerprint: String,
}

/// Lines and columns counted from 1; columns in UTF-16 code units, as editors and SARIF count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) line: u32,
    /// Nothing where the whole line is meant.
    pub(crate) column: Option<u32>,
    /// The line in which it ends and the column behind its last letter.
    pub(crate) end: Option<(u32, u32)>,
}

/// All findings with their places: those that are reported first, in the order of the histories, then those that are
/// allowed.
pub(crate) fn placed(review: &Review) -> Vec<Placed<'_>> {
    let sections = || review.sections.iter().enumerate();
    let reported =
        sections().flat_map(|(index, section)| findings(section).map(move |finding| (index, section, finding, None)));
    let allowed = sections().flat_map(|(index, section)| {
        let allowed = section.allowed.iter();
        allowed.map(move |allowed| (index, section, &allowed.finding, Some(&allowed.allowance)))
    });
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    reported
        .chain(allowed)
        .map(|(section_index, section, finding, allowance)| {
            let identity = identity(section, finding);
            let number = seen.entry(identity.clone()).or_default();
            *number += 1;
            Placed {
                section_index,
                section,
                finding,
                allowance,
                file: path(&finding.place.path),
                region: region(section, finding),
                fingerprint: digest(&identity, *number),
            }
        })
        .collect()
}

/// Paths are written with slashes on every platform.
pub(crate) fn path(path: &Path) -> String {
    path.display().to_string().replace(std::path::MAIN_SEPARATOR, "/")
}

/// What a finding is about, without where in the file it stands: a line that is added above it does not make it another.
fn identity(section: &Section, finding: &Finding) -> String {
    let place = &finding.place;
    let statement = place.statement.and_then(|(migration, statement)| {
        let statement = section.history.migrations.get(migration)?.statements.get(statement)?;
        Some(statement.text.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    let about = statement.unwrap_or_else(|| finding.message.clone());
    let object = (finding.evidence.relation.as_ref()).map_or_else(String::new, |id| format!("{} {id}", id.kind.name()));
    [&finding.rule, &path(&place.path), &object, &about]
        .map(String::as_str)
        .join("\0")
}

/// The first half of a SHA-256, in hexadecimal digits; `number` tells apart what is the same otherwise.
fn digest(identity: &str, number: usize) -> String {
    let digest = Sha256::digest(format!("{identity}\0{number}").as_bytes());
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(u32::from(half), 16).unwrap_or('0'));
    digest.iter().take(16).flat_map(digits).collect()
}

fn region(section: &Section, finding: &Finding) -> Region {
    let whole_line = Region {
        line: finding.place.line.max(1),
        column: None,
        end: None,
    };
    let Some((migration, span)) = pointed_at(section, finding) else {
        return whole_line;
    };
    region_of(&migration.text, span).unwrap_or(whole_line)
}

/// The region of a span of a text, without the spaces at its end; nothing where it does not lie in the text or is empty.
pub(crate) fn region_of(text: &str, span: Span) -> Option<Region> {
    let inside = text.get(span.range())?.trim_end();
    if inside.is_empty() {
        return None;
    }
    let (line, column) = line_and_column(text, span.start);
    Some(Region {
        line,
        column: Some(column),
        end: Some(line_and_column(text, span.start + inside.len())),
    })
}

/// The line of a byte and its column in UTF-16 code units, both counted from 1.
fn line_and_column(text: &str, at: usize) -> (u32, u32) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    let column = before[line_start..].encode_utf16().count();
    let from_one = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
    (from_one(lines), from_one(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_utf_16_code_units() {
        let text = "a\r\nä🦀b\n";
        let at = |letter| line_and_column(text, text.find(letter).unwrap());
        assert_eq!(at('a'), (1, 1));
        assert_eq!(at('ä'), (2, 1));
        assert_eq!(at('🦀'), (2, 2));
        assert_eq!(at('b'), (2, 4));
        assert_eq!(line_and_column(text, text.len()), (3, 1));
    }
}
