//! What was not observed or not done, by name: statements, tables without rows, assumptions.

use std::collections::BTreeSet;

use dbwright_catalog::{Change, ObjectId, Section, Unfilled};

use crate::counts::{Summary, findings};
use crate::layout::{Layout, clean};
use crate::unseen::{Unseen, inherited, lacking, not_reached, unseen};
use crate::words;

/// So many reasons, tables or sentences are listed unless everything is asked for.
const LISTED_MAX: usize = 10;

/// Every part that there is, each with an empty line after it.
pub(super) fn unobserved(section: &Section, layout: Layout, verbose: bool) -> String {
    let limit = if verbose { usize::MAX } else { LISTED_MAX };
    let mut text = String::new();
    for sentence in &section.not_done {
        text.push_str(&layout.wrap("", "  ", &clean(sentence)));
    }
    if !section.not_done.is_empty() {
        text.push('\n');
    }
    text.push_str(&left_out(section, layout, verbose));
    text.push_str(&statements(section, layout, limit));
    text.push_str(&tables(section, layout, limit));
    if let Some(trace) = &section.trace {
        let sentences = prelude(section)
            .into_iter()
            .chain(trace.assumptions.iter().map(|sentence| clean(sentence)))
            .collect();
        text.push_str(&block(
            "What was assumed or done so that the migrations could run:",
            sentences,
            layout,
            limit,
        ));
    }
    text
}

/// What a platform has in a new database, and was made before the first migration.
fn prelude(section: &Section) -> Option<String> {
    let prelude = section.history.prelude.as_ref()?;
    Some(format!(
        "Loaded dbwright's prelude for {}: roles, schemas and tables that the platform has before the first migration.",
        clean(&prelude.name)
    ))
}

/// Files that are not run: how many of what kind, and all of them where everything is asked for.
fn left_out(section: &Section, layout: Layout, verbose: bool) -> String {
    let left_out = &section.history.left_out;
    if left_out.is_empty() {
        return String::new();
    }
    let counts: Vec<String> = left_out
        .iter()
        .map(|kind| format!("{} ({})", kind.what, kind.files.len()))
        .collect();
    let title = format!("Not run: {}.", clean(&counts.join(", ")));
    if !verbose {
        return format!("{}\n", layout.wrap("", "  ", &title));
    }
    let files = left_out.iter().flat_map(|kind| &kind.files);
    block(
        &title,
        files.map(|file| clean(&words::path(file))).collect(),
        layout,
        usize::MAX,
    )
}

/// Statements that were not observed: those that were to be judged, then older ones that did not run.
fn statements(section: &Section, layout: Layout, limit: usize) -> String {
    let (judged, older): (Vec<Unseen>, Vec<Unseen>) = unseen(section)
        .into_iter()
        .partition(|unseen| section.judged.contains(unseen.migration));
    let mut lines = reasons(section, &judged);
    let inherited = inherited(section);
    if inherited > 0 {
        let need = if inherited == 1 { "needs" } else { "need" };
        let statements = words::count(inherited, "statement");
        lines.push(format!(
            "{statements} {need} what earlier migrations failed to make (see below)"
        ));
    }
    let lacking = lacking(section);
    if lacking > 0 {
        let need = if lacking == 1 { "needs" } else { "need" };
        let statements = words::count(lacking, "statement");
        let file = section.history.schema.as_ref().map(|schema| words::path(&schema.path));
        let from = clean(file.as_deref().unwrap_or("the prelude"));
        lines.push(format!("{statements} {need} what {from} failed to make (see below)"));
    }
    let missing = not_reached(section);
    if missing > 0 {
        lines.push(format!("{} the run never came to", words::count(missing, "statement")));
    }
    let summary = Summary::of_section(section);
    let (number, how) = if summary.observed == 0 && summary.predicted > 0 {
        (summary.statements - summary.predicted, "predicted")
    } else {
        (summary.not_observed(), "observed")
    };
    let were = if number == 1 { "was" } else { "were" };
    let predicted = match summary.predicted {
        all if how == "observed" && all == number => ", but predicted".to_owned(),
        some if how == "observed" && some > 0 => format!("; {some} of them predicted"),
        _ => String::new(),
    };
    let title = format!(
        "{number} of {} {were} not {how}{predicted}:",
        words::count(summary.statements, "statement")
    );
    let mut text = block(&title, lines, layout, limit);
    let title = match older.len() {
        1 => "1 statement of an earlier migration did not run here:".to_owned(),
        number => format!("{number} statements of earlier migrations did not run here:"),
    };
    text.push_str(&block(&title, reasons(section, &older), layout, limit));
    text
}

