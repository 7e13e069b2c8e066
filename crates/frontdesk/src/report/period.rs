//! Which time is meant: `7d`, a day, or an instant.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A moment as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So long ago.
    Ago(Duration),
    /// Microseconds since the Unix epoch.
    At(i64),
}

impl When {
    /// Microseconds since the Unix epoch.
    #[must_use]
    pub fn resolve(self, now_us: i64) -> i64 {
        match self {
            Self::Ago(ago) => now_us.saturating_sub(i64::try_from(ago.as_micros()).unwrap_or(i64::MAX)),
            Self::At(time_us) => time_us,
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(ago) = humantime::parse_duration(text) {
            return Ok(Self::Ago(ago));
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::At(instant.as_microsecond()));
        }
        let midnight = text.parse::<Date>().ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
        match midnight {
            Some(midnight) => Ok(Self::At(midnight.timestamp().as_microsecond())),
            None => Err("write for example 7d, 12h, 2026-11-25 or 2026-11-25T10:00:00Z".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        let now_us = 1_764_064_800_000_000;
        assert_eq!(text.parse::<When>().ok().map(|when| when.resolve(now_us)), expected, "{text}");
    }

    #[test]
    fn durations_days_and_instants_are_understood() {
        check("7d", Some(1_763_460_000_000_000));
        check("1h 30m", Some(1_764_059_400_000_000));
        check("2025-11-25", Some(1_764_028_800_000_000));
        check("2025-11-25T10:00:00Z", Some(1_764_064_800_000_000));
        check("2025-11-25T12:00:00+02:00", Some(1_764_064_800_000_000));
        check("yesterday", None);
        check("2025-13-01", None);
        check("", None);
    }
}
