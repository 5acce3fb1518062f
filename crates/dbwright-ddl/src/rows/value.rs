//! Literals of a family of values: a plain one per row, others where conditions ask for them.
//!
//! Numbers from 1 000 000 001, texts like `dbwright-1`: unlikely to collide with what migrations insert.

use dbwright_catalog::Engine;

use super::calendar::{DAYS_2001, DAYS_2037, DAYS_2100, date, days};
use super::expression::{Value, evaluate_constant, parse};
use super::kind::Kind;
use super::pattern::Pattern;
use crate::quote::{hexadecimal, quote_bytes, quote_literal};

/// No value has more letters, bytes, bits or elements than this.
const LENGTH_MAX: usize = 100_000;

/// What a column of a new row could hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// The literal; nothing where the column is left out, so that its default is taken.
    pub(super) sql: Option<String>,
    /// What conditions see.
    pub(super) value: Value,
}

/// What a condition suggests for a column.
#[derive(Clone, Debug)]
pub(super) enum Hint {
    Number(f64),
    Text(String),
    /// That many letters, bytes or elements.
    Length(usize),
    Matching(Pattern),
    /// A JSON object with these keys.
    Keys(Vec<String>),
    /// A JSON object with these members.
    Members(Vec<(String, Value)>),
}

impl Candidate {
    pub(super) fn null() -> Candidate {
        Candidate {
            sql: Some("NULL".to_owned()),
            value: Value::Null,
        }
    }

    pub(super) fn left_out(value: Value) -> Candidate {
        Candidate { sql: None, value }
    }

    /// A literal as it stands in a row that exists.
    pub(super) fn literal(engine: Engine, kind: &Kind, sql: &str) -> Candidate {
        Candidate {
            sql: Some(sql.to_owned()),
            value: value_of(engine, kind, sql),
        }
    }

    /// SQL of which nothing is known before the server has computed it.
    fn expression(sql: String) -> Candidate {
        Candidate {
            sql: Some(sql),
            value: Value::Unknown,
        }
    }

    pub(super) fn text(engine: Engine, text: String) -> Candidate {
        Candidate {
            sql: Some(quote_literal(engine, &text)),
            value: Value::Text(text),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "generated numbers are far below 2^53")]
    fn integer(number: i64) -> Candidate {
        Candidate {
            sql: Some(number.to_string()),
            value: Value::Number(number as f64),
        }
    }

    fn boolean(engine: Engine, value: bool) -> Candidate {
        match engine {
            Engine::Postgres => Candidate {
                sql: Some(value.to_string()),
                value: Value::Bool(value),
            },
            Engine::Sqlite | Engine::MySql | Engine::MariaDb => Candidate::integer(i64::from(value)),
        }
    }

    /// Bytes are told to conditions as PostgreSQL writes them, so that `octet_length` knows them.
    fn bytes(engine: Engine, bytes: &[u8]) -> Candidate {
        Candidate {
            sql: Some(quote_bytes(engine, bytes)),
            value: Value::Text(format!("\\x{}", hexadecimal(bytes))),
        }
    }
}

/// What conditions see of a literal in a column of this kind.
pub(super) fn value_of(engine: Engine, kind: &Kind, sql: &str) -> Value {
    if matches!(kind, Kind::Bytes { .. })
        && let Some(digits) = sql.strip_prefix("X'").and_then(|sql| sql.strip_suffix('\''))
    {
        return Value::Text(format!("\\x{}", digits.to_lowercase()));
    }
    let value = evaluate_constant(&parse(engine, sql));
    match value {
        Value::Text(text) if kind.is_number() => text.parse().map_or(Value::Unknown, Value::Number),
        Value::Text(text) if *kind == Kind::Boolean => match text.as_str() {
            "t" | "true" => Value::Bool(true),
            "f" | "false" => Value::Bool(false),
            _ => Value::Unknown,
        },
        value => value,
    }
}

