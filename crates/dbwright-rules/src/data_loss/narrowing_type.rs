//! A column gets a type that can't hold all that the old one could.
//!
//! Some conversions lose something without a word: digits behind the point are rounded, the time of day or the fraction of a
//! second is cut off, JSON loses its order and its duplicates. Others fail on the first row that does not fit, which
//! happens in production and not in tests.
//!
//! It is fine when every row is known to fit.
//!
//! ```sql setup postgres
//! CREATE TABLE payments (id integer PRIMARY KEY, amount numeric(12,4), paid timestamptz, reference varchar(80));
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE payments ALTER COLUMN amount TYPE numeric(12,2);
//! ```
//!
//! ```sql good postgres
//! ALTER TABLE payments ALTER COLUMN amount TYPE numeric(14,4);
//! ALTER TABLE payments ALTER COLUMN reference TYPE text;
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE payments ALTER COLUMN paid TYPE date;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE payments (id int PRIMARY KEY, amount decimal(12,4), paid datetime(6), reference varchar(80));
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE payments MODIFY amount decimal(12,2);
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE payments MODIFY amount decimal(14,4);
//! ```
//!
//! What to do: count the rows that would change or not fit first, and keep the old column until the new one is proven.
//!
//! See <https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-NUMERIC-DECIMAL>,
//! <https://www.postgresql.org/docs/current/datatype-datetime.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/data-types.html> and
//! <https://mariadb.com/docs/server/reference/data-types>.

