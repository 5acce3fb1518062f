//! One schema: as SQL, as a tree, and how much of it is understood.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dbwright_catalog::{Object, ObjectBody, ObjectId, SchemaShown};

use super::change::described;
use super::side;
use crate::layout::{BOLD, Layout, clean};
use crate::words::count;
use crate::{TextOptions, incomplete};

/// SQL that recreates the schema. What no statement creates stands in comments at the end.
pub fn show_sql(shown: &SchemaShown) -> String {
    let mut text = format!("-- {}\n", clean(&side::side(&shown.side)).replace('\n', " "));
    if !shown.side.not_run.is_empty() {
        let _ = writeln!(
            text,
            "-- incomplete: {}",
            clean(&incomplete::sentence(&shown.side)).replace('\n', " ")
        );
        for not_run in &shown.side.not_run {
            let line = format!("{}: {}", not_run.place, not_run.why);
            let _ = writeln!(text, "--   {}", clean(&line).replace('\n', " "));
        }
    }
    for step in &shown.steps {
        let _ = writeln!(text, "\n{};", step.sql.trim_end_matches(';'));
    }
    for refusal in &shown.refusals {
        let sentence = format!("not written: {}: {}", side::named(&refusal.object), refusal.reason);
        let _ = writeln!(text, "\n-- {}", clean(&sentence).replace('\n', " "));
    }
    text
}

/// The objects, those of a table below it.
pub fn show_tree(shown: &SchemaShown, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    let mut text = format!("{}\n", side::side(&shown.side));
    let mut below: BTreeMap<ObjectId, Vec<&Object>> = BTreeMap::new();
    let mut top: Vec<&Object> = Vec::new();
    for object in shown.catalog.objects.values() {
        match parent(object) {
            Some(parent) if shown.catalog.get(&parent).is_some() => below.entry(parent).or_default().push(object),
            _ => top.push(object),
        }
    }
    for object in top {
        let head = side::named(&object.id);
        text.push_str(&layout.wrap(
            "",
            "    ",
            &format!("{} {}", layout.paint(BOLD, &clean(&head)), clean(&described(object))),
        ));
        let mut parts = below.remove(&object.id).unwrap_or_default();
        parts.sort_by_key(|part| match &part.body {
            ObjectBody::Column(column) => (part.id.kind, column.position),
            _ => (part.id.kind, 0),
        });
        for part in parts {
            let name = if part.id.owner_table().is_some() {
                part.id.name().to_owned()
            } else {
                part.id.to_string()
            };
            let line = format!("{} {name} {}", part.id.kind.name(), described(part));
            text.push_str(&layout.wrap("  ", "      ", &clean(&line)));
        }
    }
    let limits = side::ignored(&shown.ignored, layout) + &side::limits_of(&shown.side, layout);
    if !limits.is_empty() {
        text.push('\n');
        text.push_str(&limits);
    }
    text
}

/// What an object is shown below.
fn parent(object: &Object) -> Option<ObjectId> {
    if let Some(target) = object.id.target() {
        return Some(target.owner_table().unwrap_or(target));
    }
    match &object.body {
        ObjectBody::Index(index) => Some(index.table.clone()),
        _ => object.id.owner_table(),
    }
}

/// How much of the schema the model covers, kind by kind.
pub fn coverage_text(shown: &SchemaShown, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    let mut text = format!("{}\n\n", side::side(&shown.side));
    let width = shown
        .coverage
        .iter()
        .map(|kind| kind.kind.name().len())
        .max()
        .unwrap_or_default();
    let (mut all, mut covered) = (0, 0);
    for kind in &shown.coverage {
        let here = kind.objects - kind.not_covered.len();
        all += kind.objects;
        covered += here;
        let _ = writeln!(text, "{:width$}  {here} of {}", kind.kind.name(), kind.objects);
        for id in kind.not_covered.iter().take(3) {
            text.push_str(&layout.wrap("  not covered: ", "    ", &clean(&id.to_string())));
        }
    }
    let limits = side::limits_of(&shown.side, layout);
    if !limits.is_empty() {
        text.push('\n');
        text.push_str(&limits);
    }
    let _ = writeln!(
        text,
        "\ndbwright: {covered} of {} covered, {} of kinds that are not known",
        count(all, "object"),
        shown.side.unmodelled.len()
    );
    text
}