/// The plain value of row `ordinal` (from 0), another one for every row where the kind has enough of them. Nothing where
/// no value of this kind is known.
pub(super) fn plain(engine: Engine, kind: &Kind, ordinal: usize) -> Option<Candidate> {
    let number = i64::try_from(ordinal).unwrap_or(0);
    let text = |text: String| Some(Candidate::text(engine, text));
    match kind {
        Kind::Integer { maximum, .. } => Some(Candidate::integer(large_integer(*maximum, number))),
        Kind::Decimal { whole, fraction } => Some(decimal(*whole, *fraction, number)),
        Kind::Float => {
            let sql = format!("{}.5", 1_000_001 + number);
            Some(Candidate {
                value: value_of(engine, kind, &sql),
                sql: Some(sql),
            })
        }
        Kind::Text { limit } => text(distinct_text(*limit, ordinal)),
        Kind::Letters { length } => {
            let start = distinct_text(Some(*length), ordinal);
            let missing = (*length).min(LENGTH_MAX).saturating_sub(start.chars().count());
            text(start + &"x".repeat(missing))
        }
        Kind::Bytes { limit, padded } => {
            let bytes = match limit {
                Some(length) if *padded => exact_text((*length).min(LENGTH_MAX), ordinal),
                limit => distinct_text(*limit, ordinal),
            };
            Some(Candidate::bytes(engine, bytes.as_bytes()))
        }
        Kind::Boolean => Some(Candidate::boolean(engine, ordinal.is_multiple_of(2))),
        Kind::Date => text(date(DAYS_2001 + number)),
        Kind::Timestamp | Kind::UnixTime => text(format!("{} 00:00:00", date(DAYS_2001 + number))),
        Kind::Time => text(format!("{:02}:{:02}:01", number / 60 % 24, number % 60)),
        Kind::Interval => text(format!("{} days", number + 1)),
        Kind::Uuid => text(format!("00000000-dbdb-4000-8000-{:012x}", number + 1)),
        Kind::Network { prefix } => {
            let address = format!("192.0.{}.{}", 2 + number / 250, number % 250 + 1);
            text(if *prefix { format!("{address}/32") } else { address })
        }
        Kind::Network6 => text(format!("2001:db8::{:x}", number + 1)),
        Kind::MacAddress { bytes } => {
            let middle = if *bytes == 8 { "ff:fe:" } else { "" };
            text(format!(
                "02:00:00:{middle}db:{:02x}:{:02x}",
                number / 256 % 256,
                (number + 1) % 256
            ))
        }
        Kind::Bits { length } => {
            let length = (*length).min(LENGTH_MAX);
            let digits = with_zeros(&format!("{:b}", number + 1), length);
            let digits = digits[digits.len() - length..].to_owned();
            match engine {
                Engine::Postgres | Engine::Sqlite => text(digits),
                Engine::MySql | Engine::MariaDb => Some(Candidate::expression(format!("b'{digits}'"))),
            }
        }
        Kind::Json | Kind::Array(_) => text("{}".to_owned()),
        Kind::Range(element) => text(range(engine, element, ordinal)),
        Kind::Multirange(element) => text(format!("{{{}}}", range(engine, element, ordinal))),
        Kind::Enum(labels) => match labels.get(ordinal % labels.len().max(1)) {
            Some(label) => text(label.clone()),
            None => None,
        },
        Kind::Vector { dimensions } => {
            let rest = ",1".repeat((*dimensions).min(LENGTH_MAX).saturating_sub(1));
            let list = format!("[{}{rest}]", number + 1);
            match engine {
                Engine::Postgres | Engine::Sqlite => text(list),
                Engine::MySql => Some(Candidate::expression(format!("STRING_TO_VECTOR('{list}')"))),
                Engine::MariaDb => Some(Candidate::expression(format!("VEC_FromText('{list}')"))),
            }
        }
        Kind::Geometry { shape, srid } => {
            let sql = format!("ST_GeomFromText('{}', {srid})", well_known_text(shape, number % 80 + 1));
            Some(Candidate::expression(sql))
        }
        Kind::SparseVector { dimensions } => text(format!("{{1:{}}}/{dimensions}", number + 1)),
        Kind::Composite { attributes } => text(format!("({})", ",".repeat(attributes.saturating_sub(1)))),
        Kind::Fixed { text: fixed, .. } => text((*fixed).to_owned()),
        Kind::Unknown(_) => None,
    }
}

