//! Changes of types: which casts PostgreSQL has, what they lose, and how columns go over to a new type of the same name.

use dbwright_catalog::{Attribute, ObjectBody, ObjectId, Type, TypeKind};

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

/// Whether the stored values of one type are those of the other, whatever they are, so that the server changes the catalog
/// alone and keeps tables and indexes. What is not known is taken for a change.
/// <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>
pub(super) fn keeps_storage(from: &str, to: &str) -> bool {
    let length = |name: &str, base: &str| -> Option<Option<i32>> {
        let rest = name.strip_prefix(base)?;
        if rest.is_empty() {
            return Some(None);
        }
        let digits = rest.strip_prefix('(')?.strip_suffix(')')?;
        digits.parse().ok().map(Some)
    };
    let widens = |base: &str| match (length(from, base), length(to, base)) {
        (Some(_), Some(None)) => true,
        (Some(Some(from)), Some(Some(to))) => to >= from,
        _ => false,
    };
    let varying = "character varying";
    let numeric = |name: &str| name == "numeric" || name.starts_with("numeric(");
    let is_wider_numeric = || match (scale(from), scale(to)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some((was, from)), Some((is, to))) => from == to && is >= was,
    };
    from == to
        || widens(varying)
        || widens("bit varying")
        || from == "text" && to == varying
        || to == "text" && length(from, varying).is_some()
        || from == "cidr" && to == "inet"
        || numeric(from) && numeric(to) && is_wider_numeric()
}

/// Whether an expression may give each row another value. What is not known to be the same for all is taken for that.
pub(super) fn may_be_volatile(expression: &str) -> bool {
    const SAME_FOR_ALL: [&str; 12] = [
        "now",
        "statement_timestamp",
        "transaction_timestamp",
        "current_setting",
        "current_schema",
        "current_database",
        "timezone",
        "lower",
        "upper",
        "date_trunc",
        "jsonb_build_object",
        "jsonb_build_array",
    ];
    let mut outside = String::new();
    // Every second piece stands between quotes; a quote within doubles and leaves an empty piece.
    for piece in expression.split('\'').step_by(2) {
        outside.push_str(piece);
        outside.push(' ');
    }
    outside.match_indices('(').any(|(at, _)| {
        let before = outside[..at].trim_end_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
        let name = &outside[before.len()..at];
        // `numeric(10,2)` after `::`, and brackets that are no call.
        let is_call = !name.is_empty() && !before.trim_end().ends_with("::");
        is_call && !SAME_FOR_ALL.contains(&name)
    })
}

/// Why the columns of a type can't go over to a new type in its place; nothing where they can.
pub(super) fn no_swap(before: &Side<'_>, after: &Side<'_>, id: &ObjectId) -> Option<String> {
    let by_hand = "Make a type under another name, add columns of it, and fill them.";
    match (kind_of(before, id)?, kind_of(after, id)?) {
        (TypeKind::Domain { base: from, .. }, TypeKind::Domain { base: to, .. }) => match cast(from, to) {
            Cast::None => Some(format!(
                "PostgreSQL has no cast from {from} to {to}. Make a domain under another name and move the columns to it one by one."
            )),
            Cast::Assignment | Cast::Explicit | Cast::ThroughText => None,
        },
        (TypeKind::Composite(old), TypeKind::Composite(new)) => {
            let mut kept = new
                .iter()
                .filter_map(|is| Some((old.iter().find(|was| was.name == is.name)?, is)));
            if let Some((was, is)) = kept.find(|(was, is)| cast(&was.type_name, &is.type_name) == Cast::None) {
                return Some(format!(
                    "It would have to be replaced by a new type, and PostgreSQL has no cast from {} to {} for its attribute {}. {by_hand}",
                    was.type_name, is.type_name, is.name
                ));
            }
            let names = |attributes: &[Attribute]| -> Vec<String> {
                attributes.iter().map(|attribute| attribute.name.clone()).collect()
            };
            let mut columns = before.columns_of_type(id).iter();
            let is_array = |column: &&ObjectId| {
                let body = before.column(column);
                after.has(column) && body.is_some_and(|body| body.type_name.ends_with("[]"))
            };
            let array = columns.find(is_array).filter(|_| names(old) != names(new));
            array.map(|column| {
                format!("It would have to be replaced by a new type, and the values in the arrays of {column} can't be carried over. {by_hand}")
            })
        }
        // What the one is written as, the other may read.
        (
            TypeKind::Enum(_) | TypeKind::Domain { .. },
            TypeKind::Enum(_) | TypeKind::Domain { .. } | TypeKind::Range(_),
        ) => None,
        (
            TypeKind::Enum(_)
            | TypeKind::Domain { .. }
            | TypeKind::Range(_)
            | TypeKind::Composite(_)
            | TypeKind::Base(_)
            | TypeKind::Shell,
            _,
        ) => Some(format!(
            "It would have to be replaced by a new type, and its values can't be carried over. {by_hand}"
        )),
    }
}

