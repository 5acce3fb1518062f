//! Values of a column type as numbers on a line, so that a histogram or two ends can be followed, and back as SQL.

use dbwright_catalog::Engine;

/// What kind of values a column takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Whole numbers up to this one.
    Integer(f64),
    /// With so many digits after the point.
    Decimal(usize),
    Float,
    Date,
    DateTime,
    Time,
    Year,
    /// With so many letters at most.
    Text(usize),
    /// One of these; of a set the first ones alone.
    Enumeration(Vec<String>),
    Bits(u32),
    Json,
    Uuid,
    /// `POINT`, `POLYGON`…
    Geometry(String),
    Inet4,
    Inet6,
}

impl Kind {
    /// The kind of a column by `DATA_TYPE` and `COLUMN_TYPE` of `information_schema.COLUMNS`.
    pub(super) fn of(data_type: &str, column_type: &str, length: Option<u64>, scale: Option<usize>) -> Self {
        let is_unsigned = column_type.contains("unsigned");
        let integer = |bits: i32| Kind::Integer(2f64.powi(if is_unsigned { bits } else { bits - 1 }) - 1.0);
        match data_type {
            "tinyint" => integer(8),
            "smallint" => integer(16),
            "mediumint" => integer(24),
            "int" => integer(32),
            // Beyond 2⁵³ a number on the line has no digits left.
            "bigint" => Kind::Integer(2f64.powi(53)),
            "decimal" => Kind::Decimal(scale.unwrap_or(0)),
            "float" | "double" => Kind::Float,
            "date" => Kind::Date,
            "datetime" | "timestamp" => Kind::DateTime,
            "time" => Kind::Time,
            "year" => Kind::Year,
            "enum" | "set" => Kind::Enumeration(members(column_type)),
            "bit" => Kind::Bits(digits_in(column_type).unwrap_or(1)),
            "json" => Kind::Json,
            "uuid" => Kind::Uuid,
            "inet4" => Kind::Inet4,
            "inet6" => Kind::Inet6,
            "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
            | "geometrycollection" | "geomcollection" | "geometry" => Kind::Geometry(data_type.to_owned()),
            _ => Kind::Text(usize::try_from(length.unwrap_or(16)).unwrap_or(16)),
        }
    }

    /// Where a value stands on the line; nothing for kinds that have none.
    pub(super) fn place(&self, value: &str) -> Option<f64> {
        match self {
            Kind::Integer(_) | Kind::Decimal(_) | Kind::Float | Kind::Year => value.parse().ok(),
            Kind::Date => Some(f64::from(days(value)?)),
            Kind::DateTime => {
                let (date, time) = value.split_once([' ', 'T']).unwrap_or((value, "00:00:00"));
                Some(f64::from(days(date)?) * 86400.0 + seconds(time)?)
            }
            Kind::Time => seconds(value),
            Kind::Text(_) => Some(place_of_text(value)),
            Kind::Enumeration(members) => {
                let number = members.iter().position(|member| *member == value)?;
                #[expect(clippy::cast_precision_loss, reason = "at most 65,535 members")]
                Some(number as f64 + 1.0)
            }
            Kind::Bits(_) | Kind::Json | Kind::Uuid | Kind::Geometry(_) | Kind::Inet4 | Kind::Inet6 => None,
        }
    }

    /// The value at a place of the line, as SQL.
    pub(super) fn at(&self, place: f64) -> String {
        match self {
            Kind::Integer(most) => format!("{:.0}", place.round().clamp(-most - 1.0, *most)),
            Kind::Decimal(scale) => format!("{place:.scale$}"),
            Kind::Float => format!("{place:e}"),
            Kind::Date => format!("'{}'", date(place)),
            Kind::DateTime => {
                let day = (place / 86400.0).floor();
                format!("'{} {}'", date(day), time(place - day * 86400.0))
            }
            Kind::Time => format!("'{}'", time(place)),
            Kind::Year => format!("{:.0}", place.round().clamp(1901.0, 2155.0)),
            Kind::Text(length) => text_at(place, *length),
            // Its number stands for it.
            Kind::Enumeration(_) => format!("{:.0}", place.round().max(1.0)),
            Kind::Bits(_) | Kind::Json | Kind::Uuid | Kind::Geometry(_) | Kind::Inet4 | Kind::Inet6 => {
                "NULL".to_owned()
            }
        }
    }