/// Other values, for columns that a condition names.
pub(super) fn variants(engine: Engine, kind: &Kind, ordinal: usize) -> Vec<Candidate> {
    let number = i64::try_from(ordinal).unwrap_or(0);
    let texts = |texts: &[String]| -> Vec<Candidate> {
        texts.iter().map(|text| Candidate::text(engine, text.clone())).collect()
    };
    match kind {
        Kind::Integer { .. } => [
            number + 1,
            0,
            1,
            10 * (number + 1),
            100,
            50,
            2_000 + number,
            -1,
            -1_000_000_001 - number,
        ]
        .into_iter()
        .filter_map(|number| number_candidate(kind, f64_of(number)))
        .collect(),
        Kind::Decimal { .. } | Kind::Float => {
            let numbers = [f64_of(number) + 1.0, 0.0, 1.0, 0.5, 0.25, 50.0, 100.0, -1.0];
            numbers
                .into_iter()
                .filter_map(|number| number_candidate(kind, number))
                .collect()
        }
        Kind::Letters { length } => {
            let limit = Some(*length);
            variants(engine, &Kind::Text { limit }, ordinal)
        }
        Kind::Text { limit } => {
            let fits = |text: &String| limit.is_none_or(|limit| text.chars().count() <= limit);
            let all: Vec<_> = text_variants(ordinal).into_iter().filter(fits).collect();
            texts(&all)
        }
        Kind::Bytes { limit, padded: false } => [1, 4, 12, 16, 20, 24, 32, 64, 0]
            .into_iter()
            .filter(|length| limit.is_none_or(|limit| *length <= limit))
            .map(|length| Candidate::bytes(engine, exact_text(length, ordinal).as_bytes()))
            .collect(),
        Kind::Boolean => vec![Candidate::boolean(engine, true), Candidate::boolean(engine, false)],
        Kind::Date => texts(&[
            date(DAYS_2100 + number),
            date(number),
            date(DAYS_2001 + number + 365),
            format!("{}-01-01", 2_020 + number % 1_000),
        ]),
        Kind::Timestamp => texts(&[
            format!("{} 00:00:00", date(DAYS_2100 + number)),
            format!("{} 00:00:00", date(number)),
            format!("{} 00:00:00", date(DAYS_2001 + number + 365)),
        ]),
        Kind::UnixTime => texts(&[
            format!("{} 00:00:00", date(DAYS_2037 + number)),
            format!("{} 00:00:00", date(366 + number)),
            format!("{} 00:00:00", date(DAYS_2001 + number + 365)),
        ]),
        Kind::Time => texts(&["12:00:00".to_owned(), "23:59:00".to_owned()]),
        Kind::Interval => texts(&[
            "1 hour".to_owned(),
            "0".to_owned(),
            "-1 day".to_owned(),
            "10 years".to_owned(),
        ]),
        Kind::Json => texts(&[
            format!("{{\"dbwright\": {}}}", number + 1),
            "[]".to_owned(),
            format!("[{}]", number + 1),
            "\"dbwright\"".to_owned(),
            (number + 1).to_string(),
            "true".to_owned(),
        ]),
        Kind::Array(element) => (1..=3)
            .filter_map(|length| array(engine, element, length, ordinal))
            .collect(),
        Kind::Range(_) => texts(&["empty".to_owned()]),
        Kind::Multirange(_) => texts(&["{}".to_owned()]),
        Kind::Enum(labels) => {
            let labels: Vec<_> = (0..labels.len())
                .map(|at| labels[(at + ordinal) % labels.len()].clone())
                .collect();
            texts(&labels)
        }
        Kind::Bytes { padded: true, .. }
        | Kind::Uuid
        | Kind::Network { .. }
        | Kind::Network6
        | Kind::Geometry { .. }
        | Kind::MacAddress { .. }
        | Kind::Bits { .. }
        | Kind::Vector { .. }
        | Kind::SparseVector { .. }
        | Kind::Composite { .. }
        | Kind::Fixed { .. }
        | Kind::Unknown(_) => Vec::new(),
    }
}

