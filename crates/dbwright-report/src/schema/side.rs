//! What both sides are, what belongs to others, and what was not looked at.

use dbwright_catalog::{Comparison, Ignored, ObjectId, SchemaSide, SideKind};

use crate::incomplete::not_run;
use crate::layout::{FAINT, Layout, clean};
use crate::words::{count, list};

/// So many names are told before the rest is counted.
const NAMES_MAX: usize = 5;

/// `schema.sql (SQL, run on PostgreSQL 18.1)`.
pub(super) fn side(side: &SchemaSide) -> String {
    let server = &side.server;
    let how = match side.kind {
        SideKind::Live => format!("{server}"),
        SideKind::Rebuilt => format!("built again on {server}"),
        SideKind::Desired => format!("SQL, run on {server}"),
        SideKind::History => format!("migrations, run on {server}"),
        SideKind::Snapshot => format!("snapshot, built on {server}"),
    };
    format!("{} ({how})", clean(&side.shown))
}

/// The two lines above everything else.
pub(super) fn both(comparison: &Comparison, layout: Layout) -> String {
    let heads = format!(
        "{} {}\n{}   {}\n",
        layout.paint(FAINT, "from"),
        side(&comparison.before),
        layout.paint(FAINT, "to"),
        side(&comparison.after)
    );
    let missing = [&comparison.before, &comparison.after].map(|side| not_run(side, layout, false));
    heads + &missing.concat()
}

/// What was left out and not looked at, on both sides.
pub(super) fn limits(comparison: &Comparison, layout: Layout) -> String {
    let mut text = ignored(&comparison.ignored, layout);
    for sentence in &comparison.not_compared {
        text.push_str(&layout.wrap("note: ", "  ", &clean(sentence)));
    }
    for side in [&comparison.before, &comparison.after] {
        text.push_str(&limits_of(side, layout));
    }
    text
}

/// What was not looked at on one side.
pub(super) fn limits_of(side: &SchemaSide, layout: Layout) -> String {
    let mut text = String::new();
    for note in &side.notes {
        text.push_str(&layout.wrap("note: ", "  ", &format!("{}: {}", clean(&side.shown), clean(note))));
    }
    if !side.unmodelled.is_empty() {
        let named: Vec<String> = side
            .unmodelled
            .iter()
            .take(NAMES_MAX)
            .map(|object| format!("{} {}", object.kind, object.name))
            .collect();
        let more = rest(side.unmodelled.len());
        let sentence = format!(
            "{} has {} that dbwright does not know, and differences in them are not seen: {}{more}.",
            side.shown,
            count(side.unmodelled.len(), "object"),
            named.join(", ")
        );
        text.push_str(&layout.wrap("not seen: ", "  ", &clean(&sentence)));
    }
    for unread in &side.unread {
        let sentence = format!("{} of {}: {}", unread.what, side.shown, unread.why);
        text.push_str(&layout.wrap("not read: ", "  ", &clean(&sentence)));
    }
    text
}

pub(super) fn ignored(ignored: &[Ignored], layout: Layout) -> String {
    let told = ignored.iter().map(|ignored| {
        let names: Vec<String> = ignored.objects.iter().take(NAMES_MAX).map(named).collect();
        let more = rest(ignored.objects.len());
        layout.wrap(
            "ignored: ",
            "  ",
            &clean(&format!("{} ({}{more})", ignored.why, list(&names))),
        )
    });
    told.collect()
}

fn rest(all: usize) -> String {
    match all.checked_sub(NAMES_MAX) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    }
}

/// `column users.email`.
pub(super) fn named(id: &ObjectId) -> String {
    format!("{} {id}", id.kind.name())
}