    /// The value with a number, where nothing is known of values; other numbers give other values as far as there are some.
    pub(super) fn numbered(&self, number: u64) -> String {
        #[expect(clippy::cast_precision_loss, reason = "numbers of rows are small")]
        let place = number as f64;
        match self {
            Kind::Integer(most) => self.at(if place < *most { place + 1.0 } else { place % most }),
            Kind::Decimal(_) | Kind::Float => self.at(place + 1.0),
            Kind::Date => self.at(18262.0 + place % 20000.0),
            Kind::DateTime => self.at(18262.0 * 86400.0 + place),
            Kind::Time => self.at(place % 86400.0),
            Kind::Year => self.at(1970.0 + place % 80.0),
            Kind::Text(length) => format!("'{}'", letters(number, *length)),
            Kind::Enumeration(members) => format!("{}", number % u64::try_from(members.len()).unwrap_or(1).max(1) + 1),
            Kind::Bits(bits) => format!("{}", number % 2u64.saturating_pow((*bits).min(63))),
            Kind::Json => format!("'{{\"n\": {number}}}'"),
            Kind::Uuid => format!("'00000000-0000-4000-8000-{number:012x}'"),
            Kind::Geometry(kind) => geometry(kind, number),
            Kind::Inet4 => format!("'10.{}.{}.{}'", number >> 16 & 255, number >> 8 & 255, number & 255),
            Kind::Inet6 => format!("'fd00::{:x}:{:x}'", number >> 16 & 0xffff, number & 0xffff),
        }
    }

    /// A value that somebody has told, as SQL.
    pub(super) fn told(&self, value: &str) -> String {
        let is_number = matches!(self, Kind::Integer(_) | Kind::Decimal(_) | Kind::Float | Kind::Year);
        if is_number && value.parse::<f64>().is_ok() {
            return value.to_owned();
        }
        dbwright_ddl::quote_literal(Engine::MySql, value)
    }
}

/// The members in `enum('a','b')`.
fn members(column_type: &str) -> Vec<String> {
    let inner = column_type
        .split_once('(')
        .map_or("", |(_, rest)| rest.trim_end_matches(')'));
    let inner = inner.trim_start_matches('\'').trim_end_matches('\'');
    inner.split("','").map(|member| member.replace("''", "'")).collect()
}

/// So many letters of a text decide where it stands.
const PLACED_LETTERS: usize = 6;

/// Printable letters, and one for the end.
const LETTERS: f64 = 96.0;

/// Where a text stands, by its first letters.
fn place_of_text(text: &str) -> f64 {
    let letters = text
        .bytes()
        .map(|byte| byte.saturating_sub(31).min(95))
        .chain(std::iter::repeat(0));
    letters
        .take(PLACED_LETTERS)
        .fold(0.0, |place, letter| place * LETTERS + f64::from(letter))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "each is one of 96"
)]
fn text_at(place: f64, length: usize) -> String {
    let mut rest = place.round().max(0.0);
    let mut letters = Vec::new();
    for _ in 0..PLACED_LETTERS {
        letters.push((rest % LETTERS) as u8);
        rest = (rest / LETTERS).floor();
    }
    letters.reverse();
    let end = letters
        .iter()
        .rposition(|letter| *letter > 0)
        .map_or(0, |last| last + 1);
    let text: String = letters[..end]
        .iter()
        .map(|letter| char::from(letter.max(&1) + 31))
        .take(length)
        .collect();
    dbwright_ddl::quote_literal(Engine::MySql, &text)
}

