//! How the values of a column are spread, as histograms and ends of indexes tell it.

use dbwright_catalog::MySqlFamilyStatistics;
use serde_json::Value;

use super::values::Kind;

/// How the values of a column are spread.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Spread {
    /// In buckets, each with the share of rows up to its end, and a share of NULLs.
    Buckets { nulls: f64, buckets: Vec<Bucket> },
    /// Evenly between two places of the line.
    Even(f64, f64),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bucket {
    /// The share of rows up to its end, NULLs not counted.
    until: f64,
    least: String,
    greatest: String,
}

impl Spread {
    /// What is known of a column; nothing where no value was told.
    pub(super) fn of(statistics: &MySqlFamilyStatistics, table: &str, column: &str, kind: &Kind) -> Option<Self> {
        let is_here = |of: (&String, &String)| of.0 == table && of.1 == column;
        let mut histograms = statistics.histograms.iter();
        if let Some(histogram) = histograms.find(|histogram| is_here((&histogram.table, &histogram.column))) {
            return mysql(&histogram.json);
        }
        let mut ends = statistics.ends.iter();
        let ends = ends
            .find(|ends| is_here((&ends.table, &ends.column)))
            .and_then(|ends| Some((kind.place(ends.least.as_ref()?)?, kind.place(ends.greatest.as_ref()?)?)));
        let mut columns = statistics.columns.iter();
        let Some(known) = columns.find(|known| is_here((&known.table, &known.column))) else {
            return ends.map(|(least, greatest)| Spread::Even(least, greatest));
        };
        let nulls = known
            .null_fraction
            .as_ref()
            .and_then(|share| share.parse().ok())
            .unwrap_or(0.0);
        let told = || {
            Some((
                kind.place(known.least.as_ref()?)?,
                kind.place(known.greatest.as_ref()?)?,
            ))
        };
        let told = told().or(ends);
        let bytes = known.histogram.as_deref().map(bytes).unwrap_or_default();
        match known.histogram_kind.as_deref() {
            Some("JSON_HB") => json_hb(&bytes, nulls),
            Some("DOUBLE_PREC_HB") => told.and_then(|ends| heights(kind, &bytes, 2, nulls, ends)),
            Some("SINGLE_PREC_HB") => told.and_then(|ends| heights(kind, &bytes, 1, nulls, ends)),
            _ => None,
        }
        .or(told.map(|(least, greatest)| Spread::Even(least, greatest)))
    }

    /// The value at a share of the rows, as SQL.
    pub(super) fn at(&self, share: f64, kind: &Kind) -> String {
        match self {
            Spread::Even(least, greatest) => kind.at(least + (greatest - least) * share),
            Spread::Buckets { nulls, .. } if share < *nulls => "NULL".to_owned(),
            Spread::Buckets { nulls, buckets } => {
                let share = (share - nulls) / (1.0 - nulls);
                let mut before = 0.0;
                for (number, bucket) in buckets.iter().enumerate() {
                    if share <= bucket.until || number + 1 == buckets.len() {
                        let within = (share - before) / (bucket.until - before).max(f64::EPSILON);
                        return bucket.at(within.clamp(0.0, 1.0), kind);
                    }
                    before = bucket.until;
                }
                "NULL".to_owned()
            }
        }
    }
}

impl Bucket {
    fn at(&self, within: f64, kind: &Kind) -> String {
        if self.least != self.greatest
            && let (Some(least), Some(greatest)) = (kind.place(&self.least), kind.place(&self.greatest))
        {
            return kind.at(least + (greatest - least) * within);
        }
        kind.told(if within < 0.5 { &self.least } else { &self.greatest })
    }
}

/// A histogram of MySQL: <https://dev.mysql.com/doc/refman/9.4/en/optimizer-statistics.html>.
fn mysql(json: &str) -> Option<Spread> {
    let json: Value = serde_json::from_str(json).ok()?;
    let nulls = json["null-values"].as_f64().unwrap_or(0.0);
    let mut buckets = Vec::new();
    for bucket in json["buckets"].as_array()? {
        let parts = bucket.as_array()?;
        let (least, greatest, until) = match parts.as_slice() {
            [value, until] => (value, value, until),
            [least, greatest, until, ..] => (least, greatest, until),
            _ => return None,
        };
        buckets.push(Bucket {
            // Shares of all rows, without NULLs.
            until: until.as_f64()? / (1.0 - nulls).max(f64::EPSILON),
            least: text(least)?,
            greatest: text(greatest)?,
        });
    }
    (!buckets.is_empty()).then_some(Spread::Buckets { nulls, buckets })
}

