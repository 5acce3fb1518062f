//! Liquibase's formatted SQL: `--liquibase formatted sql` with `--changeset author:id`, and the changelogs in XML, YAML or
//! JSON that include such files.
//!
//! The facts stand in the parts: [`formatted`] (changesets of a file), [`changelog`] and [`includes`] (what includes what), [`split`] (how a
//! changeset is parted into statements), and in
//! <https://github.com/liquibase/liquibase/blob/master/liquibase-standard/src/main/java/liquibase/changelog/ExpressionExpander.java>
//! (`${name}`; what is not known stays as it is),
//! <https://github.com/liquibase/liquibase/blob/master/liquibase-standard/src/main/java/liquibase/parser/core/sql/SqlChangeLogParser.java>
//! (a SQL file without the header is one changeset, sent whole). Each changeset is a transaction of its own, unless it has
//! `runInTransaction:false`. Contexts and labels are given when Liquibase is started; without them it runs all changesets, and
//! so does dbwright. Preconditions are not evaluated: their changesets run.

mod changelog;
mod formatted;
mod includes;
mod split;

use std::ops::Range;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Down, Engine, LeftOut, Migration, RunMode, Span, Statement};

use super::{Claim, Folder, Place, Problem, Read, without_templates};
use crate::error::RepoError;
use crate::facts::Fact;
use crate::rendered::Rendered;
use crate::text;
use crate::walk::has_extension;
use formatted::{ChangeSet, Property};
use includes::{Step, Walk, included_elsewhere, roots};

/// Changelogs and properties that name each other deeper than this go round in circles.
const DEPTH_MAX: usize = 32;

/// Whether a folder bears marks of this tool: a changelog that includes SQL files and that no other includes, or formatted
/// SQL files that none includes.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    let files = roots(place.root, place.folder, &place.listing.files);
    if files.is_empty() {
        return None;
    }
    let is_root = has_extension(files.first()?, "sql");
    let mut walk = Walk::new(place.root, Engine::Postgres);
    for file in &files {
        walk.visit(&place.folder.join(file), 0);
    }
    let first_sql = walk
        .files
        .iter()
        .find(|file| has_extension(&file.to_string_lossy(), "sql"))?
        .clone();
    if included_elsewhere(place, &files) {
        return None;
    }
    let texts: Vec<String> = walk.files.iter().map(|file| place.peek(file)).collect();
    let changesets = || {
        texts
            .iter()
            .map(String::as_str)
            .filter(|text| formatted::is_formatted(text))
            .map(formatted::parse)
    };
    let mut engines: Vec<Engine> = changesets()
        .flat_map(|file| file.changesets)
        .flat_map(|changeset| {
            let dbms = changeset.dbms.unwrap_or_default();
            dbms.split(',')
                .filter_map(|name| engine_named(name.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    engines.sort();
    engines.dedup();
    let others = walk
        .files
        .iter()
        .filter(|file| !texts_are_formatted(place, file))
        .count();
    let mut facts = vec![if is_root {
        Fact::new("`--liquibase formatted sql`", first_sql, Some(1))
    } else {
        Fact::new("a changelog of Liquibase", place.folder.join(&files[0]), None)
    }];
    if let Some((engine, fact)) = url(place) {
        engines = vec![engine];
        facts.push(fact);
    }
    Some(Claim {
        migrations: changesets().map(|file| file.changesets.len()).sum::<usize>()
            + others.saturating_sub(usize::from(!is_root)),
        each_engine: engines.len() > 1,
        engines,
        facts,
    })
}

fn texts_are_formatted(place: &Place<'_>, file: &Path) -> bool {
    formatted::is_formatted(&place.peek(file))
}

/// The engine that Liquibase's name of a database means.
fn engine_named(name: &str) -> Option<Engine> {
    match name {
        "postgresql" => Some(Engine::Postgres),
        "mysql" => Some(Engine::MySql),
        "mariadb" => Some(Engine::MariaDb),
        "sqlite" => Some(Engine::Sqlite),
        _ => None,
    }
}

/// Liquibase's name of a database (`getShortName`).
fn short_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "postgresql",
        Engine::MySql => "mysql",
        Engine::MariaDb => "mariadb",
        Engine::Sqlite => "sqlite",
    }
}

/// The engine of the connection in `liquibase.properties`, in the folder or above it. Only its scheme is read.
fn url(place: &Place<'_>) -> Option<(Engine, Fact)> {
    place.folder.ancestors().find_map(|folder| {
        let listing = place.tree.folders.get(folder)?;
        listing.files.iter().find(|file| *file == "liquibase.properties")?;
        let path = folder.join("liquibase.properties");
        let text = place.peek(&path);
        let (number, line) = (1u32..).zip(text.lines()).find(|(_, line)| {
            let key = line.split([':', '=']).next().unwrap_or_default().trim();
            key == "url" || key == "liquibase.command.url"
        })?;
        let scheme = line.split_once("jdbc:")?.1.split(':').next()?;
        Some((
            engine_named(scheme)?,
            Fact::new(format!("url of {scheme}"), path, Some(number)),
        ))
    })
}

/// A changeset of a formatted file, for telling whether it is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChangesetText {
    /// As [`Migration::name`].
    pub(crate) name: String,
    sql: String,
}

