//! Dates as numbers of days, and back.

/// Days from 1970-01-01 to 2001-01-01.
pub(super) const DAYS_2001: i64 = 11_323;
/// Days from 1970-01-01 to 2037-01-01.
pub(super) const DAYS_2037: i64 = 24_472;
/// Days from 1970-01-01 to 2100-01-01.
pub(super) const DAYS_2100: i64 = 47_482;

/// The date that many days after 1970-01-01, after <https://howardhinnant.github.io/date_algorithms.html>.
pub(super) fn date(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The days from 1970-01-01 to the date that a text begins with (`2001-01-31`, `2001-01-31 12:00:00`).
pub(super) fn days(text: &str) -> Option<i64> {
    let (year, month, day) = parts(text)?;
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Year, month and day at the beginning of a text.
pub(super) fn parts(text: &str) -> Option<(i64, i64, i64)> {
    let mut numbers = text.get(..10)?.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    is_date.then_some((year, month, day))
}

/// The seconds from 1970-01-01 to a moment: `2001-01-31 12:00:00`, a date being its first second.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let mut time = text
        .get(11..19)
        .unwrap_or("00:00:00")
        .split(':')
        .map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (time.next()??, time.next()??, time.next()??);
    Some(days(text)? * 86_400 + hours * 3_600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(DAYS_2001), "2001-01-01");
        assert_eq!(date(DAYS_2001 + 59), "2001-03-01");
        assert_eq!(
            (date(DAYS_2037), date(DAYS_2100)),
            ("2037-01-01".to_owned(), "2100-01-01".to_owned())
        );
    }

    #[test]
    fn days_and_dates_are_each_other() {
        for number in [-1, 0, 59, 789, DAYS_2001, DAYS_2100 + 58, DAYS_2100 + 59] {
            assert_eq!(days(&date(number)), Some(number));
        }
        assert_eq!(seconds("1970-01-02 00:01:01"), Some(86_461));
        assert_eq!(
            (days("2001-1"), days("x"), seconds("2001-01-01")),
            (None, None, Some(DAYS_2001 * 86_400))
        );
    }
}
