//! sql-migrate: `-- +migrate Up` and `-- +migrate Down` in one file, `dbconfig.yml`.
//!
//! As in <https://github.com/rubenv/sql-migrate/blob/master/sqlparse/sqlparse.go> (annotations, its own splitting by lines),
//! <https://github.com/rubenv/sql-migrate/blob/master/migrate.go> (which files, their order, how they are run) and
//! <https://github.com/rubenv/sql-migrate/blob/master/sql-migrate/config.go> (`dbconfig.yml`).

use std::ops::Range;
use std::path::PathBuf;

use dbwright_catalog::{Down, Engine, Migration, RunMode, Statement};

use super::settings::{self, Setting};
use super::{Claim, Folder, Place, Problem, Read, goose, lines, without_templates};
use crate::error::RepoError;
use crate::facts::{Fact, engines_named};
use crate::order;
use crate::text;
use crate::walk::has_extension;

const COMMAND: &str = "-- +migrate ";
const CONFIGURATION: &str = "dbconfig.yml";
/// So many files are looked into for annotations.
const FILES_MAX: usize = 8;
/// So much of each, and of a configuration.
const PEEK_BYTES: u64 = 64 * 1024;

/// Whether a folder bears marks of this tool: annotations in its files.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    let files: Vec<&String> = place.listing.files.iter().filter(|file| is_ours(file)).collect();
    let annotated = files.iter().take(FILES_MAX).find(|file| {
        let path = place.root.join(place.folder).join(file);
        text::peek(&path, PEEK_BYTES).lines().any(is_direction)
    })?;
    let mut facts = vec![Fact::new(
        "annotations of sql-migrate",
        place.folder.join(annotated),
        None,
    )];
    let mut engines: Vec<Engine> = Vec::new();
    for (path, setting) in configuration(place) {
        // `mysql` means MySQL where nothing else says MariaDB.
        let named = engines_named(&setting.value).first();
        if let Some(engine) = named.filter(|engine| !engines.contains(engine)) {
            engines.push(*engine);
            let what = format!("dialect {}", setting.value);
            facts.push(Fact::new(what, path, Some(setting.line)));
        }
    }
    Some(Claim {
        migrations: files.len(),
        engines,
        each_engine: false,
        facts,
    })
}

/// The dialects of the environments that use the folder, from the nearest `dbconfig.yml` upwards.
fn configuration(place: &Place<'_>) -> Vec<(PathBuf, Setting)> {
    let Some(at) = place.folder.ancestors().find(|parent| {
        let listing = place.tree.folders.get(*parent);
        listing.is_some_and(|listing| listing.files.iter().any(|file| file == CONFIGURATION))
    }) else {
        return Vec::new();
    };
    let path = at.join(CONFIGURATION);
    let settings = settings::of_file(CONFIGURATION, &place.root.join(&path), PEEK_BYTES);
    let value = |key: String| settings.iter().find(|setting| setting.key == key);
    let uses_folder = |environment: &str| {
        let folder = value(format!("{environment}.dir")).map_or("migrations", |setting| &setting.value);
        let folder: PathBuf = at.join(folder).components().filter(|part| !is_dot(*part)).collect();
        folder == place.folder
    };
    settings
        .iter()
        .filter(|setting| {
            let environment = setting.key.strip_suffix(".dialect");
            environment.is_some_and(uses_folder)
        })
        .map(|setting| (path.clone(), setting.clone()))
        .collect()
}

fn is_dot(part: std::path::Component<'_>) -> bool {
    part == std::path::Component::CurDir
}

fn is_ours(file: &str) -> bool {
    has_extension(file, "sql")
}