/// The changesets of a formatted file.
pub(crate) fn changesets(text: &str) -> Vec<ChangesetText> {
    let of = |changeset: &ChangeSet| {
        let lines = changeset.sql.iter().map(|range| text[range.clone()].trim_end());
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        ChangesetText {
            name: changeset.name(),
            sql: lines.join("\n"),
        }
    };
    formatted::parse(text).changesets.iter().map(of).collect()
}

/// A changeset of a formatted file, with its places in it.
pub(crate) struct Changeset<'a> {
    head: &'a str,
    found: ChangeSet,
}

impl<'a> Changeset<'a> {
    /// The one with the name of a migration; nothing where there is none, or several.
    pub(crate) fn find(text: &'a str, name: &str) -> Option<Changeset<'a>> {
        if !formatted::is_formatted(text) {
            return None;
        }
        let mut named = formatted::parse(text)
            .changesets
            .into_iter()
            .filter(|changeset| changeset.name() == name);
        let found = named.next().filter(|_| named.next().is_none())?;
        Some(Changeset {
            head: &text[found.head.clone()],
            found,
        })
    }

    /// What it has that is told of all of it, or that changes how it is split.
    pub(crate) fn bound_by(&self) -> Option<&'static str> {
        let ChangeSet {
            has_preconditions,
            is_repeated,
            splits,
            ref end_delimiter,
            ..
        } = self.found;
        [
            (has_preconditions, "preconditions"),
            (is_repeated, "runAlways or runOnChange"),
            (!splits || end_delimiter.is_some(), "an end of statements of its own"),
        ]
        .into_iter()
        .find_map(|(has, what)| has.then_some(what))
    }

    /// Where its first line stands.
    pub(crate) fn head_range(&self) -> Range<usize> {
        self.found.head.clone()
    }

    /// Its first line, with a number behind its id, and in or outside of a transaction.
    pub(crate) fn head(&self, number: Option<usize>, in_transaction: bool) -> String {
        const ATTRIBUTE: &str = "runInTransaction:";
        let (named, rest) = self.head.split_at(self.found.id_end - self.found.head.start);
        let number = number.map_or_else(String::new, |number| format!("-{number}"));
        let mut head = format!("{named}{number}{rest}");
        if let Some(at) = head.to_ascii_lowercase().find(&ATTRIBUTE.to_ascii_lowercase()) {
            let end = head[at..].find(char::is_whitespace).map_or(head.len(), |end| at + end);
            head.replace_range(at..end, &format!("{ATTRIBUTE}{in_transaction}"));
        } else if !in_transaction {
            head.truncate(head.trim_end().len());
            head.push_str(" runInTransaction:false");
        }
        head
    }

    /// The lines that say how it is taken back, with their line breaks.
    pub(crate) fn rollback_lines(&self) -> &[Range<usize>] {
        &self.found.rollback_lines
    }

    /// The end of its last line that is not empty.
    pub(crate) fn content_end(&self, text: &str) -> usize {
        let whole = &text[..self.found.end];
        let content = whole.trim_end().len();
        whole[content..].find('\n').map_or(whole.len(), |at| content + at + 1)
    }

    /// Numbers, from 2 on, that make an id which no changeset of the file has.
    pub(crate) fn free_numbers(&self, text: &str) -> impl Iterator<Item = usize> + use<> {
        let taken: Vec<String> = changesets(text).into_iter().map(|changeset| changeset.name).collect();
        let name = self.found.name();
        (2..).filter(move |number| !taken.contains(&format!("{name}-{number}")))
    }
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut walk = Walk::new(folder.root, folder.engine);
    for file in roots(folder.root, folder.path, &folder.listing.files) {
        walk.visit(&folder.at(file), 0);
    }
    let mut reader = Reader {
        folder,
        properties: std::mem::take(&mut walk.properties),
        ids: Vec::new(),
        counts: Counts::default(),
        read: Read {
            problems: std::mem::take(&mut walk.problems),
            ..Read::default()
        },
    };
    for step in &walk.steps {
        match step {
            Step::Sql(path) => reader.sql_file(path)?,
            Step::Others { path, count, line } => reader.others(path, *count, *line)?,
        }
    }
    reader.read.left_out.extend(reader.counts.left_out());
    Ok(reader.read)
}