/// A value of a histogram; texts are `base64:type254:…`.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => match text.strip_prefix("base64:").and_then(|rest| rest.split_once(':')) {
            Some((_, encoded)) => String::from_utf8(decoded(encoded)?).ok(),
            // Dates come with microseconds that nobody wrote.
            None => Some(text.trim_end_matches(".000000").to_owned()),
        },
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn decoded(base64: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0u32, 0u32, Vec::new());
    for letter in base64.bytes().filter(|letter| *letter != b'=' && *letter != b'\n') {
        let digit = LETTERS.iter().position(|known| *known == letter)?;
        bits = bits << 6 | u32::try_from(digit).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 255).ok()?);
        }
    }
    Some(bytes)
}

/// A histogram of MariaDB in JSON: <https://mariadb.com/kb/en/json-histograms/>.
fn json_hb(bytes: &[u8], nulls: f64) -> Option<Spread> {
    let json: Value = serde_json::from_slice(bytes).ok()?;
    let told = json["histogram_hb"].as_array()?;
    let mut buckets = Vec::new();
    let mut until = 0.0;
    for (number, bucket) in told.iter().enumerate() {
        until += bucket["size"].as_f64()?;
        let least = bucket["start"].as_str()?.to_owned();
        let next = told.get(number + 1).and_then(|next| next["start"].as_str());
        let is_one = bucket["ndv"].as_f64() == Some(1.0);
        let greatest = bucket["end"]
            .as_str()
            .or(next)
            .filter(|_| !is_one)
            .unwrap_or(&least)
            .to_owned();
        buckets.push(Bucket { until, least, greatest });
    }
    (!buckets.is_empty()).then_some(Spread::Buckets { nulls, buckets })
}

/// A histogram of MariaDB of equal heights: bounds between buckets as shares of the way from the least to the greatest value.
fn heights(kind: &Kind, bytes: &[u8], width: usize, nulls: f64, (least, greatest): (f64, f64)) -> Option<Spread> {
    let most = if width == 2 { 65535.0 } else { 255.0 };
    let mut bounds: Vec<f64> = bytes
        .chunks_exact(width)
        .map(|chunk| {
            chunk
                .iter()
                .rev()
                .fold(0.0, |number, byte| number * 256.0 + f64::from(*byte))
                / most
        })
        .collect();
    bounds.push(1.0);
    if bytes.is_empty() {
        return None;
    }
    let value = |share: f64| {
        let place = least + (greatest - least) * share;
        match kind {
            Kind::Enumeration(members) => {
                let number = format!("{:.0}", place - 1.0).parse::<usize>().unwrap_or_default();
                members.get(number).cloned().unwrap_or_default()
            }
            _ => kind.at(place).trim_matches('\'').to_owned(),
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "at most 255 buckets")]
    let count = bounds.len() as f64;
    let mut before = 0.0;
    let mut until = 0.0;
    let mut buckets = Vec::new();
    for bound in bounds {
        until += 1.0 / count;
        buckets.push(Bucket {
            until,
            least: value(before),
            greatest: value(bound),
        });
        before = bound;
    }
    Some(Spread::Buckets { nulls, buckets })
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u8> = hexadecimal
        .bytes()
        .filter_map(|digit| u8::try_from(char::from(digit).to_digit(16)?).ok())
        .collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_of_mysql_are_followed() {
        let singleton = mysql(
            r#"{"buckets": [["base64:type254:ZG9uZQ==", 0.72], ["base64:type254:b3Blbg==", 0.9]], "null-values": 0.1}"#,
        );
        let singleton = singleton.unwrap();
        let text = Kind::Text(10);
        assert_eq!(singleton.at(0.05, &text), "NULL");
        assert_eq!(singleton.at(0.5, &text), "'done'");
        assert_eq!(singleton.at(0.95, &text), "'open'");
        let even = mysql(r#"{"buckets": [[1, 100, 0.5, 90], [101, 1001, 1.0, 800]], "null-values": 0.0}"#).unwrap();
        let number = Kind::Integer(1e9);
        assert_eq!(even.at(0.0, &number), "1");
        assert_eq!(even.at(0.75, &number), "551");
        assert_eq!(even.at(1.0, &number), "1001");
        assert_eq!(mysql("{}"), None);
    }

    #[test]
    fn histograms_of_mariadb_are_followed() {
        let json = br#"{"target_histogram_size": 2, "histogram_hb": [{"start": "2020-01-01", "size": 0.5, "ndv": 1},
            {"start": "2020-02-01", "size": 0.5, "ndv": 9, "end": "2020-02-21"}]}"#;
        let spread = json_hb(json, 0.0).unwrap();
        assert_eq!(spread.at(0.4, &Kind::Date), "'2020-01-01'");
        assert_eq!(spread.at(0.75, &Kind::Date), "'2020-02-11'");
        let spread = heights(&Kind::Integer(1e9), &bytes("FF7F"), 2, 0.0, (0.0, 1000.0)).unwrap();
        assert_eq!(spread.at(0.25, &Kind::Integer(1e9)), "250");
    }
}
