//! Changes of types: which casts PostgreSQL has, what they lose, and how columns go over to a new type of the same name.

use dbwright_catalog::{ObjectBody, ObjectId, Type, TypeKind};

use super::side::Side;

/// How values of one type become values of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// As in an assignment: what does not fit is an error.
    Assignment,
    /// With `USING column::type`: what can't be read is an error.
    Explicit,
    /// With `USING column::text::type`.
    ThroughText,
    /// Not at all.
    None,
}

/// A family of built-in types with casts among each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Integer(u8),
    Numeric,
    Float,
    Money,
    Text,
    Boolean,
    Date,
    Timestamp,
    TimestampTz,
    Time,
    TimeTz,
    Interval,
    Json,
    Jsonb,
    Bytea,
    Uuid,
    Network,
    Bit,
    Xml,
    Other,
    /// A type of a user or an extension.
    User,
}

fn family(name: &str) -> Family {
    let base = name.split('(').next().unwrap_or_default().trim_end();
    // The precision stands in the middle of `timestamp(3) with time zone`.
    let zoned = name.ends_with("with time zone");
    match base {
        "smallint" => Family::Integer(2),
        "integer" => Family::Integer(4),
        "bigint" => Family::Integer(8),
        "numeric" => Family::Numeric,
        "real" | "double precision" => Family::Float,
        "money" => Family::Money,
        "text" | "character varying" | "character" | "name" | "\"char\"" | "bpchar" => Family::Text,
        "boolean" => Family::Boolean,
        "date" => Family::Date,
        "timestamp with time zone" => Family::TimestampTz,
        "timestamp without time zone" => Family::Timestamp,
        "timestamp" => {
            if zoned {
                Family::TimestampTz
            } else {
                Family::Timestamp
            }
        }
        "time with time zone" => Family::TimeTz,
        "time without time zone" => Family::Time,
        "time" => {
            if zoned {
                Family::TimeTz
            } else {
                Family::Time
            }
        }
        "json" => Family::Json,
        "jsonb" => Family::Jsonb,
        "bytea" => Family::Bytea,
        "uuid" => Family::Uuid,
        "inet" | "cidr" => Family::Network,
        "bit" | "bit varying" => Family::Bit,
        "xml" => Family::Xml,
        _ if base.starts_with("interval") => Family::Interval,
        _ if base.contains('.') => Family::User,
        _ => Family::Other,
    }
}

/// The cast from one type to another, both as the server prints them.
pub(super) fn cast(from: &str, to: &str) -> Cast {
    use Family::{
        Bit, Boolean, Date, Float, Integer, Interval, Json, Jsonb, Money, Network, Numeric, Text, Time, TimeTz,
        Timestamp, TimestampTz, User,
    };
    if from == to {
        return Cast::Assignment;
    }
    match (from.strip_suffix("[]"), to.strip_suffix("[]")) {
        (Some(from), Some(to)) => return cast(from, to),
        (Some(_), None) if family(to) == Text => return Cast::Assignment,
        (None, Some(_)) if family(from) == Text => return Cast::Explicit,
        (Some(_), None) | (None, Some(_)) => return Cast::None,
        (None, None) => {}
    }
    match (family(from), family(to)) {
        (Integer(_) | Numeric | Float, Integer(_) | Numeric | Float)
        | (Date | Timestamp | TimestampTz, Date | Timestamp | TimestampTz)
        | (Time | TimeTz, Time | TimeTz)
        | (Interval, Interval | Time)
        | (Time, Interval)
        | (Timestamp | TimestampTz, Time)
        | (TimestampTz, TimeTz)
        | (Json | Jsonb, Json | Jsonb)
        | (Network, Network)
        | (Numeric | Integer(4 | 8), Money)
        | (Money, Numeric)
        // Everything has a text.
        | (_, Text) => Cast::Assignment,
        (Text, _)
        | (Integer(4), Boolean)
        | (Boolean, Integer(4))
        | (Bit | Integer(4 | 8), Bit)
        | (Bit, Integer(4 | 8)) => Cast::Explicit,
        (User, _) | (_, User) => Cast::ThroughText,
        _ => Cast::None,
    }
}