/// What is counted as not run: the file of each changeset.
#[derive(Default)]
struct Counts {
    other_databases: Vec<PathBuf>,
    ignored: Vec<PathBuf>,
    preconditions: Vec<PathBuf>,
}

impl Counts {
    fn left_out(&mut self) -> Vec<LeftOut> {
        let all = [
            (
                "changesets for other databases",
                std::mem::take(&mut self.other_databases),
            ),
            ("changesets with ignore:true", std::mem::take(&mut self.ignored)),
            ("preconditions, taken as met", std::mem::take(&mut self.preconditions)),
        ];
        let named = all.into_iter().map(|(what, files)| LeftOut {
            what: what.to_owned(),
            files,
        });
        named.filter(|left_out| !left_out.files.is_empty()).collect()
    }
}

struct Reader<'a> {
    folder: &'a Folder<'a>,
    properties: Vec<Property>,
    /// Author, id and file of each changeset so far.
    ids: Vec<(String, String, PathBuf)>,
    counts: Counts,
    read: Read,
}

impl Reader<'_> {
    /// The text of a file, named relative to the root.
    fn text(&self, path: &Path) -> Result<String, RepoError> {
        Ok(text::read(&self.folder.root.join(path), path)?.text)
    }

    fn sql_file(&mut self, path: &Path) -> Result<(), RepoError> {
        let text = self.text(path)?;
        let shown = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if !formatted::is_formatted(&text) {
            let name = shown.strip_suffix(".sql").unwrap_or(&shown).to_owned();
            let all = 0..text.len();
            let whole = ChangeSet {
                sql: vec![all],
                runs_in_transaction: true,
                ..ChangeSet::default()
            };
            let migration = self.migration(name, path, &text, &whole);
            self.read.migrations.push(migration);
            return Ok(());
        }
        let file = formatted::parse(&text);
        for (line, why) in &file.refused {
            self.read.problems.push(Problem::refused(
                path.to_owned(),
                *line,
                format!("Liquibase refuses {shown}: {why}"),
                "See https://docs.liquibase.com/concepts/changelogs/sql-format.html.",
            ));
        }
        if let Some(line) = file.stray {
            self.read.problems.push(Problem {
                line,
                ..Problem::skipped(
                    path.to_owned(),
                    format!("Liquibase passes over SQL of {shown} that stands before its first --changeset"),
                    "Put --changeset author:id in front of it.",
                )
            });
        }
        for property in file.properties {
            let is_new = self.properties.iter().all(|known| known.name != property.name);
            if is_new && formatted::is_for(property.dbms.as_deref(), short_name(self.folder.engine)) {
                self.properties.push(property);
            }
        }
        for changeset in &file.changesets {
            self.changeset(path, &text, changeset);
        }
        Ok(())
    }

    fn changeset(&mut self, path: &Path, text: &str, changeset: &ChangeSet) {
        let name = changeset.name();
        let mut refuse = |message: String, advice: &str| {
            self.read
                .problems
                .push(Problem::refused(path.to_owned(), changeset.line, message, advice));
        };
        let key = (changeset.author.clone(), changeset.id.clone(), path.to_owned());
        if self.ids.contains(&key) {
            refuse(
                format!("Liquibase refuses all changelogs: the changeset {name} is there twice"),
                "Give one of the two another id.",
            );
        }
        self.ids.push(key);
        if changeset.sql.iter().all(|range| text[range.clone()].trim().is_empty()) {
            refuse(
                format!("Liquibase refuses the changelog: the changeset {name} has no SQL"),
                "Write SQL below --changeset, or remove it.",
            );
        }
        if changeset.is_ignored {
            self.counts.ignored.push(path.to_owned());
        } else if !formatted::is_for(changeset.dbms.as_deref(), short_name(self.folder.engine)) {
            self.counts.other_databases.push(path.to_owned());
        } else {
            if changeset.has_preconditions {
                self.counts.preconditions.push(path.to_owned());
            }
            let migration = self.migration(name, path, text, changeset);
            self.read.migrations.push(migration);
        }
    }

    fn migration(&self, name: String, path: &Path, text: &str, changeset: &ChangeSet) -> Migration {
        let run_mode = if changeset.runs_in_transaction {
            RunMode::Transaction
        } else {
            RunMode::EachStatement
        };
        let down = changeset.rollback.as_ref().map(|ranges| Down {
            path: path.to_owned(),
            text: text.to_owned(),
            statements: self.way_back(text, ranges, changeset, run_mode),
            run_mode,
        });
        Migration {
            name,
            path: path.to_owned(),
            statements: self.statements(text, &changeset.sql, changeset, run_mode),
            text: text.to_owned(),
            run_mode,
            down,
        }
    }

    /// What `--rollback` says. `empty` and `not required` say that there is nothing to do; another changeset that is named
    /// there is not looked up.
    fn way_back(
        &self,
        text: &str,
        ranges: &[Range<usize>],
        changeset: &ChangeSet,
        run_mode: RunMode,
    ) -> Vec<Statement> {
        let said: String = ranges.iter().map(|range| &text[range.clone()]).collect();
        let said = said.trim().to_ascii_lowercase();
        if matches!(said.as_str(), "empty" | "not required") {
            return Vec::new();
        }
        let mut statements = self.statements(text, ranges, changeset, run_mode);
        if said.starts_with("changesetid:") {
            for statement in &mut statements {
                statement.not_sent = Some("it names another changeset, which dbwright does not look up".to_owned());
            }
        }
        statements
    }

    /// The statements of these parts of a file.
    fn statements(
        &self,
        text: &str,
        ranges: &[Range<usize>],
        changeset: &ChangeSet,
        run_mode: RunMode,
    ) -> Vec<Statement> {
        let mut rendered = Rendered::default();
        for range in ranges {
            self.append(text, range.clone(), &mut rendered);
        }
        let whole = 0..rendered.text().len();
        let parts = if changeset.splits {
            split::split(rendered.text(), changeset.end_delimiter.as_deref())
        } else {
            vec![whole]
        };
        let statements = parts
            .into_iter()
            .flat_map(|part| self.part(text, &rendered, part, run_mode))
            .collect();
        without_templates(statements)
    }

    /// What goes to the driver at once. Outside of a transaction, several statements of it share an implicit one.
    fn part(&self, text: &str, rendered: &Rendered, part: Range<usize>, run_mode: RunMode) -> Vec<Statement> {
        let mut statements = rendered.statements_in(self.folder.dialect(), text, part);
        if let (RunMode::EachStatement, [first, .., last]) = (run_mode, statements.as_slice()) {
            let span = Span::new(first.span.start, last.span.end);
            let joined: Vec<&str> = statements.iter().map(|statement| statement.text.as_str()).collect();
            statements = vec![Statement {
                text: joined.join(";\n"),
                span,
                line: first.line,
                copy_rows: None,
                not_sent: statements.iter().find_map(|statement| statement.not_sent.clone()),
            }];
        }
        statements
    }

    /// Adds a range with the values of `${name}` put in.
    fn append(&self, text: &str, range: Range<usize>, rendered: &mut Rendered) {
        let mut done = range.start;
        for (at, _) in text[range.clone()].match_indices("${") {
            let at = range.start + at;
            let Some(end) = text[at..range.end].find('}').map(|end| at + end) else {
                break;
            };
            if let Some(value) = self.value(text[at + 2..end].trim(), 0)
                && at >= done
            {
                rendered.copy(text, done..at);
                rendered.put(&value, at..end + 1);
                done = end + 1;
            }
        }
        rendered.copy(text, done..range.end);
    }

    fn value(&self, name: &str, depth: usize) -> Option<String> {
        let given = self.properties.iter().find(|property| property.name == name);
        let Some(property) = given else {
            return match (name, self.folder.engine) {
                ("database.typeName", engine) => Some(short_name(engine).to_owned()),
                ("database.defaultSchemaName", Engine::Postgres) => Some("public".to_owned()),
                _ => None,
            };
        };
        let mut rest = property.value.as_str();
        let mut value = String::new();
        while let Some(start) = rest.find("${").filter(|_| depth < DEPTH_MAX)
            && let Some(end) = rest[start..].find('}').map(|end| start + end)
        {
            value.push_str(&rest[..start]);
            value.push_str(&self.value(rest[start + 2..end].trim(), depth + 1)?);
            rest = &rest[end + 1..];
        }
        value.push_str(rest);
        Some(value)
    }

    /// Changesets in another form than SQL: named, and nothing of them is run.
    fn others(&mut self, path: &Path, count: usize, line: u32) -> Result<(), RepoError> {
        let text = self.text(path)?;
        let number = line.saturating_sub(1) as usize;
        let start: usize = text.split_inclusive('\n').take(number).map(str::len).sum();
        let shown = text[start..].lines().next().unwrap_or_default();
        let indent = shown.len() - shown.trim_start().len();
        let span = Span::new(start + indent, start + shown.trim_end().len().max(indent));
        let form = changelog::form(&path.to_string_lossy());
        let what = if count == 1 { "a changeset" } else { "changesets" };
        let number = if count == 1 { String::new() } else { format!("{count} ") };
        self.read.migrations.push(Migration {
            name: path
                .file_stem()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            path: path.to_owned(),
            statements: vec![Statement {
                text: text[span.range()].to_owned(),
                span,
                line,
                copy_rows: None,
                not_sent: Some(format!("{number}{what} in {form}; dbwright reads Liquibase's SQL only")),
            }],
            text,
            run_mode: RunMode::Transaction,
            down: None,
        });
        Ok(())
    }
}