use dbwright_catalog::{Engine, Finding, Group, ObjectBody, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "narrowing-type",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("narrowing_type.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

/// What happens to values that the new type can't hold.
#[derive(Debug, PartialEq, Eq)]
enum Loss {
    /// They are changed without a word, and how.
    Changed(&'static str),
    /// The statement fails on them, and what they are.
    Refused(&'static str),
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let mut told = Vec::new();
    for (before, after) in context.altered() {
        let (ObjectBody::Column(old), ObjectBody::Column(new)) = (&before.body, &after.body) else {
            continue;
        };
        let Some(table) = after.id.owner_table() else { continue };
        let with_parent = context
            .partition_parents(&table)
            .iter()
            .any(|parent| told.contains(parent));
        if context.is_exempt(&after.id) || with_parent {
            continue;
        }
        let Some(loss) = loss(&old.type_name, &new.type_name) else {
            continue;
        };
        told.push(table.clone());
        let what = format!("From {} to {}", old.type_name, new.type_name);
        let message = match loss {
            Loss::Changed(how) => format!("{what}, {how} in {}", after.id),
            Loss::Refused(values) => format!("{what}, {} fails on {values}", after.id),
        };
        let mut finding = context.finding(&RULE, Some(&table), message);
        finding
            .advice
            .push("Count the rows that would change or not fit first, on production.".to_owned());
        finding.advice.push(format!(
            "Where there are such rows: add a column of the new type, fill it, compare, and drop {} in a later migration.",
            after.id.name()
        ));
        findings.push(finding);
    }
}

/// What the conversion of one type to another does to values that don't fit; nothing where all do, or where it is not known.
fn loss(before: &str, after: &str) -> Option<Loss> {
    if before == after || before.ends_with("[]") || after.ends_with("[]") {
        return None;
    }
    let (old, new) = (Shape::of(before), Shape::of(after));
    match (old, new) {
        (Shape::Decimal(Some((_, old_scale))), Shape::Decimal(Some((_, new_scale)))) if new_scale < old_scale => {
            Some(Loss::Changed("digits behind the point are rounded off"))
        }
        (Shape::Decimal(None), Shape::Decimal(Some(_)) | Shape::Integer(_)) | (Shape::Float(_), Shape::Integer(_)) => {
            Some(Loss::Changed("digits behind the point are rounded off"))
        }
        (Shape::Decimal(Some((old, old_scale))), Shape::Decimal(Some((new, new_scale))))
            if new.saturating_sub(new_scale) < old.saturating_sub(old_scale) =>
        {
            Some(Loss::Refused("numbers with more digits"))
        }
        (Shape::Decimal(Some((_, scale))), Shape::Integer(_)) if scale > 0 => {
            Some(Loss::Changed("digits behind the point are rounded off"))
        }
        (Shape::Decimal(_), Shape::Float(_)) => Some(Loss::Changed("numbers are kept only nearly")),
        (Shape::Float(old), Shape::Float(new)) if new < old => Some(Loss::Changed("numbers lose digits")),
        (Shape::Integer(8), Shape::Float(_)) => Some(Loss::Changed("large numbers are kept only nearly")),
        (Shape::Integer(old), Shape::Integer(new)) if new < old => Some(Loss::Refused("numbers that are too large")),
        (Shape::Text(old), Shape::Text(Some(new))) if old.is_none_or(|old| new < old) => {
            Some(Loss::Refused("texts that are longer"))
        }
        (Shape::Moment(_), Shape::Date) => Some(Loss::Changed("the time of day is cut off")),
        (Shape::Moment(_), Shape::Time(_)) => Some(Loss::Changed("the date is cut off")),
        (Shape::Moment(old), Shape::Moment(new)) | (Shape::Time(old), Shape::Time(new)) if new < old => {
            Some(Loss::Changed("fractions of a second are rounded off"))
        }
        (Shape::Json, Shape::BinaryJson) => Some(Loss::Changed("the order and the duplicates of keys are lost")),
        _ => None,
    }
}

/// What kind of values a type holds, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Digits in all, and behind the point; nothing where there is no limit.
    Decimal(Option<(u32, u32)>),
    /// Bytes.
    Integer(u32),
    /// Bytes.
    Float(u32),
    /// Letters; nothing where there is no limit.
    Text(Option<u32>),
    Date,
    /// Digits behind the second.
    Time(u32),
    /// Digits behind the second.
    Moment(u32),
    Json,
    BinaryJson,
    Other,
}

impl Shape {
    fn of(type_name: &str) -> Shape {
        let (name, numbers, rest) = parts(type_name);
        let first = numbers.first().copied();
        let is_mysql = !rest.contains("time zone");
        match name.as_str() {
            "numeric" => Shape::Decimal(first.map(|all| (all, numbers.get(1).copied().unwrap_or(0)))),
            "decimal" => Shape::Decimal(Some((first.unwrap_or(10), numbers.get(1).copied().unwrap_or(0)))),
            "tinyint" => Shape::Integer(1),
            "smallint" => Shape::Integer(2),
            "mediumint" => Shape::Integer(3),
            "integer" | "int" => Shape::Integer(4),
            "bigint" => Shape::Integer(8),
            "real" | "float" => Shape::Float(4),
            "double" | "double precision" => Shape::Float(8),
            "character varying" | "varchar" => Shape::Text(first),
            "text" if first.is_none() => Shape::Text(None),
            "date" => Shape::Date,
            "time" => Shape::Time(first.unwrap_or(if is_mysql && rest.is_empty() && name == type_name {
                0
            } else {
                6
            })),
            "datetime" => Shape::Moment(first.unwrap_or(0)),
            // PostgreSQL says with or without which zone; MySQL and MariaDB don't, and keep no fractions unless told to.
            "timestamp" => Shape::Moment(first.unwrap_or(if is_mysql { 0 } else { 6 })),
            "json" => Shape::Json,
            "jsonb" => Shape::BinaryJson,
            _ => Shape::Other,
        }
    }
}

/// `numeric(12,4)` as its name, its numbers, and what stands behind: `without time zone`, `unsigned`.
fn parts(type_name: &str) -> (String, Vec<u32>, String) {
    let Some((name, rest)) = type_name.split_once('(') else {
        let (name, rest) = match type_name.split_once(" with") {
            Some((name, rest)) => (name, format!("with{rest}")),
            None => (type_name.strip_suffix(" unsigned").unwrap_or(type_name), String::new()),
        };
        return (name.to_owned(), Vec::new(), rest);
    };
    let (numbers, rest) = rest.split_once(')').unwrap_or((rest, ""));
    let numbers = numbers.split(',').filter_map(|number| number.trim().parse().ok());
    (name.trim().to_owned(), numbers.collect(), rest.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_conversion_loses_is_told_by_both_types() {
        let changed = |before, after| matches!(loss(before, after), Some(Loss::Changed(_)));
        let refused = |before, after| matches!(loss(before, after), Some(Loss::Refused(_)));
        assert!(changed("numeric(12,4)", "numeric(12,2)"));
        assert!(changed("numeric", "numeric(12,2)"));
        assert!(changed("double precision", "integer"));
        assert!(changed(
            "timestamp(6) without time zone",
            "timestamp(3) without time zone"
        ));
        assert!(changed("timestamp with time zone", "date"));
        assert!(changed("datetime(6)", "datetime"));
        assert!(changed("json", "jsonb"));
        assert!(refused("bigint", "integer"));
        assert!(refused("bigint unsigned", "int unsigned"));
        assert!(refused("text", "character varying(20)"));
        assert!(refused("varchar(80)", "varchar(20)"));
        assert!(refused("numeric(12,2)", "numeric(8,2)"));
    }

    #[test]
    fn what_holds_all_that_the_old_type_held_loses_nothing() {
        for (before, after) in [
            ("integer", "bigint"),
            ("numeric(12,2)", "numeric(14,4)"),
            ("numeric(12,2)", "numeric"),
            ("character varying(20)", "text"),
            ("varchar(20)", "varchar(40)"),
            ("timestamp without time zone", "timestamp with time zone"),
            ("timestamp(3) without time zone", "timestamp without time zone"),
            ("date", "timestamp with time zone"),
            ("real", "double precision"),
            ("integer", "text"),
            ("integer", "numeric"),
            ("mood", "text"),
            ("text[]", "character varying(20)[]"),
        ] {
            assert_eq!(loss(before, after), None, "{before} to {after}");
        }
    }
}
