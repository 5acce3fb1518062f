//! Changesets of a formatted SQL file.
//!
//! As in <https://github.com/liquibase/liquibase/blob/master/liquibase-standard/src/main/java/liquibase/parser/AbstractFormattedChangeLogParser.java>
//! and
//! <https://github.com/liquibase/liquibase/blob/master/liquibase-standard/src/main/java/liquibase/parser/core/formattedsql/FormattedSqlChangeLogParser.java>:
//! line by line, with the mistakes that Liquibase refuses.

use std::ops::Range;

use super::super::lines;

/// One changeset, as it stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ChangeSet {
    pub(super) author: String,
    pub(super) id: String,
    pub(super) line: u32,
    /// Its first line, without the line break.
    pub(super) head: Range<usize>,
    /// Where its id ends in the text.
    pub(super) id_end: usize,
    /// One past its last line.
    pub(super) end: usize,
    /// The lines of its SQL, with their line breaks.
    pub(super) sql: Vec<Range<usize>>,
    pub(super) dbms: Option<String>,
    pub(super) runs_in_transaction: bool,
    pub(super) splits: bool,
    pub(super) end_delimiter: Option<String>,
    pub(super) is_ignored: bool,
    pub(super) rollback: Option<Vec<Range<usize>>>,
    /// The whole lines that say it, with their line breaks.
    pub(super) rollback_lines: Vec<Range<usize>>,
    pub(super) has_preconditions: bool,
    /// Whether it runs more than once: `runAlways`, `runOnChange`.
    pub(super) is_repeated: bool,
}

impl ChangeSet {
    /// `author:id`.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.author, self.id)
    }
}

/// `--property name:a value:b dbms:postgresql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) dbms: Option<String>,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Formatted {
    pub(super) changesets: Vec<ChangeSet>,
    pub(super) properties: Vec<Property>,
    /// Where and why Liquibase refuses the file.
    pub(super) refused: Vec<(u32, String)>,
    /// The first line of SQL that belongs to no changeset, which Liquibase passes over.
    pub(super) stray: Option<u32>,
}

/// The author of a changeset whose line can't be read.
const UNKNOWN: &str = "?";

/// Whether the first line that is not empty says `--liquibase formatted sql`.
pub(super) fn is_formatted(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(is_header)
}

fn is_header(line: &str) -> bool {
    let rest = comment(line.trim_start());
    rest.and_then(|rest| word(rest, "liquibase"))
        .is_some_and(|rest| word(rest.trim_start(), "formatted").is_some())
}

/// The text after `--` and white space.
fn comment(line: &str) -> Option<&str> {
    line.strip_prefix("--").map(str::trim_start)
}

fn word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

/// Reads a file that [`is_formatted`].
pub(super) fn parse(text: &str) -> Formatted {
    let mut parser = Parser::default();
    let mut ranges = lines(text);
    while let Some((range, number, line)) = ranges.next() {
        match ignored_lines(line) {
            Some(Ignored::Count(count)) => ranges.by_ref().take(count).for_each(drop),
            Some(Ignored::UntilEnd) => {
                ranges
                    .by_ref()
                    .find(|(.., line)| matches!(ignored_lines(line), Some(Ignored::End)));
            }
            Some(Ignored::End) | None => parser.line(range.start..with_break(text, range.end), number, line),
        }
    }
    parser.finish_changeset(text.len());
    if parser.in_rollback {
        let last = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
        parser
            .file
            .refused
            .push((last, "a rollback comment is not closed".to_owned()));
    }
    parser.file
}

/// One past the line break at `end`.
fn with_break(text: &str, end: usize) -> usize {
    let rest = &text[end..];
    end + rest.find('\n').map_or(rest.len(), |at| at + 1)
}

enum Ignored {
    Count(usize),
    UntilEnd,
    End,
}

/// `--ignoreLines:start`, `--ignoreLines:end`, `--ignoreLines:3`.
fn ignored_lines(line: &str) -> Option<Ignored> {
    let value = word(comment(line)?, "ignoreLines:")?;
    match value {
        "start" => Some(Ignored::UntilEnd),
        "end" => Some(Ignored::End),
        count => count.parse().ok().map(Ignored::Count),
    }
}

#[derive(Default)]
struct Parser {
    file: Formatted,
    open: Option<ChangeSet>,
    /// Inside `/* liquibase rollback … */`.
    in_rollback: bool,
}

