//! What a table demands of a new row: checks, bounds, distinct keys, references.

use std::collections::BTreeMap;

use dbwright_catalog::{Catalog, ConstraintKind, ObjectId};

use super::column::{TableColumns, index_key};
use super::expression::{Expression, Value, evaluate, is_false, parse, parse_domain_check};
use super::partition;
use super::value::value_of;
use super::{Row, Rows};

/// One demand, with the columns it concerns (places in [`TableColumns::all`]).
pub(super) struct Demand {
    pub(super) columns: Vec<usize>,
    pub(super) kind: DemandKind,
}

/// What is demanded.
pub(super) enum DemandKind {
    /// The condition must not be false.
    Condition(Expression),
    /// No other row may have the same keys.
    Distinct {
        keys: Vec<Expression>,
        predicate: Option<Expression>,
        nulls_equal: bool,
        others: Vec<BTreeMap<usize, Value>>,
    },
    /// The columns must be those of a parent row, or of the row itself, or NULL.
    Reference {
        parents: Vec<Vec<Value>>,
        own: Option<Vec<usize>>,
        match_full: bool,
    },
}

impl Demand {
    /// The columns that matter to it, each once.
    pub(super) fn places(&self) -> Vec<usize> {
        let mut places = self.columns.clone();
        if let DemandKind::Reference { own: Some(own), .. } = &self.kind {
            places.extend(own);
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Whether a column matters to it.
    pub(super) fn concerns(&self, place: usize) -> bool {
        let of_own = match &self.kind {
            DemandKind::Reference { own: Some(own), .. } => own.contains(&place),
            _ => false,
        };
        of_own || self.columns.contains(&place)
    }

    /// Whether the demand is certainly violated. `value` gives columns by place, [`Value::Unknown`] where they have no
    /// value yet.
    pub(super) fn is_violated(&self, columns: &TableColumns<'_>, value: &dyn Fn(usize) -> Value) -> bool {
        match &self.kind {
            DemandKind::Condition(condition) => is_false(&evaluate_in(columns, condition, value)),
            DemandKind::Distinct {
                keys,
                predicate,
                nulls_equal,
                others,
            } => others.iter().any(|other| {
                let other = |place: usize| other.get(&place).cloned().unwrap_or(Value::Unknown);
                let both_in = predicate.as_ref().is_none_or(|predicate| {
                    let is_in =
                        |value: &dyn Fn(usize) -> Value| evaluate_in(columns, predicate, value) == Value::Bool(true);
                    is_in(value) && is_in(&other)
                });
                both_in
                    && keys.iter().all(|key| {
                        match (evaluate_in(columns, key, value), evaluate_in(columns, key, &other)) {
                            (Value::Unknown | Value::Refused, _) | (_, Value::Unknown | Value::Refused) => false,
                            (Value::Null, Value::Null) => *nulls_equal,
                            (left, right) => left == right,
                        }
                    })
            }),
            DemandKind::Reference {
                parents,
                own,
                match_full,
            } => {
                let values: Vec<_> = self.columns.iter().map(|place| value(*place)).collect();
                let nulls = values.iter().filter(|value| **value == Value::Null).count();
                if nulls > 0 {
                    return *match_full
                        && values
                            .iter()
                            .any(|value| !matches!(value, Value::Null | Value::Unknown));
                }
                let agrees = |parent: &[Value]| {
                    values
                        .iter()
                        .zip(parent)
                        .all(|(value, parent)| may_equal(value, parent))
                };
                let is_own = own
                    .as_ref()
                    .is_some_and(|own| agrees(&own.iter().map(|place| value(*place)).collect::<Vec<_>>()));
                !is_own && !parents.iter().any(|parent| agrees(parent))
            }
        }
    }

    /// Whether nothing certain can be said about it for this row.
    pub(super) fn is_uncertain(&self, columns: &TableColumns<'_>, value: &dyn Fn(usize) -> Value) -> bool {
        match &self.kind {
            DemandKind::Condition(condition) => evaluate_in(columns, condition, value) == Value::Unknown,
            DemandKind::Distinct { .. } | DemandKind::Reference { .. } => false,
        }
    }
}

fn may_equal(left: &Value, right: &Value) -> bool {
    left == right || *left == Value::Unknown || *right == Value::Unknown
}

/// Evaluates an expression over the columns of the table, generated ones included.
fn evaluate_in(columns: &TableColumns<'_>, expression: &Expression, value: &dyn Fn(usize) -> Value) -> Value {
    evaluate_to_depth(columns, expression, value, 4)
}

fn evaluate_to_depth(
    columns: &TableColumns<'_>,
    expression: &Expression,
    value: &dyn Fn(usize) -> Value,
    depth: u32,
) -> Value {
    evaluate(expression, &|name| {
        let Some(place) = columns.find(name) else {
            return Value::Unknown;
        };
        match (&columns.all[place].generated, depth) {
            (None, _) => value(place),
            (Some(_), 0) => Value::Unknown,
            (Some(expression), depth) => match value(place) {
                Value::Unknown => evaluate_to_depth(columns, expression, value, depth - 1),
                known => known,
            },
        }
    })
}

/// All demands of a table but its foreign keys.
pub(super) fn of_table(catalog: &Catalog, ledger: &Rows, table: &ObjectId, columns: &TableColumns<'_>) -> Vec<Demand> {
    let mut conditions: Vec<Expression> = partition::conditions(catalog, table);
    let mut keys: Vec<(Vec<Expression>, Option<Expression>, bool)> = Vec::new();
    let plain = |names: &[String]| {
        names
            .iter()
            .map(|name| Expression::Column(name.clone()))
            .collect::<Vec<_>>()
    };
    for (_, constraint) in catalog.constraints(table).filter(|(_, constraint)| constraint.enforced) {
        match &constraint.kind {
            ConstraintKind::Check(text) => conditions.push(parse(columns.engine, text)),
            ConstraintKind::PrimaryKey(names) | ConstraintKind::Unique(names) => {
                let index = constraint.index.as_ref().and_then(|id| catalog.get(id));
                let nulls_equal = index.is_some_and(|object| match &object.body {
                    dbwright_catalog::ObjectBody::Index(index) => index.nulls_not_distinct,
                    _ => false,
                });
                keys.push((plain(names), None, nulls_equal));
            }
            ConstraintKind::ForeignKey(_)
            | ConstraintKind::Exclusion(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Trigger => {}
        }
    }
    for column in columns.all.iter().filter(|column| !column.nullable) {
        let is_null = |expression: &Expression| {
            Expression::Same(
                Box::new(expression.clone()),
                Box::new(Expression::Constant(Value::Null)),
            )
        };
        conditions.extend(
            column
                .generated
                .iter()
                .map(|computed| Expression::Not(Box::new(is_null(computed)))),
        );
    }
    for column in &columns.all {
        let checks = column
            .column_type
            .checks
            .iter()
            .map(|check| parse_domain_check(check, &column.name));
        conditions.extend(checks);
    }
    for (_, index) in catalog
        .indexes(table)
        .filter(|(_, index)| index.unique && !index.of_constraint)
    {
        let parts = index.keys.iter().map(|key| index_key(columns.engine, key)).collect();
        keys.push((
            parts,
            index.predicate.as_deref().map(|text| parse(columns.engine, text)),
            index.nulls_not_distinct,
        ));
    }
    let others: Vec<_> = ledger
        .placed(table)
        .iter()
        .chain(ledger.found(table))
        .map(|row| values_of(columns, row))
        .collect();
    let conditions = conditions.into_iter().map(|condition| Demand {
        columns: columns.named_in(&condition),
        kind: DemandKind::Condition(condition),
    });
    let keys = keys.into_iter().map(|(keys, predicate, nulls_equal)| {
        let mut concerned: Vec<_> = keys
            .iter()
            .chain(&predicate)
            .flat_map(|part| columns.named_in(part))
            .collect();
        concerned.sort_unstable();
        concerned.dedup();
        let others = others.clone();
        Demand {
            columns: concerned,
            kind: DemandKind::Distinct {
                keys,
                predicate,
                nulls_equal,
                others,
            },
        }
    });
    conditions.chain(keys).collect()
}

/// What conditions see of a row that exists.
fn values_of(columns: &TableColumns<'_>, row: &Row) -> BTreeMap<usize, Value> {
    let known = columns.all.iter().enumerate().filter_map(|(place, column)| {
        let sql = row.get(&column.name)?;
        Some((place, value_of(columns.engine, &column.column_type.kind, sql)))
    });
    known.collect()
}
