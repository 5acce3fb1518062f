//! The numbers of new migrations, in the manner of those that are there.

use dbwright_catalog::{History, Tool};

use crate::order;

/// So many versions that come after all others: the next numbers where numbers are counted, the time where they are times.
pub(super) fn next(history: &History, count: usize, seconds: u64) -> Vec<String> {
    let last = history
        .migrations
        .iter()
        // What is still being worked on has no number, or one of another count.
        .filter(|migration| {
            history.tool != Tool::GraphileMigrate
                || migration
                    .path
                    .parent()
                    .is_some_and(|folder| folder.ends_with("committed"))
        })
        .filter_map(|migration| digits(history.tool, &migration.name))
        .max_by_key(|digits| (digits.parse::<u128>().unwrap_or_default(), digits.len()));
    let width = last.as_ref().map_or(0, String::len);
    let newest: u128 = last.and_then(|digits| digits.parse().ok()).unwrap_or_default();
    let later = |first: u128| (0..count as u128).map(move |index| first + index);
    match width {
        // A time of day, as in 20260131120000, or the minute of one.
        14 => stamps(seconds, newest, count).collect(),
        12 => {
            let now: u128 = stamp(seconds)
                .get(..12)
                .and_then(|stamp| stamp.parse().ok())
                .unwrap_or_default();
            later(now.max(newest + 1)).map(|number| number.to_string()).collect()
        }
        // A time of day with six more digits, as Ory's tools write it.
        20 => stamps(seconds, newest / 1_000_000, count)
            .map(|stamp| format!("{stamp}000000"))
            .collect(),
        // Seconds or milliseconds since 1970.
        10 => later(u128::from(seconds).max(newest + 1))
            .map(|number| number.to_string())
            .collect(),
        13 => later((u128::from(seconds) * 1000).max(newest + 1))
            .map(|number| number.to_string())
            .collect(),
        0 if history.tool == Tool::GraphileMigrate => later(1).map(|number| padded(number, 6)).collect(),
        0 if is_counted(history.tool) => later(1).map(|number| padded(number, 4)).collect(),
        0 => stamps(seconds, 0, count).collect(),
        width => later(newest + 1).map(|number| padded(number, width)).collect(),
    }
}

/// Tools whose first migration has the number 1.
fn is_counted(tool: Tool) -> bool {
    matches!(
        tool,
        Tool::Refinery | Tool::Flyway | Tool::Drizzle | Tool::Tern | Tool::Numbered
    )
}

/// The digits of a version at the beginning of a name: `V12__x`, `0001_x`, with diesel also `2026-01-31-120000_x`.
fn digits(tool: Tool, name: &str) -> Option<String> {
    let name = name.strip_prefix(['V', 'v']).unwrap_or(name);
    let name = match tool {
        Tool::Diesel => name.split('_').next().unwrap_or_default().replace('-', ""),
        _ => name.to_owned(),
    };
    let (digits, _) = order::digits(&name);
    (!digits.is_empty()).then(|| digits.to_owned())
}

fn padded(number: u128, width: usize) -> String {
    format!("{number:0width$}")
}

/// Times a second apart, all later than `newest`.
fn stamps(seconds: u64, newest: u128, count: usize) -> impl Iterator<Item = String> {
    let now: u128 = stamp(seconds).parse().unwrap_or_default();
    let first = now.max(newest + 1);
    let is_now = first == now;
    (0..count as u64).map(move |index| {
        if is_now {
            stamp(seconds + index)
        } else {
            (first + u128::from(index)).to_string()
        }
    })
}

/// `20260131120000`, in UTC.
pub(super) fn stamp(seconds: u64) -> String {
    let (year, month, day) = date(seconds / 86_400);
    let of_day = seconds % 86_400;
    format!(
        "{year:04}{month:02}{day:02}{:02}{:02}{:02}",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// Year, month and day, so many days after 1970-01-01. As in <https://howardhinnant.github.io/date_algorithms.html>.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn times_are_told_in_utc() {
        assert_eq!(stamp(0), "19700101000000");
        assert_eq!(stamp(951_827_696), "20000229123456");
        assert_eq!(stamp(1_798_761_599), "20261231235959");
    }
}
