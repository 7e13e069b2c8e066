//! Times as people write them, in UTC.

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// The day of a time (microseconds since the Unix epoch), `2026-11-25`.
#[must_use]
pub fn day(time_us: i64) -> String {
    let (year, month, day) = civil(time_us.div_euclid(DAY_US));
    format!("{year:04}-{month:02}-{day:02}")
}

/// A time (microseconds since the Unix epoch) to the second, `2026-11-25T10:00:00Z`.
#[must_use]
pub fn instant(time_us: i64) -> String {
    let seconds = time_us.rem_euclid(DAY_US) / 1_000_000;
    format!("{}T{:02}:{:02}:{:02}Z", day(time_us), seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Year, month and day of a day since the Unix epoch, in the Gregorian calendar: in eras of 400 years that begin in March,
/// so that the leap day is the last of a year (Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + i64::from(month <= 2), month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(instant(seconds * 1_000_000), expected);
        }
    }
}
