//! goose: `<version>_<name>.sql` with `-- +goose Up` and `-- +goose Down` in one file.
//!
//! As in <https://github.com/pressly/goose/blob/main/internal/sqlparser/parser.go> (annotations, goose's own splitting by
//! lines), <https://github.com/pressly/goose/blob/main/migration.go> (`NumericComponent`),
//! <https://github.com/pressly/goose/blob/main/provider_collect.go> (which files) and
//! <https://github.com/pressly/goose/blob/main/provider_run.go> (how they are run).

use std::ops::Range;
use std::path::Path;

use dbwright_catalog::{Down, Migration, RunMode, Span, Statement};

use super::{Folder, Problem, Read, duplicates, lines, stem, without_templates};
use crate::error::RepoError;
use crate::scan;
use crate::walk::has_extension;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Annotation {
    Up,
    Down,
    StatementBegin,
    StatementEnd,
    NoTransaction,
    EnvsubOn,
    EnvsubOff,
}

/// Whether goose takes a line for an annotation. The marker may stand anywhere in a comment line.
pub(super) fn is_annotation(line: &str) -> bool {
    line.trim_start().starts_with("--") && line.contains("+goose")
}

/// Reads an annotation; the error says what goose would.
fn annotation(line: &str) -> Result<Annotation, String> {
    if line.starts_with([' ', '\t']) {
        return Err("an annotation has white space in front of it".to_owned());
    }
    let command = line.replace("--", "").replacen("+goose", "", 1);
    let known = [
        ("up", Annotation::Up),
        ("down", Annotation::Down),
        ("statementbegin", Annotation::StatementBegin),
        ("statementend", Annotation::StatementEnd),
        ("no transaction", Annotation::NoTransaction),
        ("envsub on", Annotation::EnvsubOn),
        ("envsub off", Annotation::EnvsubOff),
    ];
    let command = command.trim();
    known
        .into_iter()
        .find(|(name, _)| command.eq_ignore_ascii_case(name))
        .map(|(_, annotation)| annotation)
        .ok_or_else(|| format!("`{command}` is not an annotation"))
}

/// The version of a file; nothing for files that goose passes over.
fn version(file: &str) -> Option<i64> {
    let is_ours = has_extension(file, "sql") || (has_extension(file, "go") && !file.ends_with("_test.go"));
    let (version, _) = file.split_once('_')?;
    version.parse().ok().filter(|version| is_ours && *version >= 1)
}

/// How many migrations a folder holds, in SQL and in Go.
pub(super) fn count(files: &[String]) -> usize {
    files.iter().filter(|file| version(file).is_some()).count()
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut found: Vec<(i64, &str)> = Vec::new();
    for file in &folder.listing.files {
        match version(file) {
            Some(version) => found.push((version, file)),
            None if has_extension(file, "sql") => read.problems.push(Problem::skipped(
                folder.at(file),
                format!("goose passes over {file}: its name does not begin with a number and _"),
                "Rename it, or move it out of the folder of migrations.",
            )),
            None => {}
        }
    }
    found.sort_by_key(|(version, _)| *version);

    for (_, file) in &found {
        let migration = if has_extension(file, "go") {
            let name = file.strip_suffix(".go").unwrap_or(file);
            folder.program(Path::new(file), name, "Go")?
        } else {
            let text = folder.text(file)?.text;
            let (migration, refused) = one_file(folder, file, text);
            if let Some((line, why)) = refused {
                read.problems.push(Problem::refused(
                    folder.at(file),
                    line,
                    format!("goose refuses {file}: {why}"),
                    "See https://github.com/pressly/goose#sql-migrations.",
                ));
            }
            migration
        };
        read.migrations.push(migration);
    }
    let versions: Vec<i64> = found.iter().map(|(version, _)| *version).collect();
    read.problems
        .extend(duplicates(&read.migrations, &versions, "goose refuses all migrations"));
    Ok(read)
}

/// One migration, and where and why goose refuses it.
fn one_file(folder: &Folder<'_>, file: &str, text: String) -> (Migration, Option<(u32, String)>) {
    let mut parser = Parser::default();
    let refused = parser.run(&text).err();
    let run_mode = if parser.transaction {
        RunMode::Transaction
    } else {
        RunMode::EachStatement
    };
    let statements = |chunks: &[Chunk]| {
        let statements = chunks
            .iter()
            .flat_map(|chunk| statements(folder, &text, chunk, run_mode));
        without_templates(statements.collect())
    };
    let migration = Migration {
        name: stem(file).to_owned(),
        path: folder.at(file),
        statements: statements(&parser.chunks),
        down: parser.has_down.then(|| Down {
            path: folder.at(file),
            text: text.clone(),
            statements: statements(&parser.down_chunks),
            run_mode,
        }),
        run_mode,
        text,
    };
    (migration, refused)
}

/// What goose sends at once, as statements.
fn statements(folder: &Folder<'_>, text: &str, chunk: &Chunk, run_mode: RunMode) -> Vec<Statement> {
    let statements = dbwright_sql::statements_in(folder.dialect(), text, chunk.range.clone());
    let mut statements = sent_together(text, statements, run_mode);
    for statement in &mut statements {
        if chunk.envsub
            && let Some(name) = scan::environment_variable(&statement.text)
        {
            statement.not_sent = Some(format!(
                "template: goose puts in the environment variable {name}, which dbwright does not read"
            ));
        }
    }
    statements
}

