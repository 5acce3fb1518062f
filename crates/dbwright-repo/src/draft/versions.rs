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

/// So many versions between that of a migration and the next one there is; why there are none, as a clause.
pub(super) fn behind(history: &History, migration: usize, count: usize) -> Result<Vec<String>, String> {
    let Some(name) = history.migrations.get(migration).map(|it| it.name.as_str()) else {
        return Err("there is no such migration".to_owned());
    };
    let of_flyway = (history.tool == Tool::Flyway).then(|| flyway_version(name)).flatten();
    let own = match of_flyway {
        Some(version) => version.to_owned(),
        None => digits(history.tool, name).ok_or_else(|| format!("{name} has no number that others could follow"))?,
    };
    let taken: Vec<u128> = history
        .migrations
        .iter()
        .filter_map(|other| digits(history.tool, &other.name)?.parse().ok())
        .collect();
    let number: Option<u128> = own.parse().ok();
    let next = number.and_then(|number| taken.iter().copied().filter(|other| *other > number).min());
    if let Some(number) = number {
        let following = following(number, own.len(), count);
        if next.is_none_or(|next| following.iter().all(|version| *version < next)) {
            return Ok(following
                .into_iter()
                .map(|version| padded(version, own.len()))
                .collect());
        }
    }
    if of_flyway.is_some() {
        // Versions of Flyway have as many parts as one likes: 7.1 and 7.2 stand between 7 and 8.
        return Ok((1..=count).map(|part| format!("{own}.{part}")).collect());
    }
    let after = next.map_or_else(String::new, |next| format!(" and {}", padded(next, own.len())));
    Err(format!(
        "{} not fit between the versions {own}{after}",
        if count == 1 {
            "another version does"
        } else {
            "more versions do"
        }
    ))
}

/// `7` of `V7__add_users`, `1.2` of `V1.2__x`.
fn flyway_version(name: &str) -> Option<&str> {
    let (version, _) = name.strip_prefix(['V', 'v'])?.split_once("__")?;
    Some(version)
}

/// The next numbers, or the next seconds where the number is a time of day.
fn following(number: u128, width: usize, count: usize) -> Vec<u128> {
    let time = (width == 14)
        .then(|| u64::try_from(number).ok())
        .flatten()
        .and_then(seconds_of);
    match time {
        Some(seconds) => (1..=count as u64)
            .filter_map(|later| stamp(seconds + later).parse().ok())
            .collect(),
        None => (1..=count as u128).map(|later| number + later).collect(),
    }
}

/// Seconds since 1970 of `20260131120000`, where it is a time.
fn seconds_of(stamp_digits: u64) -> Option<u64> {
    let part = |divisor: u64, modulus: u64| stamp_digits / divisor % modulus;
    let (year, month, day) = (
        part(10_000_000_000, 10_000),
        part(100_000_000, 100),
        part(1_000_000, 100),
    );
    let (hour, minute, second) = (part(10_000, 100), part(100, 100), part(1, 100));
    if year < 1970 {
        return None;
    }
    // As in <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let of_era = shifted_year % 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    let days = (shifted_year / 400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    let seconds = days.checked_sub(719_468)? * 86_400 + hour * 3600 + minute * 60 + second;
    // What is no time does not come back as itself.
    (stamp(seconds).parse() == Ok(stamp_digits)).then_some(seconds)
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
    use super::{following, seconds_of, stamp};

    #[test]
    fn a_time_is_followed_by_the_next_second_and_a_number_by_the_next_number() {
        assert_eq!(
            following(20_241_231_235_959, 14, 2),
            [20_250_101_000_000, 20_250_101_000_001]
        );
        assert_eq!(following(20_240_228_235_959, 14, 1), [20_240_229_000_000]);
        assert_eq!(following(7, 6, 2), [8, 9]);
        // No such time of day.
        assert_eq!(seconds_of(20_240_101_000_099), None);
        assert_eq!(following(20_240_101_000_099, 14, 1), [20_240_101_000_100]);
        assert_eq!(seconds_of(20_260_131_120_000), Some(1_769_860_800));
    }

    #[test]
    fn times_are_told_in_utc() {
        assert_eq!(stamp(0), "19700101000000");
        assert_eq!(stamp(951_827_696), "20000229123456");
        assert_eq!(stamp(1_798_761_599), "20261231235959");
    }
}
