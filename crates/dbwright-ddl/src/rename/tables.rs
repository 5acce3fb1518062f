//! Tables that may have another name: they have columns in common that few other tables have.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ObjectBody, ObjectId, ObjectKind, Table};

use super::{Pair, Sides, likeness};

/// So much of the columns of both must be the same.
const SHARE_MIN: f64 = 0.7;

/// So much, where the names are alike as well.
const SHARE_OF_NAMESAKES_MIN: f64 = 0.45;

/// From here on, names are alike.
const NAMESAKE_MIN: f64 = 0.5;

/// From here on, names of columns of one type are alike.
const COLUMN_NAMESAKE_MIN: f64 = 0.6;

/// A column as it counts here.
type Shape = (String, String);

pub(super) fn pairs<'a>(sides: &Sides<'a>) -> Vec<Pair<'a>> {
    let frequency = frequency(sides);
    let dropped: Vec<_> = sides.dropped(ObjectKind::Table).map(|object| &object.id).collect();
    let created: Vec<_> = sides.created(ObjectKind::Table).map(|object| &object.id).collect();
    let mut pairs = Vec::new();
    for from in dropped {
        let was = shapes(sides.before, from);
        for to in &created {
            if !same_kind(sides, from, to) {
                continue;
            }
            let is = shapes(sides.after, to);
            let shared: Vec<&Shape> = was.intersection(&is).collect();
            let weight = |shapes: &mut dyn Iterator<Item = &Shape>| -> f64 {
                shapes.map(|shape| frequency.get(shape).copied().unwrap_or(1.0)).sum()
            };
            let respelled = respelled(&was, &is);
            let whole = weight(&mut was.union(&is)) - weight(&mut respelled.iter().copied());
            let same = weight(&mut shared.iter().copied()) + weight(&mut respelled.iter().copied());
            let share = if whole > 0.0 { same / whole } else { 0.0 };
            let namesakes = likeness::names(from.name(), to.name());
            let is_alike = share >= SHARE_MIN || (share >= SHARE_OF_NAMESAKES_MIN && namesakes >= NAMESAKE_MIN);
            if shared.is_empty() || !is_alike {
                continue;
            }
            let mut reasons = vec![format!(
                "{} of the {} columns of {from} are in {to} with the same type: {}.",
                shared.len(),
                was.len(),
                list(&shared)
            )];
            if namesakes >= NAMESAKE_MIN {
                reasons.push("Their names are alike.".to_owned());
            }
            pairs.push(Pair {
                from,
                to,
                score: share + namesakes / 4.0,
                reasons,
            });
        }
    }
    pairs
}

/// Columns of the one that are in the other under a name that is alike, with the same type.
fn respelled<'a>(was: &'a BTreeSet<Shape>, is: &'a BTreeSet<Shape>) -> Vec<&'a Shape> {
    let mut left: Vec<&Shape> = is.difference(was).collect();
    let gone = was.difference(is);
    gone.filter(|(name, type_name)| {
        let alike = |other: &&Shape| other.1 == *type_name && likeness::names(name, &other.0) >= COLUMN_NAMESAKE_MIN;
        let place = left.iter().position(alike);
        place.map(|place| left.swap_remove(place)).is_some()
    })
    .collect()
}

/// How much a column says of its table: less where other tables have the same.
fn frequency(sides: &Sides<'_>) -> BTreeMap<Shape, f64> {
    let mut tables: BTreeMap<Shape, BTreeSet<&ObjectId>> = BTreeMap::new();
    for catalog in [sides.before, sides.after] {
        for (table, _) in catalog.tables() {
            for shape in shapes(catalog, table) {
                tables.entry(shape).or_default().insert(table);
            }
        }
    }
    // The two of a pair do not count.
    let weight = |count: usize| likeness::ratio(1, count.saturating_sub(1).max(1));
    tables
        .into_iter()
        .map(|(shape, tables)| (shape, weight(tables.len())))
        .collect()
}

fn shapes(catalog: &Catalog, table: &ObjectId) -> BTreeSet<Shape> {
    let columns = catalog.columns(table).into_iter();
    columns
        .map(|(id, column)| (id.name().to_lowercase(), column.type_name.to_lowercase()))
        .collect()
}

fn same_kind(sides: &Sides<'_>, from: &ObjectId, to: &ObjectId) -> bool {
    let table = |catalog: &Catalog, id: &ObjectId| match catalog.get(id).map(|object| &object.body) {
        Some(ObjectBody::Table(Table { kind, .. })) => Some(*kind),
        _ => None,
    };
    table(sides.before, from) == table(sides.after, to)
}

/// The first names, and how many more there are.
fn list(shapes: &[&Shape]) -> String {
    let names: Vec<&str> = shapes.iter().take(6).map(|(name, _)| name.as_str()).collect();
    match shapes.len() - names.len() {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