fn is_direction(line: &str) -> bool {
    let word = line
        .strip_prefix(COMMAND)
        .and_then(|rest| rest.split_whitespace().next());
    matches!(word, Some("Up" | "Down"))
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut files: Vec<&str> = folder
        .listing
        .files
        .iter()
        .map(String::as_str)
        .filter(|file| is_ours(file))
        .collect();
    // Files with a number in front by that number, then by name; files without one come last.
    files.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.cmp(b)));
    for file in files {
        let text = folder.text(file)?.text;
        let mut parser = Parser::default();
        let refused = parser.run(&text).err().or_else(|| {
            let (version, _) = order::digits(file);
            let is_number = version.is_empty() || version.parse::<i64>().is_ok();
            (!is_number).then(|| (1, "the number in front of its name is too large".to_owned()))
        });
        if let Some((line, why)) = refused {
            read.problems.push(Problem::refused(
                folder.at(file),
                line,
                format!("sql-migrate refuses all migrations: in {file}, {why}"),
                "See https://github.com/rubenv/sql-migrate#writing-migrations.",
            ));
        }
        read.migrations.push(migration(folder, file, text, &parser));
    }
    Ok(read)
}

/// What files are ordered by before their names: without number last, then by number of any length.
fn key(file: &str) -> (bool, usize, &str) {
    let (version, _) = order::digits(file);
    let version = version.trim_start_matches('0');
    (order::digits(file).0.is_empty(), version.len(), version)
}