/// What a hint means for a column of this kind, the likeliest first; nothing where it means nothing.
pub(super) fn from_hint(engine: Engine, kind: &Kind, hint: &Hint, ordinal: usize) -> Vec<Candidate> {
    let number = i64::try_from(ordinal).unwrap_or(0);
    let texts = |limit: &Option<usize>, texts: Vec<String>| -> Vec<Candidate> {
        let fits = |text: &String| limit.is_none_or(|limit| text.chars().count() <= limit);
        let fitting = texts.into_iter().filter(fits);
        fitting.map(|text| Candidate::text(engine, text)).collect()
    };
    match (kind, hint) {
        (Kind::Letters { length }, hint) => {
            let limit = Some(*length);
            from_hint(engine, &Kind::Text { limit }, hint, ordinal)
        }
        (_, Hint::Number(near)) if kind.is_number() => {
            let further = [0.0, f64_of(number) + 2.0, -f64_of(number) - 2.0];
            let numbers = further.into_iter();
            numbers.filter_map(|by| number_candidate(kind, near + by)).collect()
        }
        (_, Hint::Text(text)) if kind.is_number() => {
            let number = text.parse().ok();
            number
                .and_then(|number| number_candidate(kind, number))
                .into_iter()
                .collect()
        }
        (Kind::Boolean, Hint::Number(number)) => vec![Candidate::boolean(engine, *number != 0.0)],
        (Kind::Text { limit }, Hint::Text(text)) => {
            // Where the text is only a part of what is wanted.
            let count = ordinal + 1;
            let around = [
                text.clone(),
                format!("{text}{count}"),
                format!("{count}{text}"),
                format!("{text}/{count}"),
            ];
            texts(limit, around.to_vec())
        }
        (Kind::Text { limit }, Hint::Length(length)) => {
            if *length > LENGTH_MAX {
                return Vec::new();
            }
            let letter = char::from(b'a' + u8::try_from(ordinal % 26).unwrap_or(0));
            let digits = with_zeros(&(ordinal + 1).to_string(), *length);
            let letters = "x".repeat(length.saturating_sub(1)) + &letter.to_string();
            let mut all = vec![exact_text(*length, ordinal), digits, letters.to_uppercase(), letters];
            all.retain(|text| text.chars().count() == *length);
            texts(limit, all)
        }
        (Kind::Text { limit }, Hint::Matching(pattern)) => texts(limit, vec![pattern.sample(ordinal)]),
        (Kind::Text { limit }, Hint::Number(number)) => texts(limit, vec![number.to_string()]),
        (Kind::Bytes { limit, .. }, Hint::Length(length)) => {
            let fits = *length <= LENGTH_MAX && limit.is_none_or(|limit| *length <= limit);
            let bytes = fits.then(|| Candidate::bytes(engine, exact_text(*length, ordinal).as_bytes()));
            bytes.into_iter().collect()
        }
        (Kind::Array(element), Hint::Length(length)) if *length <= 1_000 => {
            array(engine, element, *length, ordinal).into_iter().collect()
        }
        (Kind::Json | Kind::Text { .. }, Hint::Members(members)) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, value)| format!("{}: {}", json_string(key), json_value(value)))
                .collect();
            vec![Candidate::text(engine, format!("{{{}}}", members.join(", ")))]
        }
        (Kind::Json, Hint::Keys(keys)) => {
            let members: Vec<_> = keys.iter().map(|key| format!("{}: 1", json_string(key))).collect();
            vec![Candidate::text(engine, format!("{{{}}}", members.join(", ")))]
        }
        // There, they are no texts.
        (Kind::Vector { .. } | Kind::Bits { .. }, _) if matches!(engine, Engine::MySql | Engine::MariaDb) => Vec::new(),
        (Kind::Enum(labels), Hint::Text(text)) if labels.contains(text) => vec![Candidate::text(engine, text.clone())],
        (Kind::Date | Kind::Timestamp | Kind::UnixTime, Hint::Text(text)) => {
            let mut all = vec![Candidate::text(engine, text.clone())];
            let time = if *kind == Kind::Date { "" } else { " 00:00:00" };
            if let Some(day) = days(text) {
                let near = [day + 1 + number, day - 1 - number];
                all.extend(near.map(|day| Candidate::text(engine, date(day) + time)));
            }
            all
        }
        (
            Kind::Json | Kind::Bytes { .. } | Kind::Enum(_) | Kind::Array(_) | Kind::Boolean | Kind::Geometry { .. },
            _,
        )
        | (_, Hint::Number(_) | Hint::Length(_) | Hint::Matching(_) | Hint::Keys(_) | Hint::Members(_)) => Vec::new(),
        (_, Hint::Text(text)) => vec![Candidate::text(engine, text.clone())],
    }
}

