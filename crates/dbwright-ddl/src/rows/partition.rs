//! The bounds of partitions as conditions, so that rows can be made that fit.

use dbwright_catalog::{Catalog, Engine, ObjectId, Table, TableExtra};

use super::expression::{Comparison, Expression, Value, parse};

/// What a row must satisfy to be taken by this partition and all partitioned tables above it. Empty for tables that are no
/// partition. What can't be told beforehand (hashes) is left out.
pub(super) fn conditions(catalog: &Catalog, table: &ObjectId) -> Vec<Expression> {
    let mut conditions: Vec<_> = table_of(catalog, table)
        .and_then(|table| bounds_of_all(catalog.server.engine, table))
        .into_iter()
        .collect();
    let mut at = table.clone();
    // Partitions of partitions of … : the catalog of a server has no cycles, a made-up one could.
    for _ in 0..16 {
        let Some(partition) = table_of(catalog, &at).and_then(|table| table.partition.as_ref()) else {
            break;
        };
        let parent = &partition.parent;
        if let Some((method, keys)) = table_of(catalog, parent).and_then(key) {
            if partition.is_default {
                let siblings = children(catalog, parent).filter(|(id, _)| **id != at);
                conditions.extend(
                    siblings
                        .filter_map(|(_, bound)| condition(&method, &keys, bound))
                        .map(|condition| Expression::Not(Box::new(condition))),
                );
            } else {
                conditions.extend(condition(&method, &keys, &partition.bound));
            }
        }
        at = parent.clone();
    }
    conditions
}

/// Whether this table spreads its rows by their hash.
pub(super) fn is_hashed(table: &Table) -> bool {
    table
        .partition_key
        .as_deref()
        .is_some_and(|key| key.trim_start().to_ascii_uppercase().starts_with("HASH"))
}

/// The partitions of a table, with their bounds, by id.
pub(super) fn children<'a>(
    catalog: &'a Catalog,
    parent: &'a ObjectId,
) -> impl Iterator<Item = (&'a ObjectId, &'a str)> {
    catalog.tables().filter_map(move |(id, table)| {
        let partition = table.partition.as_ref()?;
        (partition.parent == *parent).then_some((id, partition.bound.as_str()))
    })
}

fn table_of<'a>(catalog: &'a Catalog, id: &ObjectId) -> Option<&'a Table> {
    match &catalog.get(id)?.body {
        dbwright_catalog::ObjectBody::Table(table) => Some(table),
        _ => None,
    }
}

/// `RANGE (a, b)` is `RANGE` and the two keys.
fn key(table: &Table) -> Option<(String, Vec<Expression>)> {
    key_of(table.partition_key.as_deref()?)
}

fn key_of(text: &str) -> Option<(String, Vec<Expression>)> {
    let open = text.find('(')?;
    Some((
        text[..open].trim().to_ascii_uppercase(),
        arguments(Engine::Postgres, &text[open..])?,
    ))
}

/// What a row must satisfy so that one of the partitions takes it, on MySQL and MariaDB, where the table knows their bounds
/// and rows go into the table. Nothing where any row will do.
fn bounds_of_all(engine: Engine, table: &Table) -> Option<Expression> {
    let TableExtra::MySqlFamily(extra) = &table.extra else {
        return None;
    };
    let text = table.partition_key.as_deref()?;
    // Subpartitions are hashed.
    let text = text.split(" SUBPARTITION BY ").next().unwrap_or(text);
    let open = text.find('(')?;
    let keys = arguments(engine, &text[open..])?;
    match text[..open].split_whitespace().next()? {
        "RANGE" => {
            let (_, last) = extra.partitions.last()?;
            let bound = arguments(engine, last.strip_prefix("VALUES LESS THAN ")?.trim())?;
            Some(not(beyond(&keys, &bound)))
        }
        "LIST" => {
            let [key] = keys.as_slice() else { return None };
            let lists = extra
                .partitions
                .iter()
                .map(|(_, bound)| arguments(engine, bound.strip_prefix("VALUES IN ")?));
            let items = lists.collect::<Option<Vec<_>>>()?.concat();
            Some(in_list(key, items))
        }
        _ => None,
    }
}

/// The items of `(a, b)`.
fn arguments(engine: Engine, list: &str) -> Option<Vec<Expression>> {
    match parse(engine, &format!("bound{list}")) {
        Expression::Call(_, arguments) => Some(arguments),
        _ => None,
    }
}

/// What a bound demands of the rows of a partition, and the keys of its parent; nothing where it is a hash.
pub(super) fn demanded(key: &str, bound: &str) -> Option<(Vec<Expression>, Expression)> {
    let (method, keys) = key_of(key)?;
    let condition = condition(&method, &keys, bound)?;
    Some((keys, condition))
}

