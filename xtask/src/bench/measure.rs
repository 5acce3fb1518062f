//! Figures: medians, ratios, a table.

use std::time::Duration;

/// How long something took, once a round.
#[derive(Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The middle one, or the mean of the two in the middle. Zero where nothing was measured.
    pub(super) fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        match (sorted.len(), sorted.len() / 2) {
            (0, _) => Duration::ZERO,
            (count, middle) if count % 2 == 1 => sorted[middle],
            (_, middle) => (sorted[middle - 1] + sorted[middle]) / 2,
        }
    }

    /// The fastest and the slowest, as a text.
    fn range(&self) -> String {
        match (self.0.iter().min(), self.0.iter().max()) {
            (Some(fastest), Some(slowest)) => format!("{}–{}", seconds(*fastest), seconds(*slowest)),
            _ => String::new(),
        }
    }
}

/// A line of the table.
pub(super) struct Line {
    pub(super) engine: &'static str,
    pub(super) what: String,
    pub(super) times: Times,
    /// What it is compared with.
    pub(super) base: Option<Duration>,
}

/// As in `1.24 s`.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// How many times longer one is than the other.
pub(super) fn ratio(time: Duration, base: Duration) -> f64 {
    time.as_secs_f64() / base.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// The lines in columns.
pub(super) fn table(lines: &[Line]) -> String {
    let mut rows = vec![["engine", "what", "median", "range", "ratio"].map(str::to_owned)];
    rows.extend(lines.iter().map(|line| {
        let median = line.times.median();
        let ratio = line.base.map(|base| format!("{:.2}x", ratio(median, base)));
        [
            line.engine.to_owned(),
            line.what.clone(),
            seconds(median),
            line.times.range(),
            ratio.unwrap_or_default(),
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let lines = rows.iter().map(|[engine, what, median, range, ratio]| {
        let [first, second, third, fourth, fifth] = widths;
        format!("{engine:first$}  {what:second$}  {median:>third$}  {range:>fourth$}  {ratio:>fifth$}")
            .trim_end()
            .to_owned()
            + "\n"
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(milliseconds: &[u64]) -> Times {
        Times(milliseconds.iter().map(|time| Duration::from_millis(*time)).collect())
    }

    #[test]
    fn the_median_is_not_moved_by_one_slow_round() {
        assert_eq!(times(&[100, 9000, 110]).median(), Duration::from_millis(110));
        assert_eq!(times(&[100, 200]).median(), Duration::from_millis(150));
        assert_eq!(times(&[]).median(), Duration::ZERO);
    }

    #[test]
    fn a_line_shows_its_ratio_where_there_is_something_to_compare_with() {
        let text = table(&[
            Line {
                engine: "PostgreSQL",
                what: "psql".to_owned(),
                times: times(&[1000]),
                base: None,
            },
            Line {
                engine: "PostgreSQL",
                what: "check --all".to_owned(),
                times: times(&[1500, 1400, 2000]),
                base: Some(Duration::from_secs(1)),
            },
        ]);
        let expected = "\
engine      what         median          range  ratio
PostgreSQL  psql         1.00 s  1.00 s–1.00 s
PostgreSQL  check --all  1.50 s  1.40 s–2.00 s  1.50x
";
        assert_eq!(text, expected);
    }
}
