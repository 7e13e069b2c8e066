//! Readers of single values.

use std::time::Duration;

use super::Report;
use crate::config::raw::At;

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

/// Advice that names what is nearest to a name nobody knows.
pub(super) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<_> = known.into_iter().map(|known| (distance(name, known), known)).collect();
    known.sort_unstable();
    match known.as_slice() {
        [] => "define it first".into(),
        [(steps, nearest), ..] if *steps <= 2 => format!("did you mean `{nearest}`?"),
        all => {
            let names: Vec<_> = all.iter().take(8).map(|(_, known)| format!("`{known}`")).collect();
            format!("known are {}", names.join(", "))
        }
    }
}

/// Levenshtein's distance in characters.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (position, a) in from.chars().enumerate() {
        let mut diagonal = position;
        let mut left = position + 1;
        let mut next = vec![left];
        for (b, above) in to.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(a != *b)).min(above + 1).min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