fn json_value(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Text(text) => json_string(text),
        Value::Null | Value::Unknown | Value::Refused => "null".to_owned(),
    }
}

fn number_candidate(kind: &Kind, number: f64) -> Option<Candidate> {
    let (number, fits) = match kind {
        Kind::Integer { minimum, maximum } => {
            let number = number.floor();
            (number, number >= f64_of(*minimum) && number <= f64_of(*maximum))
        }
        Kind::Decimal {
            whole: Some(whole),
            fraction,
        } => {
            let scale = 10f64.powi(i32::try_from(*fraction).unwrap_or(0));
            let number = (number * scale).floor() / scale;
            (number, number.abs() < 10f64.powi(i32::try_from(*whole).unwrap_or(0)))
        }
        _ => (number, number.is_finite()),
    };
    fits.then(|| Candidate {
        sql: Some(number.to_string()),
        value: Value::Number(number),
    })
}

#[expect(clippy::cast_precision_loss, reason = "bounds of types need not be exact here")]
fn f64_of(number: i64) -> f64 {
    number as f64
}

/// A number that nobody else uses, as large as fits.
fn large_integer(maximum: i64, number: i64) -> i64 {
    const BASES: [i64; 5] = [1_000_000_001, 8_000_001, 32_001, 2_001, 101];
    let base = BASES.into_iter().find(|base| base + 24 <= maximum).unwrap_or(1);
    let room = maximum.saturating_sub(base).saturating_add(1).max(1);
    base + number % room
}

/// A shape around the point (`number`, `number`).
fn well_known_text(shape: &str, number: i64) -> String {
    let next = number + 1;
    let point = format!("{number} {number}");
    let line = format!("{point}, {next} {next}");
    let ring = format!("{point}, {number} {next}, {next} {next}, {point}");
    match shape {
        "linestring" => format!("LINESTRING({line})"),
        "polygon" => format!("POLYGON(({ring}))"),
        "multipoint" => format!("MULTIPOINT({point})"),
        "multilinestring" => format!("MULTILINESTRING(({line}))"),
        "multipolygon" => format!("MULTIPOLYGON((({ring})))"),
        "geometrycollection" | "geomcollection" => format!("GEOMETRYCOLLECTION(POINT({point}))"),
        _ => format!("POINT({point})"),
    }
}

/// A number with as many digits as fit, with a fraction where there is place for one: casts that lose it show.
fn decimal(whole: Option<u32>, fraction: u32, number: i64) -> Candidate {
    let digits = whole.map_or(10, |whole| whole.min(10));
    let sql = match digits {
        0 => {
            let places = usize::try_from(fraction).unwrap_or(LENGTH_MAX).min(LENGTH_MAX);
            format!("0.{}", with_zeros(&(number % 9 + 1).to_string(), places))
        }
        1 => (number % 9 + 1).to_string(),
        digits => (10i64.pow(digits - 1) + 1 + number).to_string(),
    };
    let sql = if fraction > 0 && digits > 0 { sql + ".5" } else { sql };
    let value = sql.parse().map_or(Value::Unknown, Value::Number);
    Candidate { sql: Some(sql), value }
}

/// Digits with zeros before them, so that they are so many. A width of `format!` can't be beyond 65 535.
fn with_zeros(digits: &str, length: usize) -> String {
    "0".repeat(length.saturating_sub(digits.len())) + digits
}