/// Statements that go out at once. Inside a transaction it makes no difference whether two statements go out together;
/// outside of one they share an implicit transaction, so they stay one.
pub(super) fn sent_together(text: &str, statements: Vec<Statement>, run_mode: RunMode) -> Vec<Statement> {
    let (RunMode::EachStatement, [first, .., last]) = (run_mode, statements.as_slice()) else {
        return statements;
    };
    let span = Span::new(first.span.start, last.span.end);
    vec![Statement {
        text: text[span.range()].to_owned(),
        span,
        line: first.line,
        copy_rows: None,
        not_sent: statements.iter().find_map(|statement| statement.not_sent.clone()),
    }]
}

/// What goose sends to the server at once.
#[derive(Debug, PartialEq, Eq)]
struct Chunk {
    range: Range<usize>,
    /// Whether variables of the environment are put in.
    envsub: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Up,
    /// Between `StatementBegin` and `StatementEnd` of the up part.
    UpBlock,
    Down,
    DownBlock,
}

/// goose's splitting: by lines that end with a semicolon, and by `StatementBegin` and `StatementEnd`.
#[derive(Debug)]
struct Parser {
    state: State,
    chunks: Vec<Chunk>,
    /// What is sent at once, of the down part.
    down_chunks: Vec<Chunk>,
    transaction: bool,
    has_down: bool,
    envsub: bool,
    /// The unfinished chunk of the up part.
    open: Option<Chunk>,
    open_line: u32,
}

impl Default for Parser {
    fn default() -> Self {
        Parser {
            state: State::Start,
            chunks: Vec::new(),
            down_chunks: Vec::new(),
            transaction: true,
            has_down: false,
            envsub: false,
            open: None,
            open_line: 1,
        }
    }
}

impl Parser {
    /// Reads a whole file; the error is line and reason of goose's refusal. What was read until then stays.
    fn run(&mut self, text: &str) -> Result<(), (u32, String)> {
        let mut last = 1;
        for (range, number, line) in lines(text) {
            last = number;
            let refuse = |why: String| (number, why);
            if is_annotation(line) {
                self.annotated(annotation(line).map_err(refuse)?, text)
                    .map_err(refuse)?;
            } else {
                self.line(range, number, line).map_err(refuse)?;
            }
        }
        match self.state {
            State::Start => return Err((1, "it has no -- +goose Up".to_owned())),
            State::UpBlock | State::DownBlock => return Err((last, "a -- +goose StatementEnd is missing".to_owned())),
            State::Up | State::Down => {}
        }
        self.unfinished(text).map_or(Ok(()), |why| Err((self.open_line, why)))
    }

    fn annotated(&mut self, annotation: Annotation, text: &str) -> Result<(), String> {
        match (annotation, self.state) {
            (Annotation::NoTransaction, _) => self.transaction = false,
            (Annotation::EnvsubOn, _) => self.envsub = true,
            (Annotation::EnvsubOff, _) => self.envsub = false,
            (Annotation::Up, State::Start) => self.state = State::Up,
            (Annotation::Up, _) => return Err("it has a second -- +goose Up".to_owned()),
            (Annotation::Down, State::Up) => {
                if let Some(why) = self.unfinished(text) {
                    return Err(why);
                }
                self.state = State::Down;
                self.has_down = true;
            }
            (Annotation::Down, _) => return Err("-- +goose Down does not follow -- +goose Up".to_owned()),
            (Annotation::StatementBegin, State::Up) => self.state = State::UpBlock,
            (Annotation::StatementBegin, State::Down) => self.state = State::DownBlock,
            (Annotation::StatementBegin, _) => {
                return Err("-- +goose StatementBegin does not follow -- +goose Up or Down".to_owned());
            }
            (Annotation::StatementEnd, State::UpBlock) => {
                self.chunks.extend(self.open.take());
                self.state = State::Up;
            }
            (Annotation::StatementEnd, State::DownBlock) => {
                self.down_chunks.extend(self.open.take());
                self.state = State::Down;
            }
            (Annotation::StatementEnd, _) => {
                return Err("-- +goose StatementEnd does not follow StatementBegin".to_owned());
            }
        }
        Ok(())
    }

    fn line(&mut self, range: Range<usize>, number: u32, line: &str) -> Result<(), String> {
        match &mut self.open {
            Some(open) => {
                open.range.end = range.end;
                open.envsub |= self.envsub;
            }
            None if line.is_empty() || line.trim_start().starts_with("--") => return Ok(()),
            None if self.state == State::Start && line.trim().is_empty() => return Ok(()),
            None if self.state == State::Start => return Err("there is SQL before -- +goose Up".to_owned()),
            None => {
                self.open_line = number;
                self.open = Some(Chunk {
                    range,
                    envsub: self.envsub,
                });
            }
        }
        if ends_with_semicolon(line) {
            match self.state {
                State::Up => self.chunks.extend(self.open.take()),
                State::Down => self.down_chunks.extend(self.open.take()),
                State::Start | State::UpBlock | State::DownBlock => {}
            }
        }
        Ok(())
    }

    /// Takes the unfinished chunk over, so that it can be judged all the same, and says that goose does not.
    fn unfinished(&mut self, text: &str) -> Option<String> {
        let open = self.open.take()?;
        if text[open.range.clone()].trim().is_empty() {
            return None;
        }
        if matches!(self.state, State::Down | State::DownBlock) {
            // That the way back can't be read does not keep goose from going up.
            self.down_chunks.push(open);
            return None;
        }
        self.chunks.push(open);
        Some("its last statement does not end with a semicolon".to_owned())
    }
}

/// Whether the last word before a comment ends with a semicolon.
pub(super) fn ends_with_semicolon(line: &str) -> bool {
    line.split_whitespace()
        .take_while(|word| !word.starts_with("--"))
        .last()
        .is_some_and(|word| word.ends_with(';'))
}