fn migration(folder: &Folder<'_>, file: &str, text: String, parser: &Parser) -> Migration {
    let mode = |in_transaction: bool| {
        if in_transaction {
            RunMode::Transaction
        } else {
            RunMode::EachStatement
        }
    };
    let statements = |chunks: &[Range<usize>], run_mode: RunMode| -> Vec<Statement> {
        let statements = chunks.iter().flat_map(|chunk| {
            let statements = dbwright_sql::statements_in(folder.dialect(), &text, chunk.clone());
            goose::sent_together(&text, statements, run_mode)
        });
        without_templates(statements.collect())
    };
    let (run_mode, back) = (mode(parser.transaction), mode(parser.down_transaction));
    Migration {
        name: file.strip_suffix(".sql").unwrap_or(file).to_owned(),
        path: folder.at(file),
        statements: statements(&parser.chunks, run_mode),
        down: parser.has_down.then(|| Down {
            path: folder.at(file),
            text: text.clone(),
            statements: statements(&parser.down_chunks, back),
            run_mode: back,
        }),
        run_mode,
        text,
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Direction {
    #[default]
    None,
    Up,
    Down,
}

/// sql-migrate's splitting: by lines that end with a semicolon, and by `StatementBegin` and `StatementEnd`.
#[derive(Debug)]
struct Parser {
    direction: Direction,
    /// What is sent at once, of the up part.
    chunks: Vec<Range<usize>>,
    transaction: bool,
    /// What is sent at once, of the down part.
    down_chunks: Vec<Range<usize>>,
    down_transaction: bool,
    has_down: bool,
    /// Between `StatementBegin` and `StatementEnd`.
    in_block: bool,
    /// The unfinished chunk, and its line.
    open: Option<(Range<usize>, u32)>,
}

impl Default for Parser {
    fn default() -> Self {
        Parser {
            direction: Direction::None,
            chunks: Vec::new(),
            transaction: true,
            down_chunks: Vec::new(),
            down_transaction: true,
            has_down: false,
            in_block: false,
            open: None,
        }
    }
}

impl Parser {
    /// Reads a whole file; the error is line and reason of the refusal. What was read until then stays.
    fn run(&mut self, text: &str) -> Result<(), (u32, String)> {
        let mut last = 1;
        for (range, number, line) in lines(text) {
            last = number;
            // Other comments at the beginning of a line are thrown away before anything else.
            if line.starts_with("-- ") && !line.starts_with("-- +") {
                continue;
            }
            let mut ends = false;
            if let Some(command) = line.strip_prefix(COMMAND) {
                ends = self.command(command).map_err(|why| (number, why))?;
            }
            if self.direction == Direction::None {
                continue;
            }
            if !line.starts_with("-- +") {
                match &mut self.open {
                    Some((open, _)) => open.end = range.end,
                    None if line.trim().is_empty() => {}
                    None => self.open = Some((range, number)),
                }
            }
            if ends || (!self.in_block && goose::ends_with_semicolon(line)) {
                self.close();
            }
        }
        if self.in_block {
            return Err((last, "a -- +migrate StatementEnd is missing".to_owned()));
        }
        if self.direction == Direction::None {
            return Err((1, "there is neither -- +migrate Up nor Down".to_owned()));
        }
        self.finished()
    }

    /// Takes notice of a command; whether it ends a statement. Unknown commands are passed over.
    fn command(&mut self, command: &str) -> Result<bool, String> {
        let mut words = command.split_whitespace();
        let word = words.next().ok_or("a command is missing after -- +migrate")?;
        match word {
            "Up" | "Down" => {
                self.finished().map_err(|(_, why)| why)?;
                if word == "Up" {
                    self.direction = Direction::Up;
                    self.transaction &= !words.any(|option| option == "notransaction");
                } else {
                    self.direction = Direction::Down;
                    self.down_transaction &= !words.any(|option| option == "notransaction");
                    self.has_down = true;
                }
            }
            "StatementBegin" => self.in_block |= self.direction != Direction::None,
            "StatementEnd" => return Ok(std::mem::take(&mut self.in_block)),
            _ => {}
        }
        Ok(false)
    }

    fn close(&mut self) {
        let Some((range, _)) = self.open.take() else { return };
        match self.direction {
            Direction::Up => self.chunks.push(range),
            Direction::Down => self.down_chunks.push(range),
            Direction::None => {}
        }
    }

    /// Whether the last statement was ended. One that was not is taken over, so that it can be judged all the same.
    fn finished(&mut self) -> Result<(), (u32, String)> {
        let Some((_, line)) = self.open else { return Ok(()) };
        self.close();
        Err((line, "a statement does not end with a semicolon".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(text: &str) -> (Vec<String>, Option<String>) {
        let mut parser = Parser::default();
        let refused = parser.run(text).err().map(|(line, why)| format!("{line}: {why}"));
        (
            parser
                .chunks
                .iter()
                .map(|range| text[range.clone()].to_owned())
                .collect(),
            refused,
        )
    }

    #[test]
    fn statements_end_with_lines_that_end_with_a_semicolon() {
        let (found, refused) = chunks("-- +migrate Up\nSELECT 1; SELECT\n2; -- two\n\n-- +migrate Down\nSELECT 3;\n");
        assert_eq!(found, ["SELECT 1; SELECT\n2; -- two"]);
        assert_eq!(refused, None);
    }

    #[test]
    fn blocks_are_kept_together() {
        let (found, refused) = chunks(
            "-- +migrate Up\n-- +migrate StatementBegin\nSELECT 1;\nSELECT 2;\n-- +migrate StatementEnd\nSELECT 3;\n",
        );
        assert_eq!(found, ["SELECT 1;\nSELECT 2;", "SELECT 3;"]);
        assert_eq!(refused, None);
    }

    #[test]
    fn what_is_not_ended_is_refused_and_read_all_the_same() {
        let (found, refused) = chunks("-- +migrate Up\n\nSELECT 1\n-- +migrate Down\n");
        assert_eq!(found, ["SELECT 1"]);
        assert_eq!(refused.as_deref(), Some("4: a statement does not end with a semicolon"));
        assert_eq!(
            chunks("-- +migrate Up\n-- +migrate StatementBegin\nSELECT 1;\n")
                .1
                .as_deref(),
            Some("3: a -- +migrate StatementEnd is missing")
        );
        assert_eq!(
            chunks("SELECT 1;\n").1.as_deref(),
            Some("1: there is neither -- +migrate Up nor Down")
        );
    }

    #[test]
    fn files_are_ordered_by_the_number_in_front() {
        let mut files = ["b.sql", "10_a.sql", "2_b.sql", "002_a.sql", "a.sql"];
        files.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.cmp(b)));
        assert_eq!(files, ["002_a.sql", "2_b.sql", "10_a.sql", "a.sql", "b.sql"]);
    }
}
