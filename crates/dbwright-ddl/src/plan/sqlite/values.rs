//! What becomes of values: those that are lost, and those that a new table might not take.

use dbwright_catalog::{Catalog, Column, ConstraintKind, Loss, ObjectBody, ObjectId};

use super::Planner;
use super::rebuild::Shape;

/// What SQLite does with a value that is stored in a column (<https://www.sqlite.org/datatype3.html#determination_of_column_affinity>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    /// Nothing: values stay as they are.
    None,
    Real,
    Numeric,
}

impl Affinity {
    fn of(type_name: &str, strict: bool) -> Self {
        let name = type_name.to_ascii_uppercase();
        let has = |part: &str| name.contains(part);
        if has("INT") {
            Affinity::Integer
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Affinity::Text
        } else if has("BLOB") || name.is_empty() || (strict && name == "ANY") {
            Affinity::None
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Affinity::Real
        } else {
            Affinity::Numeric
        }
    }

    /// What a value of this affinity loses when it is stored in a column with another.
    fn loss(self, other: Affinity) -> Option<&'static str> {
        match (self, other) {
            (Affinity::Text | Affinity::None, Affinity::Integer | Affinity::Numeric | Affinity::Real) => {
                Some("Texts that look like numbers become numbers: '007' becomes 7.")
            }
            (Affinity::Integer | Affinity::Numeric, Affinity::Real) => {
                Some("Whole numbers beyond 2 to the power of 53 lose their last digits.")
            }
            (Affinity::Real | Affinity::Numeric | Affinity::None, Affinity::Text) => {
                Some("Numbers become texts, and those with more than 15 digits lose the last ones.")
            }
            (Affinity::Integer, Affinity::Integer | Affinity::Numeric | Affinity::Text)
            | (Affinity::Text, Affinity::Text)
            | (Affinity::Real | Affinity::Numeric, Affinity::Real | Affinity::Numeric | Affinity::Integer)
            | (_, Affinity::None) => None,
        }
    }
}

impl Planner<'_> {
    /// Takes note of the values that a rebuild does not carry.
    pub(super) fn losses_of_columns(&mut self, old: &Shape<'_>, new: &Shape<'_>) {
        for (id, was) in &old.columns {
            let Some((_, is)) = new.column(id.name()) else {
                self.lose_column(id);
                continue;
            };
            if was.generated.is_none() && is.generated.is_some() {
                self.losses.push(Loss {
                    object: (*id).clone(),
                    what: "The values of the column: they are computed from now on.".to_owned(),
                });
                continue;
            }
            let before = Affinity::of(&was.type_name, old.strict);
            let after = Affinity::of(&is.type_name, new.strict);
            if is.generated.is_none()
                && let Some(what) = before.loss(after)
            {
                self.losses.push(Loss {
                    object: (*id).clone(),
                    what: what.to_owned(),
                });
            }
        }
    }

    /// Takes note of a dropped column. Values that were computed are no loss.
    pub(super) fn lose_column(&mut self, id: &ObjectId) {
        let body = self.before.get(id).map(|object| &object.body);
        if !matches!(body, Some(ObjectBody::Column(Column { generated: Some(_), .. }))) {
            self.losses.push(Loss {
                object: id.clone(),
                what: "All values of the column.".to_owned(),
            });
        }
    }
}

/// What rows have to satisfy that they did not before, as a sentence.
pub(super) fn tightened(before: &Catalog, after: &Catalog, old: &Shape<'_>, new: &Shape<'_>) -> Option<String> {
    let mut demands = Vec::new();
    for (id, column) in &new.columns {
        let was = old.column(id.name()).map(|(_, column)| column);
        if column.not_null && was.is_some_and(|was| !was.not_null) {
            demands.push(format!("NOT NULL of {}", id.name()));
        }
    }
    if new.strict && !old.strict {
        demands.push("the types of a STRICT table".to_owned());
    }
    let known: Vec<&str> = before
        .constraints(old.id)
        .filter_map(|(id, _)| before.get(id))
        .map(|object| object.definition.as_str())
        .collect();
    for (id, constraint) in after.constraints(new.id) {
        let Some(object) = after.get(id) else { continue };
        let concerns_rows = !matches!(constraint.kind, ConstraintKind::Exclusion(_) | ConstraintKind::Trigger);
        if concerns_rows && !known.contains(&object.definition.as_str()) {
            demands.push(object.definition.clone());
        }
    }
    (!demands.is_empty()).then(|| {
        format!(
            "Where a row does not satisfy what is new ({}), the plan fails, and nothing is changed.",
            demands.join("; ")
        )
    })
}