fn digits_in(text: &str) -> Option<u32> {
    text.chars()
        .filter(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .ok()
}

/// A number in letters and digits, of a fixed width where there is room, so that it sorts as the number does.
fn letters(number: u64, length: usize) -> String {
    let mut text = Vec::new();
    let mut rest = number;
    while rest > 0 || text.len() < 6 {
        text.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::try_from(rest % 36).unwrap_or_default()]);
        rest /= 36;
    }
    text.truncate(length);
    text.reverse();
    String::from_utf8(text).unwrap_or_default()
}

fn geometry(kind: &str, number: u64) -> String {
    let (x, y) = (number % 180, number / 180 % 90);
    let shape = match kind {
        "linestring" => format!("LINESTRING({x} {y},{} {})", x + 1, y + 1),
        "polygon" => format!("POLYGON(({x} {y},{0} {y},{0} {1},{x} {y}))", x + 1, y + 1),
        "multipoint" => format!("MULTIPOINT({x} {y})"),
        "multilinestring" => format!("MULTILINESTRING(({x} {y},{} {}))", x + 1, y + 1),
        "multipolygon" => format!("MULTIPOLYGON((({x} {y},{0} {y},{0} {1},{x} {y})))", x + 1, y + 1),
        "geometrycollection" | "geomcollection" => format!("GEOMETRYCOLLECTION(POINT({x} {y}))"),
        _ => format!("POINT({x} {y})"),
    };
    format!("ST_GeomFromText('{shape}')")
}

/// Days since 1970 of `2026-11-30`: <https://howardhinnant.github.io/date_algorithms.html>.
fn days(date: &str) -> Option<i32> {
    let mut parts = date.get(..10)?.split('-').map(str::parse::<i32>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[expect(clippy::cast_possible_truncation, reason = "years 1 to 9999")]
fn date(days: f64) -> String {
    let days = days.floor().clamp(-719_162.0, 2_932_896.0) as i32 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn seconds(time: &str) -> Option<f64> {
    let mut parts = time.split(':').map(str::parse::<f64>);
    let (hours, minutes, seconds) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    Some(hours * 3600.0 + minutes * 60.0 + seconds)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a day"
)]
fn time(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u32;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_on_a_line_and_come_back() {
        for (kind, value, sql) in [
            (Kind::Date, "2024-02-29", "'2024-02-29'"),
            (Kind::Date, "1969-12-31", "'1969-12-31'"),
            (Kind::DateTime, "2026-11-30 07:08:09", "'2026-11-30 07:08:09'"),
            (Kind::Time, "13:14:15", "'13:14:15'"),
            (Kind::Integer(127.0), "-128", "-128"),
            (Kind::Decimal(2), "12.5", "12.50"),
            (Kind::Year, "2026", "2026"),
            (Kind::Text(20), "DE", "'DE'"),
            (Kind::Text(20), "m7@example.com", "'m7@exa'"),
            (Kind::of("enum", "enum('it''s','b')", None, None), "it's", "1"),
        ] {
            assert_eq!(kind.at(kind.place(value).unwrap()), sql);
        }
        assert_eq!(Kind::Date.place("0000"), None);
        assert_eq!(Kind::Uuid.place("abc"), None);
    }

    #[test]
    fn numbered_values_fit_their_types() {
        assert_eq!(Kind::of("tinyint", "tinyint", None, None).numbered(300), "46");
        assert_eq!(Kind::of("char", "char(3)", Some(3), None).numbered(36 * 36), "'100'");
        assert_eq!(
            Kind::of("varchar", "varchar(20)", Some(20), None).numbered(7),
            "'000007'"
        );
        assert_eq!(Kind::of("enum", "enum('a','b')", Some(1), None).numbered(3), "2");
        assert_eq!(Kind::of("bit", "bit(1)", None, None).numbered(3), "1");
    }
}