impl Parser {
    fn line(&mut self, range: Range<usize>, number: u32, line: &str) {
        if self.in_rollback {
            self.says_way_back(range.clone());
            let sql = line.trim_end().strip_suffix("*/");
            self.in_rollback = sql.is_none();
            let range = match sql {
                Some(sql) => range.start..range.start + sql.len(),
                None => range,
            };
            self.goes_back(range);
            return;
        }
        let trimmed = line.trim_start();
        let directive = comment(trimmed);
        if let Some(rest) = directive
            .and_then(|rest| word(rest, "property"))
            .filter(|rest| rest.starts_with(char::is_whitespace))
        {
            match property(rest) {
                Some(property) => self.file.properties.push(property),
                None => self.refuse(
                    number,
                    "a line that begins with --property has to read --property name:a value:b",
                ),
            }
        } else if let Some(rest) = directive.and_then(|rest| word(rest, "changeset")) {
            self.changeset(range, number, rest, line);
        } else if self.open.is_some() {
            self.inside(range, number, line);
        } else if directive.is_some_and(|rest| is_comment(rest, "comment")) && !line.starts_with(char::is_whitespace) {
            self.refuse(number, "a line --comment stands outside of changesets");
        } else if !trimmed.is_empty() && directive.is_none() && !trimmed.starts_with("/*") {
            self.file.stray = self.file.stray.or(Some(number));
        }
    }

    fn refuse(&mut self, line: u32, why: impl Into<String>) {
        self.file.refused.push((line, why.into()));
    }

    /// `--changeset author:id attributes`, after the word `changeset`.
    fn changeset(&mut self, range: Range<usize>, number: u32, rest: &str, line: &str) {
        self.finish_changeset(range.start);
        let parsed = rest
            .starts_with(char::is_whitespace)
            .then(|| author_and_id(rest.trim_start()))
            .flatten();
        if parsed.is_none() {
            self.refuse(
                number,
                "a line that begins with --changeset has to read --changeset author:id",
            );
        }
        // What stands below is read all the same, as what was meant.
        let meant = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ':');
        let named = parsed.or_else(|| author_and_id(meant)).unwrap_or(Named {
            author: UNKNOWN,
            id: meant.trim(),
            after: "",
        });
        let is_true = |name: &str| attribute(line, name).map(|value| value.eq_ignore_ascii_case("true"));
        self.open = Some(ChangeSet {
            author: named.author.to_owned(),
            id: named.id.to_owned(),
            line: number,
            head: range.start..range.start + line.len(),
            id_end: range.start + line.len() - named.after.len(),
            end: range.end,
            sql: Vec::new(),
            dbms: attribute(line, "dbms").map(str::to_owned),
            runs_in_transaction: is_true("runInTransaction").unwrap_or(true),
            splits: is_true("splitStatements").unwrap_or(true),
            end_delimiter: attribute(line, "endDelimiter")
                .filter(|value| !value.is_empty())
                .map(str::to_owned),
            is_ignored: is_true("ignore").unwrap_or(false),
            rollback: None,
            rollback_lines: Vec::new(),
            has_preconditions: false,
            is_repeated: is_true("runAlways") == Some(true) || is_true("runOnChange") == Some(true),
        });
    }

    /// A line of a changeset.
    fn inside(&mut self, range: Range<usize>, number: u32, line: &str) {
        let at_start = !line.starts_with(char::is_whitespace);
        let directive = comment(line.trim_start()).unwrap_or_default();
        let one_dash = line
            .trim_start()
            .strip_prefix('-')
            .filter(|rest| !rest.starts_with('-'));
        let one_dash = one_dash.map(str::trim_start).unwrap_or_default();
        let spaced = |rest: &str| rest.starts_with(' ');
        let Some(open) = &mut self.open else { return };
        if at_start && (is_comment(directive, "comment") || word(directive, "validCheckSum").is_some()) {
            return;
        }
        if at_start && is_comment(directive, "comments") {
            self.refuse(number, "a comment of a changeset begins with --comment");
        } else if let Some(sql) = word(directive, "rollback").filter(|rest| spaced(rest)) {
            let start = range.start + (line.len() - sql.len());
            self.goes_back(start..range.end);
            self.says_way_back(range);
        } else if word(one_dash, "rollback").is_some_and(|rest| rest.starts_with(char::is_whitespace)) {
            self.refuse(number, "a rollback begins with --rollback");
        } else if is_rollback_block(line) {
            open.rollback.get_or_insert_default();
            self.in_rollback = true;
            self.says_way_back(range);
        } else if word(directive, "precondition").is_some() {
            open.has_preconditions = true;
        } else {
            open.sql.push(range);
        }
    }

    /// SQL of the way back.
    fn goes_back(&mut self, range: Range<usize>) {
        if let Some(open) = &mut self.open {
            open.rollback.get_or_insert_default().push(range);
        }
    }

    /// A line that says something of the way back.
    fn says_way_back(&mut self, line: Range<usize>) {
        if let Some(open) = &mut self.open {
            open.rollback_lines.push(line);
        }
    }

    fn finish_changeset(&mut self, end: usize) {
        if let Some(open) = &mut self.open {
            open.end = end;
        }
        let is_nothing = |changeset: &ChangeSet| changeset.author == UNKNOWN && changeset.sql.is_empty();
        self.file
            .changesets
            .extend(self.open.take().filter(|changeset| !is_nothing(changeset)));
    }
}

