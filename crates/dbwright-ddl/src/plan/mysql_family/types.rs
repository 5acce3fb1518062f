//! What becomes of values when a column gets another type.
//!
//! The session is strict: a value that does not fit makes the statement fail, and nothing is changed. What strict mode
//! lets pass is lost: digits behind the point, parts of a moment, the precision of a floating-point number
//! (<https://dev.mysql.com/doc/refman/9.7/en/sql-mode.html#sql-mode-strict>).

/// A type in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    word: String,
    numbers: Vec<u32>,
    unsigned: bool,
}

fn parts(type_name: &str) -> Parts {
    let lower = type_name.to_lowercase();
    let (word, rest) = lower.split_once(['(', ' ']).unwrap_or((&lower, ""));
    let inner = rest.split(')').next().unwrap_or_default();
    Parts {
        word: word.to_owned(),
        numbers: inner
            .split(',')
            .filter_map(|number| number.trim().parse().ok())
            .collect(),
        unsigned: lower.contains("unsigned"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Integer,
    Decimal,
    Float,
    Text,
    Bytes,
    Choice,
    Moment,
    Other,
}

fn family(word: &str) -> Family {
    match word {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "bit" | "year" => Family::Integer,
        "decimal" => Family::Decimal,
        "float" | "double" => Family::Float,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Family::Text,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Family::Bytes,
        "enum" | "set" => Family::Choice,
        "date" | "time" | "datetime" | "timestamp" => Family::Moment,
        _ => Family::Other,
    }
}

/// What is lost without an error where values go from one type to another; nothing where they stay what they are or the
/// server refuses.
pub(super) fn loss(before: &str, after: &str) -> Option<&'static str> {
    let (old, new) = (parts(before), parts(after));
    let scale = |parts: &Parts| parts.numbers.get(1).copied().unwrap_or(0);
    match (family(&old.word), family(&new.word)) {
        (Family::Integer, Family::Text | Family::Bytes) if old.word == "bit" => Some("Bits are read as characters."),
        (Family::Integer, Family::Decimal | Family::Text | Family::Bytes)
        | (Family::Decimal, Family::Text | Family::Bytes)
        | (Family::Choice | Family::Moment, Family::Text) => None,
        (Family::Text, Family::Choice) => Some("A value that is the number of a choice becomes that choice."),
        (Family::Integer, Family::Integer) if old.word != "year" && new.word != "year" => None,
        (Family::Decimal, Family::Decimal) if scale(&new) >= scale(&old) => None,
        (Family::Decimal, Family::Decimal | Family::Integer) => Some("Digits behind the point are rounded away."),
        (Family::Integer | Family::Decimal, Family::Float) | (Family::Float, Family::Integer | Family::Decimal) => {
            Some("Numbers are rounded.")
        }
        (Family::Float, Family::Float) if old.word == "float" || new.word == "double" => None,
        (Family::Float, Family::Float) => Some("Numbers lose precision."),
        (Family::Text, Family::Text) if old.word == "char" || new.word != "char" => None,
        (Family::Text, Family::Text) => Some("Spaces at the end of values are lost."),
        (Family::Bytes, Family::Bytes) if old.word == new.word || new.word != "binary" => None,
        (Family::Bytes, Family::Bytes) => Some("Values are filled up with zero bytes."),
        (Family::Moment, Family::Moment) => moment(&old, &new),
        (Family::Text | Family::Bytes, Family::Integer | Family::Decimal | Family::Float | Family::Moment) => {
            Some("Values are read as the new type, and written in its way.")
        }
        (from, to) if from == to && old.word == new.word => None,
        _ => Some("Values are converted to another kind of type, and may not be what they were."),
    }
}

/// Whether the server has any way to turn values of one type into the other, so that it takes `MODIFY COLUMN`.
pub(super) fn can_be_converted(before: &str, after: &str) -> bool {
    let kind = |type_name: &str| {
        let word = parts(type_name).word;
        match word.as_str() {
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
            | "geometrycollection" | "geomcollection" => Some("geometry"),
            "vector" => Some("vector"),
            "uuid" => Some("uuid"),
            "inet4" | "inet6" => Some("address"),
            _ => None,
        }
    };
    let is_plain = |type_name: &str| matches!(family(&parts(type_name).word), Family::Text | Family::Bytes);
    // A text of bytes is no JSON to MySQL: error 3144.
    if parts(after).word == "json" && family(&parts(before).word) == Family::Bytes {
        return false;
    }
    match (kind(before), kind(after)) {
        (None, None) => true,
        (Some("uuid" | "address"), None) => is_plain(after),
        (None, Some("uuid" | "address")) => is_plain(before),
        (before, after) => before == after,
    }
}

fn moment(old: &Parts, new: &Parts) -> Option<&'static str> {
    let fraction = |parts: &Parts| parts.numbers.first().copied().unwrap_or(0);
    let is_whole = |word: &str| matches!(word, "datetime" | "timestamp");
    if old.word == "date" && is_whole(&new.word) {
        return None;
    }
    let is_same_kind = old.word == new.word || is_whole(&old.word) && is_whole(&new.word);
    match is_same_kind {
        true if fraction(new) >= fraction(old) => None,
        true => Some("Fractions of seconds are rounded away."),
        false => Some("Parts of the moment are lost."),
    }
}

