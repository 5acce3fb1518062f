//! node-pg-migrate's SQL files: `<timestamp>_<name>.sql` with `-- Up Migration` and `-- Down Migration`, or pairs of
//! `.up.sql` and `.down.sql`.
//!
//! As in <https://github.com/salsita/node-pg-migrate/blob/main/src/sqlMigration.ts> (comments that part a file),
//! <https://github.com/salsita/node-pg-migrate/blob/main/src/migrationLoader.ts> (pairs, which are read with the loader
//! `sql`), <https://github.com/salsita/node-pg-migrate/blob/main/src/utils/comparators.ts> (order) and
//! <https://github.com/salsita/node-pg-migrate/blob/main/src/runner.ts> (all pending files in one transaction, unless
//! `--no-single-transaction` is given). Whether a new migration comes after those that a database has already is checked
//! there, too; which those are, no file says.

use std::ops::Range;
use std::path::Path;

use dbwright_catalog::{Down, Engine, Migration, RunMode, Tool};

use super::{Claim, Folder, Place, Problem, Read, without_templates};
use crate::detect::is_called_like_migrations;
use crate::error::RepoError;
use crate::facts::Fact;
use crate::order;
use crate::text;
use crate::walk::has_extension;

const UP: &str = ".up.sql";
const DOWN: &str = ".down.sql";

/// Extensions of programs that it loads, and their languages.
const PROGRAMS: [(&str, &str); 6] = [
    ("js", "JavaScript"),
    ("cjs", "JavaScript"),
    ("mjs", "JavaScript"),
    ("ts", "TypeScript"),
    ("cts", "TypeScript"),
    ("mts", "TypeScript"),
];

fn language(file: &str) -> Option<&'static str> {
    let known = PROGRAMS.iter().find(|(extension, _)| has_extension(file, extension));
    known.map(|(_, language)| *language)
}

/// Whether a folder bears marks of this tool: its comments in SQL files, or numbered SQL files in a project that depends on
/// it.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    const LOOKED_INTO_MAX: usize = 8;
    let numbered = |file: &&String| timestamp(file).is_some();
    let files: Vec<&String> = place.listing.files.iter().filter(numbered).collect();
    let sql: Vec<&&String> = files.iter().filter(|file| has_extension(file, "sql")).collect();
    let marked = sql.iter().take(LOOKED_INTO_MAX).find_map(|file| {
        let path = place.folder.join(file.as_str());
        comment(&place.peek(&path), "up").map(|_| Fact::new("`-- Up Migration`", path, None))
    });
    let dependency = place.depends_on(Tool::NodePgMigrate);
    let called_so = dependency.is_some() && is_called_like_migrations(place.folder);
    if sql.is_empty() || !(marked.is_some() || called_so) {
        return None;
    }
    let ups = |file: &&&String| !file.ends_with(DOWN) && (has_extension(file, "sql") || language(file).is_some());
    Some(Claim {
        migrations: files.iter().filter(ups).count(),
        engines: vec![Engine::Postgres],
        each_engine: false,
        facts: marked.into_iter().chain(dependency).collect(),
    })
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut found: Vec<(u128, String, &str)> = Vec::new();
    for file in folder.listing.files.iter().filter(|file| !file.starts_with('.')) {
        match timestamp(file) {
            Some(timestamp) => found.push((timestamp, unpunctuated(file), file)),
            None => read.problems.push(Problem::refused(
                folder.at(file),
                1,
                format!("node-pg-migrate refuses the whole folder: the name of {file} does not begin with a number"),
                "Move it out of the folder of migrations, or set an ignore pattern.",
            )),
        }
    }
    found.sort_by(|(a, a_name, a_file), (b, b_name, b_file)| {
        let by_name = || order::natural(a_name, b_name).then_with(|| a_file.cmp(b_file));
        a.cmp(b).then_with(by_name)
    });

    let run_mode = if each_by_itself(folder) {
        RunMode::Transaction
    } else {
        RunMode::AllInOneTransaction
    };
    let has_pairs = found.iter().any(|(.., file)| file.ends_with(UP));
    for (.., file) in &found {
        if let Some(language) = language(file) {
            let name = file.rsplit_once('.').map_or(*file, |(name, _)| name);
            let migration = folder.program(Path::new(file), name, language)?;
            read.migrations.push(Migration { run_mode, ..migration });
        } else if !has_extension(file, "sql") {
            read.problems.push(Problem::refused(
                folder.at(file),
                1,
                format!("node-pg-migrate refuses the whole folder: it can't load {file}"),
                "Move it out of the folder of migrations, or set an ignore pattern.",
            ));
        } else if has_pairs {
            paired(folder, file, run_mode, &mut read)?;
        } else {
            read.migrations.push(one_file(folder, file, run_mode)?);
        }
    }
    Ok(read)
}