fn condition(method: &str, keys: &[Expression], bound: &str) -> Option<Expression> {
    let lists: Vec<Vec<Expression>> = groups(bound)
        .into_iter()
        .map(|list| arguments(Engine::Postgres, list))
        .collect::<Option<_>>()?;
    match (method, keys, lists.as_slice()) {
        ("LIST", [key], [items]) => Some(in_list(key, items.clone())),
        ("RANGE", keys, [from, to]) => {
            let known = keys.iter().map(|key| {
                not(Expression::Same(
                    Box::new(key.clone()),
                    Box::new(Expression::Constant(Value::Null)),
                ))
            });
            let reached = beyond(keys, from);
            let ended = beyond(keys, to);
            Some(known.fold(and(reached, not(ended)), and))
        }
        _ => None,
    }
}

/// The parenthesised lists of a bound: `(1, 2)` and `(3, 4)` of `FOR VALUES FROM (1, 2) TO (3, 4)`.
fn groups(bound: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);
    for token in dbwright_sql::tokens(Engine::Postgres, bound) {
        if token.is_symbol("(") {
            if depth == 0 {
                start = token.span.start;
            }
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                groups.push(&bound[start..token.span.end]);
            }
        }
    }
    groups
}

/// Whether the key is one of these, NULL only where it is among them.
fn in_list(key: &Expression, items: Vec<Expression>) -> Expression {
    let null = Expression::Constant(Value::Null);
    let takes_null = items.contains(&null);
    let listed = Expression::In(
        Box::new(key.clone()),
        items.into_iter().filter(|item| *item != null).collect(),
    );
    let is_null = Expression::Same(Box::new(key.clone()), Box::new(null));
    if takes_null {
        or(is_null, listed)
    } else {
        and(not(is_null), listed)
    }
}

/// Whether the keys are at or beyond a bound: compared part by part, the first that differs decides.
fn beyond(keys: &[Expression], bound: &[Expression]) -> Expression {
    let constant = |value| Expression::Constant(Value::Bool(value));
    let (Some((key, keys)), Some((part, bound))) = (keys.split_first(), bound.split_first()) else {
        return constant(true);
    };
    match part {
        Expression::Column(name) if name == "minvalue" => constant(true),
        Expression::Column(name) if name == "maxvalue" => constant(false),
        _ if keys.is_empty() => compare(Comparison::GreaterOrEqual, key, part),
        _ => or(
            compare(Comparison::Greater, key, part),
            and(compare(Comparison::Equal, key, part), beyond(keys, bound)),
        ),
    }
}

fn compare(comparison: Comparison, left: &Expression, right: &Expression) -> Expression {
    Expression::Compare(comparison, Box::new(left.clone()), Box::new(right.clone()))
}

fn and(left: Expression, right: Expression) -> Expression {
    Expression::And(Box::new(left), Box::new(right))
}

fn or(left: Expression, right: Expression) -> Expression {
    Expression::Or(Box::new(left), Box::new(right))
}

fn not(inner: Expression) -> Expression {
    Expression::Not(Box::new(inner))
}

#[cfg(test)]
mod tests {
    use super::super::expression::{evaluate, is_false};
    use super::*;

    fn fits(method: &str, bound: &str, value: &Value) -> bool {
        let keys = [Expression::Column("k".to_owned())];
        let condition = condition(method, &keys, bound).unwrap();
        !is_false(&evaluate(&condition, &|_| value.clone()))
    }

    #[test]
    fn bounds_take_what_lies_between_them() {
        let text = |text: &str| Value::Text(text.to_owned());
        let year = "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')";
        assert!(fits("RANGE", year, &text("2024-01-01")));
        assert!(!fits("RANGE", year, &text("2025-01-01")));
        assert!(!fits("RANGE", year, &Value::Null));
        assert!(fits(
            "RANGE",
            "FOR VALUES FROM (MINVALUE) TO (10)",
            &Value::Number(-5.0)
        ));
        assert!(fits("LIST", "FOR VALUES IN ('a', 'b')", &text("b")));
        assert!(!fits("LIST", "FOR VALUES IN ('a', 'b')", &text("c")));
        assert!(fits("LIST", "FOR VALUES IN ('a', NULL)", &Value::Null));
    }

    #[test]
    fn the_first_part_of_a_bound_that_differs_decides() {
        let keys = [Expression::Column("a".to_owned()), Expression::Column("b".to_owned())];
        let condition = condition("RANGE", &keys, "FOR VALUES FROM (1, 5) TO (3, MINVALUE)").unwrap();
        let row = |a: f64, b: f64| {
            let value = evaluate(&condition, &|name| Value::Number(if name == "a" { a } else { b }));
            value == Value::Bool(true)
        };
        assert!(row(1.0, 5.0) && row(2.0, 0.0));
        assert!(!row(1.0, 4.0) && !row(3.0, 0.0));
    }
}