/// What makes such a change fail where values do not fit.
pub(super) fn condition(before: &str, after: &str) -> Option<&'static str> {
    let (old, new) = (parts(before), parts(after));
    let width = |parts: &Parts| match parts.word.as_str() {
        "tinyint" => 1,
        "smallint" => 2,
        "mediumint" => 3,
        "int" => 4,
        "bigint" => 8,
        _ => parts.numbers.first().copied().unwrap_or(u32::MAX),
    };
    let is_narrower = width(&new) < width(&old)
        || new.unsigned && !old.unsigned
        || new.unsigned != old.unsigned && width(&new) <= width(&old);
    match (family(&old.word), family(&new.word)) {
        (Family::Integer, Family::Integer) | (Family::Text, Family::Text) | (Family::Bytes, Family::Bytes)
            if !is_narrower =>
        {
            None
        }
        (Family::Integer | Family::Decimal, Family::Integer | Family::Decimal)
        | (Family::Text, Family::Text | Family::Choice)
        | (Family::Bytes, Family::Bytes)
        | (Family::Choice, Family::Choice) => Some("The step fails, and changes nothing, where a value does not fit."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strict_mode_lets_pass_is_a_loss() {
        for (before, after, is_lost) in [
            ("int", "bigint", false),
            ("bigint", "int", false),
            ("int(11)", "varchar(20)", false),
            ("decimal(10,4)", "decimal(10,2)", true),
            ("decimal(10,2)", "decimal(12,2)", false),
            ("datetime(6)", "datetime", true),
            ("datetime", "timestamp(3)", false),
            ("datetime", "date", true),
            ("date", "datetime", false),
            ("varchar(100)", "varchar(10)", false),
            ("varchar(10)", "char(10)", true),
            ("double", "float", true),
            ("int", "float", true),
            ("enum('a','b')", "enum('a')", false),
            ("enum('a','b')", "varchar(9)", false),
            ("varchar(9)", "enum('a')", true),
            ("bit(4)", "char(4)", true),
            ("varchar(9)", "int", true),
            ("json", "int", true),
        ] {
            assert_eq!(loss(before, after).is_some(), is_lost, "{before} to {after}");
        }
    }

    #[test]
    fn some_values_have_no_way_to_another_type() {
        for (before, after, can_be) in [
            ("point", "int", false),
            ("point", "geometry", true),
            ("varbinary(9)", "json", false),
            ("varchar(9)", "json", true),
            ("uuid", "varchar(40)", true),
            ("int(11)", "uuid", false),
        ] {
            assert_eq!(can_be_converted(before, after), can_be, "{before} to {after}");
        }
    }

    #[test]
    fn narrowing_can_fail() {
        assert!(condition("bigint", "int").is_some());
        assert!(condition("int", "bigint").is_none());
        assert!(condition("varchar(100)", "varchar(10)").is_some());
        assert!(condition("int unsigned", "int").is_some());
    }
}
