//! The difference of two schemas for people, table by table.

use std::collections::BTreeMap;

use dbwright_catalog::{Change, Comparison, Diff, Object, ObjectBody, ObjectId, ObjectKind, Question};

use super::change::{described, differences};
use super::side;
use crate::TextOptions;
use crate::layout::{BAD, BOLD, FAINT, GOOD, HELP, Layout, clean};
use crate::words::count;

/// The difference. The last line sums it up and fits a status bar.
pub fn diff_text(comparison: &Comparison, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    let mut text = side::both(comparison, layout);
    text.push_str(&body(&comparison.diff, layout, &|_| ""));
    let limits = side::limits(comparison, layout);
    if !limits.is_empty() {
        text.push('\n');
        text.push_str(&limits);
    }
    text.push('\n');
    text.push_str(&status(&comparison.diff));
    text.push('\n');
    text
}

/// Every difference, grouped by the table that it belongs to. `mark` says something behind the name of an object.
pub(super) fn body(diff: &Diff, layout: Layout, mark: &dyn Fn(&ObjectId) -> &'static str) -> String {
    let mut groups: BTreeMap<(ObjectKind, ObjectId), Vec<String>> = BTreeMap::new();
    let mut add = |object: &Object, lines: String| {
        let group = group(object);
        groups.entry((group.kind, group)).or_default().push(lines);
    };
    for change in &diff.changes {
        let id = &change.object().id;
        let (sign, style, rest) = match change {
            Change::Created(object) => ('+', GOOD, described(object)),
            Change::Dropped(object) => ('-', BAD, described(object)),
            Change::Altered { .. } => ('~', HELP, String::new()),
        };
        let head = format!("{sign} {} {}", id.kind.name(), own_name(id));
        let mut lines = line(layout, &layout.paint(style, &clean(&head)), &clean(&rest), mark(id));
        if let Change::Altered { before, after } = change
            && !(before.body == after.body && has_changed_parts(diff, id))
        {
            for difference in differences(before, after) {
                lines.push_str(&layout.wrap("      ", "        ", &clean(&difference)));
            }
        }
        add(change.object(), lines);
    }
    for opaque in &diff.opaque {
        let id = &opaque.after.id;
        let head = format!("! {} {}", id.kind.name(), own_name(id));
        let mut lines = line(
            layout,
            &layout.paint(BAD, &clean(&head)),
            "differs in something that dbwright does not know, and is never planned",
            mark(id),
        );
        for difference in differences(&opaque.before, &opaque.after) {
            lines.push_str(&layout.wrap("      ", "        ", &clean(&difference)));
        }
        add(&opaque.after, lines);
    }
    let mut text = String::new();
    for rename in &diff.renames {
        let sentence = format!("{} is renamed to {}", side::named(&rename.from), rename.to);
        text.push_str(&layout.wrap("\n", "  ", &clean(&sentence)));
    }
    for ((_, id), lines) in groups {
        text.extend(["\n", &layout.paint(BOLD, &clean(&side::named(&id))), "\n"]);
        text.extend(lines);
    }
    text.push_str(&questions(&diff.questions, layout));
    text
}

/// Whether parts of a table are told by themselves, so that its whole text need not be.
fn has_changed_parts(diff: &Diff, table: &ObjectId) -> bool {
    let mut ids = diff.changes.iter().map(|change| &change.object().id);
    ids.any(|id| id.owner_table().as_ref() == Some(table))
}

fn line(layout: Layout, head: &str, rest: &str, mark: &str) -> String {
    let mark = if mark.is_empty() {
        String::new()
    } else {
        format!(" [{mark}]")
    };
    layout.wrap("  ", "      ", format!("{head} {rest}{mark}").trim_end())
}

/// What is asked, with what can be answered.
pub(super) fn questions(questions: &[Question], layout: Layout) -> String {
    let mut text = String::new();
    for question in questions {
        text.push('\n');
        text.push_str(&layout.wrap(
            &format!("{} ", layout.paint(HELP, "question:")),
            "  ",
            &clean(&question.text),
        ));
        for reason in &question.reasons {
            text.push_str(&layout.wrap("  ", "  ", &clean(reason)));
        }
        for choice in &question.choices {
            let answer = format!("--answer {}={}", question.id, choice.name);
            text.push_str(&layout.wrap("  ", "      ", &clean(&format!("{answer}  {}", choice.consequence))));
        }
    }
    text
}

/// The table (or what else it belongs to) that an object is told under.
fn group(object: &Object) -> ObjectId {
    let id = &object.id;
    if let Some(target) = id.target() {
        return target.owner_table().unwrap_or(target);
    }
    if let Some(table) = id.owner_table() {
        return table;
    }
    match &object.body {
        ObjectBody::Index(index) => index.table.clone(),
        ObjectBody::Sequence(sequence) => sequence
            .owned_by
            .as_ref()
            .and_then(ObjectId::owner_table)
            .unwrap_or_else(|| id.clone()),
        _ => id.clone(),
    }
}

/// The name of a part without its table, of anything else as it is shown.
fn own_name(id: &ObjectId) -> String {
    if id.owner_table().is_some() {
        id.name().to_owned()
    } else {
        id.to_string()
    }
}

/// `dbwright: 4 differences (2 created, 1 dropped, 1 altered)`.
pub(super) fn status(diff: &Diff) -> String {
    format!("dbwright: {}", counted(diff))
}

pub(super) fn counted(diff: &Diff) -> String {
    let of = |is: fn(&Change) -> bool| diff.changes.iter().filter(|change| is(change)).count();
    let parts = [
        (diff.renames.len(), "renamed"),
        (of(|change| matches!(change, Change::Created(_))), "created"),
        (of(|change| matches!(change, Change::Dropped(_))), "dropped"),
        (of(|change| matches!(change, Change::Altered { .. })), "altered"),
        (diff.opaque.len(), "not understood"),
    ];
    let all: usize = parts.iter().map(|(number, _)| number).sum();
    if all == 0 {
        return "no difference".to_owned();
    }
    let parts: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    format!("{} ({})", count(all, "difference"), parts.join(", "))
}

/// For what may be overlooked.
pub(super) fn faint(layout: Layout, text: &str) -> String {
    layout.paint(FAINT, text)
}
