//! Columns of one table that may have another name: of the same type, and between the same neighbors or called alike.

use dbwright_catalog::{Catalog, Column, ObjectBody, ObjectId, ObjectKind};

use super::{Pair, Sides, likeness};

/// Names so alike are enough by themselves.
const NAMESAKE_MIN: f64 = 0.6;

/// Names so alike are enough where one neighbor is the same.
const NAMESAKE_BESIDE_NEIGHBOR_MIN: f64 = 0.3;

pub(super) fn pairs<'a>(sides: &Sides<'a>) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for dropped in sides.dropped(ObjectKind::Column) {
        let Some(table) = dropped
            .id
            .owner_table()
            .filter(|table| sides.after.get(table).is_some())
        else {
            continue;
        };
        for created in sides.created(ObjectKind::Column) {
            if created.id.owner_table().as_ref() != Some(&table) {
                continue;
            }
            let (ObjectBody::Column(was), ObjectBody::Column(is)) = (&dropped.body, &created.body) else {
                continue;
            };
            if was.type_name != is.type_name || was.generated.is_some() != is.generated.is_some() {
                continue;
            }
            pairs.extend(pair(sides, &table, (&dropped.id, was), (&created.id, is)));
        }
    }
    pairs
}

fn pair<'a>(
    sides: &Sides<'a>,
    table: &ObjectId,
    (from, was): (&'a ObjectId, &Column),
    (to, is): (&'a ObjectId, &Column),
) -> Option<Pair<'a>> {
    let (left_was, right_was) = neighbors(sides.before, sides.after, table, from);
    let (left_is, right_is) = neighbors(sides.after, sides.before, table, to);
    let (left, right) = (left_was == left_is, right_was == right_is);
    let namesakes = likeness::names(from.name(), to.name());
    let is_between_the_same = left && right;
    let is_alike = is_between_the_same
        || ((left || right) && namesakes >= NAMESAKE_BESIDE_NEIGHBOR_MIN)
        || namesakes >= NAMESAKE_MIN;
    if !is_alike {
        return None;
    }
    let mut reasons = vec![if was.type_name.is_empty() {
        "Both have no type.".to_owned()
    } else {
        format!("Both are {}.", was.type_name)
    }];
    if is_between_the_same {
        reasons.push("They stand between the same columns.".to_owned());
    }
    if namesakes >= NAMESAKE_BESIDE_NEIGHBOR_MIN {
        reasons.push("Their names are alike.".to_owned());
    }
    let same_rules = was.not_null == is.not_null && was.default == is.default && was.collation == is.collation;
    let points = [left, right, same_rules];
    let score = likeness::ratio(points.iter().filter(|point| **point).count(), 4) + namesakes;
    Some(Pair {
        from,
        to,
        score,
        reasons,
    })
}

/// The nearest columns to the left and right that the other side has too.
fn neighbors<'a>(
    catalog: &'a Catalog,
    other: &Catalog,
    table: &'a ObjectId,
    column: &ObjectId,
) -> (Option<&'a str>, Option<&'a str>) {
    let columns = catalog.columns(table);
    let place = columns.iter().position(|(id, _)| *id == column).unwrap_or(0);
    let is_in_both = |entry: &&(&ObjectId, &Column)| other.get(entry.0).is_some();
    let left = columns[..place].iter().rev().find(is_in_both).map(|(id, _)| id.name());
    let right = columns.iter().skip(place + 1).find(is_in_both).map(|(id, _)| id.name());
    (left, right)
}