/// One of the files of a folder with pairs.
fn paired(folder: &Folder<'_>, file: &str, run_mode: RunMode, read: &mut Read) -> Result<(), RepoError> {
    let exists = |file: &str| folder.listing.files.iter().any(|other| other == file);
    let refuse = |why: String| {
        Problem::refused(
            folder.at(file),
            1,
            format!("node-pg-migrate refuses the whole folder: {why}"),
            "Keep either one file for both ways, or a pair of .up.sql and .down.sql.",
        )
    };
    if let Some(name) = file.strip_suffix(DOWN) {
        if !exists(&format!("{name}{UP}")) {
            read.problems.push(refuse(format!("{file} has no .up.sql")));
        }
    } else if let Some(name) = file.strip_suffix(UP) {
        let (mut migration, _) = folder.whole_file(Path::new(file), name, run_mode)?;
        let down = format!("{name}{DOWN}");
        if exists(&down) {
            migration.down = Some(folder.whole_down(down, run_mode)?.0);
        }
        read.migrations.push(migration);
    } else {
        let name = file.strip_suffix(".sql").unwrap_or(file);
        if exists(&format!("{name}{UP}")) || exists(&format!("{name}{DOWN}")) {
            read.problems
                .push(refuse(format!("{file} stands beside a pair of the same name")));
        }
        read.migrations.push(one_file(folder, file, run_mode)?);
    }
    Ok(())
}

/// A file that holds both ways. Without a comment for the way up, all of it goes up, also what stands below
/// `-- Down Migration`.
fn one_file(folder: &Folder<'_>, file: &str, run_mode: RunMode) -> Result<Migration, RepoError> {
    let text = folder.text(file)?.text;
    let end = text.len();
    let (up, down): (Range<usize>, Option<Range<usize>>) = match (comment(&text, "up"), comment(&text, "down")) {
        (Some(up), Some(down)) if down > up => (up..down, Some(down..end)),
        (Some(up), Some(down)) => (up..end, Some(down..up)),
        (Some(up), None) => (up..end, None),
        (None, down) => (0..end, down.map(|down| down..end)),
    };
    let statements = |range| without_templates(dbwright_sql::statements_in(folder.dialect(), &text, range));
    Ok(Migration {
        name: file.strip_suffix(".sql").unwrap_or(file).to_owned(),
        path: folder.at(file),
        statements: statements(up),
        down: down.map(|down| Down {
            path: folder.at(file),
            text: text.clone(),
            statements: statements(down),
            run_mode,
        }),
        run_mode,
        text,
    })
}

/// Where the first comment stands that begins one of the ways: `/^\s*--[\s-]*up\s+migration/im`.
fn comment(text: &str, way: &str) -> Option<usize> {
    let starts = [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1));
    starts.into_iter().find(|start| {
        let is_here = || {
            let rest = text[*start..].trim_start().strip_prefix("--")?;
            let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '-');
            let after = strip_word(rest, way)?;
            strip_word(after.trim_start(), "migration").filter(|_| after.starts_with(char::is_whitespace))
        };
        is_here().is_some()
    })
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

/// The number that a name begins with. One of 17 digits is a date in UTC, which counts as its milliseconds since 1970.
fn timestamp(file: &str) -> Option<u128> {
    let (digits, _) = order::digits(file);
    if digits.len() != 17 {
        return digits.parse().ok();
    }
    let part = |range: Range<usize>| digits[range].parse::<u128>().ok();
    let days = days_since_1970(part(0..4)?, part(4..6)?, part(6..8)?);
    let seconds = ((days * 24 + part(8..10)?) * 60 + part(10..12)?) * 60 + part(12..14)?;
    Some(seconds * 1000 + part(14..17)?)
}

/// Days of the Gregorian calendar; dates before 1970 count as its first day.
fn days_since_1970(year: u128, month: u128, day: u128) -> u128 {
    // Years begin in March here, so that the leap day is the last one.
    let (year, month) = if month <= 2 {
        (year.saturating_sub(1), month + 9)
    } else {
        (year, month - 3)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    days.saturating_sub(719_469)
}

/// The name as it is compared: punctuation does not count.
fn unpunctuated(file: &str) -> String {
    file.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether the project asks for a transaction for each file.
fn each_by_itself(folder: &Folder<'_>) -> bool {
    const BYTES_MAX: u64 = 1024 * 1024;
    folder.path.ancestors().any(|parent| {
        let package = folder.root.join(parent).join("package.json");
        package.is_file() && text::peek(&package, BYTES_MAX).contains("--no-single-transaction")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_part_a_file_as_the_tool_finds_them() {
        for (text, up, down) in [
            ("-- Up Migration\nSELECT 1;\n-- Down Migration\n", Some(0), Some(26)),
            ("SELECT 1;\n  ---- up   migration of users\n", Some(10), None),
            ("--\n-- UP Migration\n", Some(0), None),
            ("--Up\nMigration", Some(0), None),
            ("-- Upmigration", None, None),
            ("SELECT 1; -- Up Migration", None, None),
            ("", None, None),
        ] {
            assert_eq!((comment(text, "up"), comment(text, "down")), (up, down), "{text}");
        }
    }

    #[test]
    fn seventeen_digits_are_a_date() {
        assert_eq!(timestamp("20200513070724505_a.sql"), Some(1_589_353_644_505));
        assert_eq!(timestamp("19700101000000000_a.sql"), Some(0));
        assert_eq!(timestamp("20000229000000000_a.sql"), Some(951_782_400_000));
        assert_eq!(timestamp("1589353644505_b.sql"), Some(1_589_353_644_505));
        assert_eq!(timestamp("0001-a.sql"), Some(1));
        assert_eq!(timestamp("README.md"), None);
    }
}
