//! Readers of single values.

use std::time::Duration;

use super::Report;
use crate::config::raw::At;
use crate::names::near;

/// No duration of a configuration may be longer: what is above is a slip of the pen.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// `"250ms"`, `"2s"`, `"90d"`.
pub(super) fn duration(value: &At<String>, default: Duration, report: &mut Report<'_>) -> Duration {
    let Some(place) = value else { return default };
    match humantime::parse_duration(place.as_ref()) {
        Ok(duration) if duration <= LONGEST => duration,
        _ => {
            let message = format!("`{}` is not a duration", place.as_ref());
            report.at(place, message, "write for example \"250ms\", \"30s\" or \"90d\"");
            default
        }
    }
}

/// `"32MiB"`, `"500KB"`, `"1024"`.
pub(super) fn bytes(value: &At<String>, default: usize, report: &mut Report<'_>) -> usize {
    let Some(place) = value else { return default };
    size(place.as_ref()).unwrap_or_else(|| {
        report.at(place, format!("`{}` is not a size", place.as_ref()), "write for example \"32MiB\"");
        default
    })
}

fn size(text: &str) -> Option<usize> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let factor: usize = match unit.trim() {
        "" | "B" => 1,
        "KB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(factor).filter(|size| *size > 0)
}

/// One of a few words; the first is the default.
pub(super) fn choice<'a>(value: &At<String>, words: &[&'a str], report: &mut Report<'_>) -> &'a str {
    let default = words.first().copied().unwrap_or_default();
    let Some(place) = value else { return default };
    words.iter().find(|word| *word == place.as_ref()).copied().unwrap_or_else(|| {
        let message = format!("`{}` is not one of {}", place.as_ref(), words.join(", "));
        report.at(place, message, near(place.as_ref(), words.iter().copied()));
        default
    })
}
