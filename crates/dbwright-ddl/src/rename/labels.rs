//! Labels of an enum that may have another name: where one goes and another comes at the same place.

use dbwright_catalog::{Change, ObjectBody, ObjectId, ObjectKind, Type, TypeKind};

use super::{Pair, likeness};

/// Names so alike are enough wherever the two stand.
const NAMESAKE_MIN: f64 = 0.6;

/// A label as an id: that of its type with the label as one more part.
pub(super) fn label_id(of: &ObjectId, label: &str) -> ObjectId {
    ObjectId {
        kind: ObjectKind::Type,
        path: of.path.iter().cloned().chain([label.to_owned()]).collect(),
    }
}

/// Pairs of labels, of each enum that both sides have.
pub(super) fn pairs(changes: &[Change]) -> Vec<(ObjectId, ObjectId, f64, Vec<String>)> {
    let mut pairs = Vec::new();
    for change in changes {
        let Change::Altered { before, after } = change else {
            continue;
        };
        let (ObjectBody::Type(Type { kind: was }), ObjectBody::Type(Type { kind: is })) = (&before.body, &after.body)
        else {
            continue;
        };
        let (TypeKind::Enum(old), TypeKind::Enum(new)) = (was, is) else {
            continue;
        };
        for gone in old.iter().filter(|label| !new.contains(label)) {
            for come in new.iter().filter(|label| !old.contains(label)) {
                let between_the_same = neighbors(old, new, gone) == neighbors(new, old, come);
                let namesakes = likeness::names(gone, come);
                if !between_the_same && namesakes < NAMESAKE_MIN {
                    continue;
                }
                let mut reasons = vec![format!("Both are labels of {}.", before.id)];
                if between_the_same {
                    reasons.push("They stand between the same labels.".to_owned());
                }
                let place = if between_the_same { 0.5 } else { 0.0 };
                pairs.push((
                    label_id(&before.id, gone),
                    label_id(&before.id, come),
                    place + namesakes,
                    reasons,
                ));
            }
        }
    }
    pairs
}

/// The nearest labels before and after one that the other side has too.
fn neighbors<'a>(labels: &'a [String], other: &[String], label: &str) -> (Option<&'a String>, Option<&'a String>) {
    let place = labels.iter().position(|entry| entry == label).unwrap_or(0);
    let before = labels[..place].iter().rev().find(|entry| other.contains(entry));
    let after = labels.iter().skip(place + 1).find(|entry| other.contains(entry));
    (before, after)
}

/// Whether an id is that of a label.
pub(super) fn is_label(id: &ObjectId) -> bool {
    id.kind == ObjectKind::Type && id.path.len() == 3
}

/// A pair as it is asked about.
pub(super) fn as_pairs(found: &[(ObjectId, ObjectId, f64, Vec<String>)]) -> Vec<Pair<'_>> {
    let pairs = found.iter().map(|(from, to, score, reasons)| Pair {
        from,
        to,
        score: *score,
        reasons: reasons.clone(),
    });
    pairs.collect()
}