/// One line per reason: neighbours in one file with the same reason share it.
fn reasons(section: &Section, unseen: &[Unseen]) -> Vec<String> {
    let same = |a: &Unseen, b: &Unseen| {
        let alone = |it: &Unseen| it.followers == 0 && it.predicted_followers == 0;
        a.migration == b.migration && a.reason == b.reason && a.is_predicted == b.is_predicted && alone(a) && alone(b)
    };
    unseen
        .chunk_by(same)
        .map(|group| {
            let first = &group[0];
            let migration = section.history.migrations.get(first.migration);
            let path = migration.map_or_else(String::new, |migration| words::path(&migration.path));
            let numbers: Vec<String> = group
                .iter()
                .filter_map(|unseen| migration?.statements.get(unseen.statement))
                .map(|statement| statement.line.to_string())
                .collect();
            let reason = first.told();
            let reason = match first.followers {
                0 => reason,
                1 => format!("{reason}; 1 later statement needs it"),
                number => format!("{reason}; {number} later statements need it"),
            };
            clean(&format!("{path}:{}: {reason}", numbers.join(", ")))
        })
        .collect()
}

/// Tables under review that hold no generated rows.
fn tables(section: &Section, layout: Layout, limit: usize) -> String {
    let Some(trace) = &section.trace else {
        return String::new();
    };
    let concerned = concerned(section);
    let unfilled: Vec<&Unfilled> = trace
        .unfilled
        .iter()
        .filter(|it| concerned.contains(&it.table))
        .collect();
    let title = match unfilled.as_slice() {
        [_] => "This table could not be given enough rows, so what depends on rows was not observed there:",
        _ => "These tables could not be given enough rows, so what depends on rows was not observed there:",
    };
    let lines = unfilled.iter().map(|unfilled| {
        let rows = if unfilled.rows == 0 {
            String::new()
        } else {
            format!(" (only {})", words::count(unfilled.rows as usize, "row"))
        };
        clean(&format!("{}{rows}: {}", unfilled.table, unfilled.reason))
    });
    block(title, lines.collect(), layout, limit)
}

/// The tables that findings name or that judged statements touched.
fn concerned(section: &Section) -> BTreeSet<ObjectId> {
    let mut ids: Vec<&ObjectId> = findings(section)
        .filter_map(|finding| finding.evidence.relation.as_ref())
        .collect();
    let migrations = section
        .trace
        .iter()
        .flat_map(|trace| trace.migrations.iter().enumerate());
    let judged = migrations.filter(|(index, _)| section.judged.contains(*index));
    for effect in judged.flat_map(|(_, migration)| &migration.effects) {
        ids.extend(effect.locks.iter().map(|lock| &lock.relation));
        ids.extend(effect.rewritten.iter().chain(&effect.scanned));
        ids.extend(effect.rows.iter().map(|rows| &rows.table));
        ids.extend(effect.changes.iter().map(Change::object).map(|object| &object.id));
    }
    ids.into_iter()
        .map(|id| id.owner_table().unwrap_or_else(|| id.clone()))
        .collect()
}

/// A title with indented lines under it and an empty line after them; nothing where there are no lines.
fn block(title: &str, lines: Vec<String>, layout: Layout, limit: usize) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut text = layout.wrap("", "", title);
    let more = lines.len().saturating_sub(limit);
    for line in lines.into_iter().take(limit) {
        text.push_str(&layout.wrap("  ", "    ", &line));
    }
    if more > 0 {
        text.push_str(&layout.wrap("  ", "    ", &format!("… and {more} more (`--verbose` lists them)")));
    }
    text.push('\n');
    text
}
