//! Generated rows go in: for every schema of the corpora, and for schemas made up at random, each table takes its rows at
//! the first guess, or it stands in `cases/rows` with the reason.
//!
//! `cases/rows/<engine>.txt` holds the tables that took more guesses or got too few rows, and the least share that goes in
//! at once; a table that is missing there fails the test, and so does a line that no table is behind any more. With
//! `DBWRIGHT_BLESS=1` the file is written anew (and must then be read). `DBWRIGHT_ROWS_REPORT` is a file to which the counts
//! are added.

mod corpus;
mod made_up;
mod mysql_family;
mod postgres;
mod sqlite;
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use dbwright_catalog::{Catalog, ObjectId, Unfilled};
use dbwright_ddl::{Placement, ROWS_PER_TABLE, Rows, placement};

use crate::mysql_family_schema::cases;

/// A schema with a name to find it by.
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) sql: String,
    /// Whether an account with all rights has to make it.
    pub(crate) superuser: bool,
    /// Whether statements may fail: what works makes the schema.
    pub(crate) lenient: bool,
}

/// What came of the tables of many schemas.
#[derive(Default)]
pub(crate) struct Tally {
    tables: usize,
    first: usize,
    later: BTreeSet<String>,
    named: BTreeSet<String>,
    reasons: BTreeMap<String, usize>,
    /// Claims that are not so.
    wrong: Vec<String>,
}

impl Tally {
    /// Takes in what came of one schema. `counts` are the rows in its tables, as the server counts them.
    pub(crate) fn add(
        &mut self,
        schema: &str,
        catalog: &Catalog,
        ledger: &Rows,
        unfilled: &[Unfilled],
        counts: &BTreeMap<ObjectId, u64>,
    ) {
        for (table, _) in catalog.tables() {
            self.tables += 1;
            let place = format!("{schema}: {table}");
            let count = counts.get(table).copied().unwrap_or_default();
            let named = unfilled.iter().find(|unfilled| unfilled.table == *table);
            if let Some(named) = named {
                // Which rows the server names, and how the database is called, is another thing each time.
                let reason = named.reason.split(" (").next().unwrap_or_default();
                let reason: String = reason
                    .split('`')
                    .filter(|part| !part.starts_with("dbwright_"))
                    .collect::<Vec<_>>()
                    .join("`");
                let reason = reason.replace("``.", "").replace("`.`", "`");
                let reason = reason.as_str();
                self.named.insert(format!("{place}: {reason}"));
                *self.reasons.entry(kind_of(reason)).or_default() += 1;
                if let Some(problem) = not_true(catalog, counts, named) {
                    self.wrong.push(format!("{place}: {reason}: {problem}"));
                }
                continue;
            }
            // Their hash decides which of the partitions holds them; those that lack rows are named themselves.
            let is_spread = match placement(catalog, table) {
                Placement::Above(_) => true,
                Placement::Partitions => unfilled
                    .iter()
                    .any(|unfilled| is_below(catalog, &unfilled.table, table)),
                Placement::Itself | Placement::Nowhere(_) => false,
            };
            if count < ROWS_PER_TABLE as u64 && !is_spread {
                self.wrong.push(format!("{place}: {count} rows, and no reason"));
            }
            // The rows of such tables were put into others.
            let guesses = match placement(catalog, table) {
                Placement::Partitions | Placement::Above(_) => 1,
                Placement::Itself | Placement::Nowhere(_) => ledger.guesses(table),
            };
            if guesses > 1 {
                self.later.insert(place);
            } else {
                self.first += 1;
            }
        }
    }

    pub(crate) fn told(&self, what: &str) -> String {
        let named: usize = self.reasons.values().sum();
        let mut text = format!(
            "{what}: {} tables, {} at the first guess, {} after more, {named} named\n",
            self.tables,
            self.first,
            self.tables - self.first - named,
        );
        for (reason, count) in &self.reasons {
            writeln!(text, "    {count} × {reason}").unwrap();
        }
        if let Some(file) = std::env::var_os("DBWRIGHT_ROWS_REPORT") {
            use std::io::Write as _;
            let file = std::fs::OpenOptions::new().create(true).append(true).open(file);
            write!(file.unwrap(), "{text}").unwrap();
        }
        text
    }

