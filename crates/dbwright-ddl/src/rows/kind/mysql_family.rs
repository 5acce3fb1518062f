//! The types of MySQL and MariaDB, by the name that the server prints: `bigint(20) unsigned`, `enum('a','b''c')`.

use dbwright_catalog::{Column, ColumnExtra};

use super::{Kind, decimal};

/// What a column takes. A `tinyint(1)` is a boolean to people, but has more than two values where rows must differ.
pub(super) fn kind(column: &Column, key: bool) -> Kind {
    let name = column.type_name.to_lowercase();
    let (plain, inner) = match name.split_once('(') {
        Some((plain, rest)) => (plain, rest.rsplit_once(')').map_or("", |(inner, _)| inner)),
        None => (name.split(' ').next().unwrap_or_default(), ""),
    };
    let numbers: Vec<i64> = inner.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    let length = numbers.first().and_then(|length| usize::try_from(*length).ok());
    let unsigned = name.contains(" unsigned");
    let fraction = |otherwise: Kind| {
        if numbers.len() == 2 {
            decimal(&numbers)
        } else {
            otherwise
        }
    };
    match plain {
        "tinyint" if numbers == [1] && !key => Kind::Boolean,
        "bool" | "boolean" if !key => Kind::Boolean,
        "tinyint" | "bool" | "boolean" => integer(8, unsigned),
        "smallint" => integer(16, unsigned),
        "mediumint" => integer(24, unsigned),
        "int" | "integer" => integer(32, unsigned),
        "bigint" => integer(64, unsigned),
        "decimal" | "numeric" => decimal(&numbers),
        // Prints six digits only, and compares with what it does not print.
        "float" => fraction(Kind::Decimal {
            whole: Some(4),
            fraction: 1,
        }),
        "double" | "real" => fraction(Kind::Float),
        "bit" => Kind::Bits {
            length: length.unwrap_or(1),
        },
        "year" => Kind::Integer {
            minimum: 1901,
            maximum: 2155,
        },
        // What has 36 letters is a UUID to people.
        "char" if length == Some(36) => Kind::Uuid,
        "char" => Kind::Letters {
            length: length.unwrap_or(1),
        },
        "varchar" => Kind::Text { limit: length },
        "tinytext" => Kind::Text { limit: Some(63) },
        "text" | "mediumtext" | "longtext" => Kind::Text { limit: None },
        "binary" | "varbinary" => Kind::Bytes {
            limit: length.or(Some(1)),
            padded: plain == "binary",
        },
        "tinyblob" => Kind::Bytes {
            limit: Some(255),
            padded: false,
        },
        "blob" | "mediumblob" | "longblob" => Kind::BYTES,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "datetime" => Kind::Timestamp,
        "timestamp" => Kind::UnixTime,
        "enum" | "set" => Kind::Enum(labels(&column.type_name)),
        "json" => Kind::Json,
        "uuid" => Kind::Uuid,
        "inet4" => Kind::Network { prefix: false },
        "inet6" => Kind::Network6,
        "vector" => Kind::Vector {
            dimensions: length.unwrap_or(2048),
        },
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geometrycollection" | "geomcollection" => Kind::Geometry {
            shape: plain.to_owned(),
            srid: match &column.extra {
                ColumnExtra::MySqlFamily(extra) => extra.srid.unwrap_or(0),
                ColumnExtra::Postgres(_) | ColumnExtra::Sqlite(_) => 0,
            },
        },
        _ => Kind::Unknown(column.type_name.clone()),
    }
}

fn integer(bits: u32, unsigned: bool) -> Kind {
    let half = 1i64.checked_shl(bits - 1).unwrap_or(i64::MAX);
    match (bits, unsigned) {
        // Numbers beyond those with a sign are not needed.
        (64, true) => Kind::Integer {
            minimum: 0,
            maximum: i64::MAX,
        },
        (64, false) => Kind::Integer {
            minimum: i64::MIN,
            maximum: i64::MAX,
        },
        (_, true) => Kind::Integer {
            minimum: 0,
            maximum: 2 * half - 1,
        },
        (_, false) => Kind::Integer {
            minimum: -half,
            maximum: half - 1,
        },
    }
}

/// The labels of `enum('a','b''c')`. A label with a comma can't be in a `set`.
fn labels(type_name: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut label: Option<String> = None;
    let mut letters = type_name.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, &mut label) {
            ('\'', Some(text)) if letters.peek() == Some(&'\'') => {
                letters.next();
                text.push('\'');
            }
            ('\'', Some(_)) => labels.extend(label.take()),
            ('\'', None) => label = Some(String::new()),
            (letter, Some(text)) => text.push(letter),
            (_, None) => {}
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_they_are_printed() {
        assert_eq!(labels("enum('a','b''c','d,e','')"), ["a", "b'c", "d,e", ""]);
    }

    #[test]
    fn integers_have_the_range_of_their_type() {
        let range = |bits, unsigned| match integer(bits, unsigned) {
            Kind::Integer { minimum, maximum } => (minimum, maximum),
            _ => (0, 0),
        };
        assert_eq!(range(8, false), (-128, 127));
        assert_eq!(range(24, true), (0, 16_777_215));
        assert_eq!(range(32, false), (i64::from(i32::MIN), i64::from(i32::MAX)));
        assert_eq!(range(64, false), (i64::MIN, i64::MAX));
    }
}