fn kind_of<'a>(side: &Side<'a>, id: &ObjectId) -> Option<&'a TypeKind> {
    match &side.get(id)?.body {
        ObjectBody::Type(Type { kind }) => Some(kind),
        _ => None,
    }
}

/// The values of a column as those of the new type that takes the place of its old one. `is_swapped` tells which types, as
/// the server prints them, are new ones as well.
pub(super) fn carried_over(
    (before, after): (&Side<'_>, &Side<'_>),
    id: &ObjectId,
    column: &str,
    type_name: &str,
    is_swapped: impl Fn(&str) -> bool,
) -> String {
    let array = if type_name.ends_with("[]") { "[]" } else { "" };
    let through_text = format!("{column}::text{array}::{type_name}");
    match (kind_of(before, id), kind_of(after, id)) {
        (Some(TypeKind::Domain { base: was, .. }), Some(TypeKind::Domain { base, .. })) => {
            if is_swapped(base.trim_end_matches("[]")) || cast(was, base) == Cast::ThroughText {
                through_text
            } else {
                format!("{column}::{base}{array}::{type_name}")
            }
        }
        (Some(TypeKind::Composite(old)), Some(TypeKind::Composite(new))) if array.is_empty() => {
            let values = new.iter().map(|is| {
                let name = super::names::quoted(&is.name);
                match old.iter().find(|was| was.name == is.name) {
                    None => "NULL".to_owned(),
                    Some(was) if is_swapped(is.type_name.trim_end_matches("[]")) => {
                        let array = if was.type_name.ends_with("[]") { "[]" } else { "" };
                        format!("({column}).{name}::text{array}::{}", is.type_name)
                    }
                    Some(was) => match cast(&was.type_name, &is.type_name) {
                        Cast::ThroughText => format!("({column}).{name}::text::{}", is.type_name),
                        Cast::Assignment | Cast::Explicit | Cast::None => {
                            format!("({column}).{name}::{}", is.type_name)
                        }
                    },
                }
            });
            let values: Vec<String> = values.collect();
            // A row of nothing but NULL is not NULL.
            format!(
                "CASE WHEN {column} IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW({})::{type_name} END",
                values.join(", ")
            )
        }
        _ => through_text,
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
    fn a_default_for_all_rows_is_told_from_one_for_each() {
        for same in [
            "0",
            "'a(b)'::text",
            "now()",
            "('x'::text || 'it''s f(x)'::text)",
            "'1'::numeric(10,2)",
        ] {
            assert!(!may_be_volatile(same), "{same}");
        }
        for other in [
            "gen_random_uuid()",
            "app.f(1)",
            "(random() * (10)::double precision)",
            "nextval('s'::regclass)",
        ] {
            assert!(may_be_volatile(other), "{other}");
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