    /// Compares with what `cases/rows` says of an engine.
    pub(crate) fn check(&self, engine: &str) {
        let told = self.told(engine);
        assert!(self.wrong.is_empty(), "{told}{:#?}", self.wrong);
        let file: PathBuf = cases().join(format!("rows/{engine}.txt"));
        let lines: BTreeSet<String> = self
            .later
            .iter()
            .map(|place| format!("more guesses: {place}"))
            .chain(self.named.iter().map(|named| format!("named: {named}")))
            .collect();
        if std::env::var_os("DBWRIGHT_BLESS").is_some() {
            let mut text = format!("{} of {} at the first guess\n", self.first, self.tables);
            for line in &lines {
                writeln!(text, "{line}").unwrap();
            }
            std::fs::write(&file, text).unwrap();
            return;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let mut known = text.lines();
        let mut floor = known.next().unwrap().split(" of ").map(|part| {
            let digits = part.split(' ').next().unwrap();
            digits.parse::<usize>().unwrap()
        });
        let (first, tables) = (floor.next().unwrap(), floor.next().unwrap());
        let known: BTreeSet<String> = known.map(str::to_owned).collect();
        let news: Vec<_> = lines.difference(&known).collect();
        assert!(news.is_empty(), "{told}not in {}: {news:#?}", file.display());
        let gone: Vec<_> = known.difference(&lines).collect();
        assert!(gone.is_empty(), "{told}no longer so, in {}: {gone:#?}", file.display());
        assert!(
            self.first >= first && self.tables >= tables,
            "{told}fewer than the floor of {first} of {tables} in {}",
            file.display()
        );
    }

    /// Demands of schemas made up at random that nearly all tables are filled at the first guess, and that others are named
    /// with a reason of these.
    pub(crate) fn check_made_up(&self, what: &str, per_thousand: usize, reasons: &[&str]) {
        let told = self.told(what);
        assert!(self.wrong.is_empty(), "{told}{:#?}", self.wrong);
        let odd: Vec<_> = self
            .named
            .iter()
            .filter(|named| !reasons.iter().any(|reason| named.contains(reason)))
            .collect();
        assert!(odd.is_empty(), "{told}{odd:#?}");
        let could = self.tables - self.reasons.values().sum::<usize>();
        assert!(could > 20, "{told}");
        assert!(
            self.first * 1_000 >= could * per_thousand,
            "{told}more guesses: {:#?}",
            self.later
        );
    }
}

/// Whether a table is a partition of another, or of one of its partitions.
fn is_below(catalog: &Catalog, table: &ObjectId, above: &ObjectId) -> bool {
    let parent = catalog
        .tables()
        .find(|(id, _)| *id == table)
        .and_then(|(_, table)| Some(table.partition.as_ref()?.parent.clone()));
    parent.is_some_and(|parent| parent == *above || is_below(catalog, &parent, above))
}

/// The reason without what it names.
fn kind_of(reason: &str) -> String {
    match reason.strip_prefix("its parent ") {
        Some(rest) => match rest.split_once(" has ") {
            Some((_, has)) => format!("its parent … has {has}"),
            None => reason.to_owned(),
        },
        None => reason.to_owned(),
    }
}

/// Why a reason is not true, where that can be told.
fn not_true(catalog: &Catalog, counts: &BTreeMap<ObjectId, u64>, named: &Unfilled) -> Option<String> {
    let count = counts.get(&named.table).copied().unwrap_or_default();
    if count != u64::from(named.rows) && !matches!(placement(catalog, &named.table), Placement::Nowhere(_)) {
        return Some(format!("it holds {count} rows, not {}", named.rows));
    }
    let parent = named.reason.strip_prefix("its parent ")?;
    let (name, how) = parent.split_once(" has no rows").map_or_else(
        || (parent.trim_end_matches(" does not exist"), "is there"),
        |(name, _)| (name, "has rows"),
    );
    let found = catalog.tables().find(|(id, _)| id.to_string() == name);
    let is_so = match how {
        "is there" => found.is_none(),
        _ => found.is_some_and(|(id, _)| counts.get(id).is_none_or(|count| *count == 0)),
    };
    (!is_so).then(|| format!("{name} {how}"))
}