/// `comment: text` and `comment text`.
fn is_comment(directive: &str, name: &str) -> bool {
    let rest = word(directive, name).map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    rest.is_some_and(|rest| rest.starts_with(' '))
}

/// `/* liquibase rollback`, alone in its line.
fn is_rollback_block(line: &str) -> bool {
    let rest = line.trim().strip_prefix("/*").map(str::trim_start);
    let rest = rest.and_then(|rest| word(rest, "liquibase")).map(str::trim_start);
    rest.and_then(|rest| word(rest, "rollback"))
        .is_some_and(|rest| rest.trim().is_empty())
}

/// How a changeset is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named<'a> {
    author: &'a str,
    id: &'a str,
    /// The rest of the line, from the end of the id on.
    after: &'a str,
}

/// `author:id`, either of them in double quotes where it has spaces. White space after the colon is refused.
fn author_and_id(text: &str) -> Option<Named<'_>> {
    let (author, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once("\":")?,
        None => text.split_once(':')?,
    };
    let (id, after) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_at(quoted.find('"')?),
        None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
    };
    let is_empty = id.chars().all(|c| c == ':' || c == ' ');
    (!author.is_empty() && !is_empty).then_some(Named { author, id, after })
}

/// The value of the last `name:value` of a line.
fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let lower = line.to_ascii_lowercase();
    let wanted = format!("{}:", name.to_ascii_lowercase());
    let at = lower.rmatch_indices(&wanted).map(|(at, _)| at).find(|at| {
        // `rollbackEndDelimiter:` is another one; `rollbackSplitStatements:` counts for both, as it does for Liquibase.
        let is_inside_word = lower[..*at].ends_with(|c: char| c.is_alphanumeric());
        !is_inside_word || name == "splitStatements"
    })?;
    let value = &line[at + wanted.len()..];
    Some(match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => value.split(char::is_whitespace).next().unwrap_or_default(),
    })
}

fn property(rest: &str) -> Option<Property> {
    Some(Property {
        name: attribute(rest, "name").filter(|name| !name.is_empty())?.to_owned(),
        value: attribute(rest, "value")?.to_owned(),
        dbms: attribute(rest, "dbms").map(str::to_owned),
    })
}

/// Whether a changeset or property for `dbms` is for a database of this name (`DatabaseList.definitionMatches`).
pub(super) fn is_for(dbms: Option<&str>, database: &str) -> bool {
    let names: Vec<&str> = dbms
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() || names.contains(&"all") {
        return true;
    }
    if names.contains(&"none") || names.iter().any(|name| name.strip_prefix('!') == Some(database)) {
        return false;
    }
    let mut wanted = names.iter().filter(|name| !name.starts_with('!')).peekable();
    wanted.peek().is_none() || wanted.any(|name| *name == database)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_stand_anywhere_in_the_line() {
        let line = "--changeset a:1 runInTransaction:false rollbackEndDelimiter:x endDelimiter:// context:\"a b\" splitStatements:false";
        assert_eq!(attribute(line, "runInTransaction"), Some("false"));
        assert_eq!(attribute(line, "endDelimiter"), Some("//"));
        assert_eq!(attribute(line, "context"), Some("a b"));
        assert_eq!(attribute(line, "dbms"), None);
        assert_eq!(
            attribute("--changeset a:1 rollbackEndDelimiter:x", "endDelimiter"),
            None
        );
    }

    #[test]
    fn databases_are_named_or_left_out() {
        for (dbms, expected) in [
            (None, true),
            (Some(""), true),
            (Some("all"), true),
            (Some("none"), false),
            (Some("postgresql,oracle"), true),
            (Some("oracle"), false),
            (Some("!oracle"), true),
            (Some("!postgresql"), false),
            (Some("h2, postgresql"), true),
        ] {
            assert_eq!(is_for(dbms, "postgresql"), expected, "{dbms:?}");
        }
    }

    #[test]
    fn authors_and_ids_may_stand_in_quotes() {
        let named = |author, id, after| Some(Named { author, id, after });
        assert_eq!(author_and_id("bob:1 x:y"), named("bob", "1", " x:y"));
        assert_eq!(author_and_id("bob:1"), named("bob", "1", ""));
        assert_eq!(author_and_id("\"bob b\":\"add x\" a"), named("bob b", "add x", "\" a"));
        assert_eq!(author_and_id("bob: 1"), None);
        assert_eq!(author_and_id("bob"), None);
    }
}