/// `dbwright-1`, cut so that it fits and stays distinct.
fn distinct_text(limit: Option<usize>, ordinal: usize) -> String {
    let number = (ordinal + 1).to_string();
    let limit = limit.unwrap_or(usize::MAX);
    match limit.checked_sub(number.len()) {
        Some(0) | None => number[number.len() - limit.min(number.len())..].to_owned(),
        Some(room) => "dbwright-".chars().take(room).collect::<String>() + &number,
    }
}

/// A text of exactly this length, distinct where there is room.
fn exact_text(length: usize, ordinal: usize) -> String {
    let text = distinct_text(Some(length), ordinal);
    let missing = length.saturating_sub(text.len());
    "x".repeat(missing) + &text
}

fn text_variants(ordinal: usize) -> Vec<String> {
    let number = ordinal + 1;
    let letter = char::from(b'a' + u8::try_from(ordinal % 26).unwrap_or(0));
    vec![
        format!("dbwright{number}"),
        format!("dbwright_{letter}"),
        format!("dbwright{letter}"),
        format!("DBWRIGHT{number}"),
        number.to_string(),
        letter.to_string(),
        format!("dbwright-{number}@example.com"),
        format!("https://example.com/dbwright-{number}"),
        format!("example-{number}.com"),
        format!("+1555000{number:04}"),
        format!("{number:064x}"),
        format!("{number:040x}"),
        format!("00000000-dbdb-4000-8000-{number:012x}"),
        date(DAYS_2001 + i64::try_from(ordinal).unwrap_or(0)),
        format!("/dbwright-{number}"),
        format!("#{number:06x}"),
        format!("{number:04}"),
        format!("X{number}"),
        format!("1.0.{number}"),
        "{}".to_owned(),
        "[]".to_owned(),
        ["en", "de", "fr"][ordinal % 3].to_owned(),
        ["USD", "EUR", "GBP"][ordinal % 3].to_owned(),
        String::new(),
    ]
}

fn array(engine: Engine, element: &Kind, length: usize, ordinal: usize) -> Option<Candidate> {
    let items: Option<Vec<_>> = (0..length)
        .map(|at| array_item(engine, element, ordinal + at))
        .collect();
    Some(Candidate::text(engine, format!("{{{}}}", items?.join(","))))
}

fn array_item(engine: Engine, element: &Kind, ordinal: usize) -> Option<String> {
    let candidate = plain(engine, element, ordinal)?;
    Some(match candidate.value {
        Value::Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        _ => candidate.sql?,
    })
}

/// Ranges of neighbouring rows touch and do not overlap.
fn range(engine: Engine, element: &Kind, ordinal: usize) -> String {
    let bound = |ordinal| {
        plain(engine, element, ordinal).and_then(|candidate| match candidate.value {
            Value::Text(text) => Some(format!("\"{}\"", text.replace('"', "\"\""))),
            _ => candidate.sql,
        })
    };
    match (bound(ordinal), bound(ordinal + 1)) {
        (Some(low), Some(high)) => format!("[{low},{high})"),
        _ => "empty".to_owned(),
    }
}

pub(super) fn json_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_distinct_where_they_are_cut() {
        assert_eq!(distinct_text(None, 0), "dbwright-1");
        assert_eq!(distinct_text(Some(3), 1), "db2");
        assert_eq!(distinct_text(Some(1), 2), "3");
        assert_eq!(distinct_text(Some(0), 2), "");
        assert_eq!(exact_text(12, 0), "xxdbwright-1");
    }

    #[test]
    fn numbers_fit_their_precision() {
        let sql = |whole, fraction| decimal(whole, fraction, 1).sql.unwrap();
        assert_eq!(sql(None, 1), "1000000002.5");
        assert_eq!(sql(Some(2), 2), "12.5");
        assert_eq!(sql(Some(1), 0), "2");
        assert_eq!(sql(Some(0), 4), "0.0002");
    }

    #[test]
    fn bits_have_exactly_their_length() {
        let bits = |length, ordinal| {
            plain(Engine::Postgres, &Kind::Bits { length }, ordinal)
                .unwrap()
                .sql
                .unwrap()
        };
        assert_eq!(bits(1, 1), "'0'");
        assert_eq!(bits(4, 1), "'0010'");
    }
}