/// What a change of type may take away from values without an error, in one sentence.
pub(super) fn loss(from: &str, to: &str) -> Option<String> {
    use Family::{
        Date, Float, Integer, Interval, Json, Jsonb, Money, Numeric, Text, Time, TimeTz, Timestamp, TimestampTz,
    };
    let (from_base, to_base) = (from.trim_end_matches("[]"), to.trim_end_matches("[]"));
    let what = match (family(from_base), family(to_base)) {
        (Numeric | Float, Integer(_)) => "fractions are rounded away",
        (Numeric, Numeric) if !holds_numeric(from_base, to_base) => "digits after the point are rounded away",
        (Numeric | Integer(8), Float) => "digits beyond the precision of floating point are lost",
        (Integer(4) | Float, Float) if to_base == "real" => "digits beyond the precision of floating point are lost",
        (Float, Numeric) => "digits are rounded",
        (Integer(_), Numeric) if scale(to_base).is_some_and(|(_, scale)| scale < 0) => "digits are rounded away",
        (Numeric | Integer(_), Money) | (Money, _) => "values become amounts of the currency that the server is set to",
        (Timestamp | TimestampTz, Date) => "the time of day is lost",
        (Timestamp | TimestampTz, Time | TimeTz) => "the date is lost",
        (TimestampTz, Timestamp) | (TimeTz, Time) | (Timestamp, TimestampTz) | (Time, TimeTz) => {
            "values are read in the time zone of the session that makes the change"
        }
        (Timestamp, Timestamp)
        | (TimestampTz, TimestampTz)
        | (Time, Time)
        | (TimeTz, TimeTz)
        | (Interval, Interval)
            if time_precision(to_base) < time_precision(from_base) =>
        {
            "fractions of seconds are rounded away"
        }
        (Interval, Time) => "whole days are lost",
        (Json, Jsonb) => "white space, the order of keys and duplicate keys are lost",
        (Text, Text) if is_padded(from_base) != is_padded(to_base) => "blanks at the end are lost or added",
        _ => return None,
    };
    Some(format!("Its values change from {from} to {to}: {what}."))
}

fn is_padded(name: &str) -> bool {
    name == "character" || name.starts_with("character(")
}

/// Precision and scale of a numeric type.
fn scale(name: &str) -> Option<(i32, i32)> {
    let inner = name.split_once('(')?.1.split(')').next()?;
    let mut parts = inner.split(',').map(|part| part.trim().parse().ok());
    let precision = parts.next()??;
    Some((precision, parts.next().flatten().unwrap_or(0)))
}

fn holds_numeric(from: &str, to: &str) -> bool {
    match (scale(from), scale(to)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some((_, from)), Some((_, to))) => to >= from,
    }
}

fn time_precision(name: &str) -> u32 {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.split(')').next());
    inner.and_then(|digits| digits.parse().ok()).unwrap_or(6)
}

/// Whether a change between these types of PostgreSQL keeps the text of every value, where it does not fail.
pub fn keeps_text(from: &str, to: &str) -> bool {
    use Family::{Date, Integer, Numeric, Text, Timestamp, TimestampTz, Uuid};
    if from == to {
        return true;
    }
    if from.ends_with("[]") || to.ends_with("[]") {
        return false;
    }
    match (family(from), family(to)) {
        (Integer(_), Integer(_) | Text) | (Uuid | Date | Numeric, Text) => true,
        (Integer(_), Numeric) => scale(to).is_none_or(|(_, scale)| scale == 0),
        (Numeric, Numeric) => scale(from).is_some() && scale(from).map(|(_, s)| s) == scale(to).map(|(_, s)| s),
        (Text, Text) => !is_padded(from) && !is_padded(to) && !from.contains("char\"") && !to.contains("char\""),
        (Timestamp, Timestamp) | (TimestampTz, TimestampTz) => time_precision(to) >= time_precision(from),
        _ => false,
    }
}

/// Why the columns of a type can't go over to a new type in its place; nothing where they can.
pub(super) fn no_swap(before: &Side<'_>, after: &Side<'_>, id: &ObjectId) -> Option<String> {
    let kind = |side: &Side<'_>| match side.get(id).map(|object| &object.body) {
        Some(ObjectBody::Type(Type { kind })) => Some(kind.clone()),
        _ => None,
    };
    match (kind(before)?, kind(after)?) {
        (TypeKind::Enum(_), TypeKind::Enum(_)) => None,
        (TypeKind::Domain { base: from, .. }, TypeKind::Domain { base: to, .. }) => match cast(&from, &to) {
            Cast::None => Some(format!(
                "PostgreSQL has no cast from {from} to {to}. Make a domain under another name and move the columns to it one by one."
            )),
            Cast::Assignment | Cast::Explicit | Cast::ThroughText => None,
        },
        _ => Some(
            "It would have to be replaced by a new type, and its values can't be carried over. Make a type under another name, \
             add columns of it, and fill them."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_are_those_of_the_server() {
        for (from, to, expected) in [
            ("integer", "bigint", Cast::Assignment),
            ("text", "integer", Cast::Explicit),
            ("integer", "uuid", Cast::None),
            ("app.mood", "text", Cast::Assignment),
            ("text", "app.mood", Cast::Explicit),
            ("app.mood", "app.state", Cast::ThroughText),
            ("integer[]", "bigint[]", Cast::Assignment),
            ("integer[]", "integer", Cast::None),
            (
                "timestamp(3) without time zone",
                "timestamp with time zone",
                Cast::Assignment,
            ),
            ("date", "integer", Cast::None),
        ] {
            assert_eq!(cast(from, to), expected, "{from} to {to}");
        }
    }

    #[test]
    fn what_is_lost_is_said() {
        assert!(loss("numeric(10,2)", "numeric(10,0)").is_some());
        assert!(loss("numeric(10,2)", "numeric(12,4)").is_none());
        assert!(loss("bigint", "integer").is_none(), "what does not fit is an error");
        assert!(loss("timestamp with time zone", "date").is_some());
        assert!(
            loss("text", "character varying(3)").is_none(),
            "what does not fit is an error"
        );
    }
}
