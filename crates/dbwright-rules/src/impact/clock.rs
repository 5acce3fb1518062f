//! Times as snapshots write them: `2026-11-30T06:30:00Z`.

use std::time::Duration;

/// How long it was from one time to the other; nothing where it was not, or where one of them is none.
pub(super) fn between(start: &str, end: &str) -> Option<Duration> {
    let (start, end) = (seconds(start)?, seconds(end)?);
    let between = u64::try_from(end - start).ok()?;
    (between > 0).then(|| Duration::from_secs(between))
}

/// Seconds since the year 0.
fn seconds(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    // Years that begin in March end with the day that comes and goes.
    // https://howardhinnant.github.io/date_algorithms.html#days_from_civil
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator).map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_over_the_ends_of_days_months_and_years() {
        let hours = |start, end| between(start, end).map(|time| time.as_secs() / 3600);
        assert_eq!(hours("2026-11-30T06:30:00Z", "2026-11-30T08:30:00Z"), Some(2));
        assert_eq!(hours("2027-12-31T23:00:00Z", "2028-01-01T01:00:00Z"), Some(2));
        assert_eq!(hours("2028-02-28T00:00:00Z", "2028-03-01T00:00:00Z"), Some(48));
        assert_eq!(hours("2027-02-28T00:00:00Z", "2027-03-01T00:00:00Z"), Some(24));
        assert_eq!(hours("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), Some(365 * 24));
        for (start, end) in [
            ("2026-11-30T06:30:00Z", "2026-11-30T06:30:00Z"),
            ("2026-11-30T08:30:00Z", "2026-11-30T06:30:00Z"),
            ("yesterday", "2026-11-30T06:30:00Z"),
            ("2026-11-30T06:30Z", "2026-11-30T06:30:00Z"),
        ] {
            assert_eq!(between(start, end), None, "{start} {end}");
        }
    }
}
