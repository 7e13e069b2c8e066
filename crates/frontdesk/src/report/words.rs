//! Figures as people read them.

use proof::report::words::{change, interval};
pub(super) use proof::report::words::{counted, percent};
use proof::report::{Case, Check, Report, RouterReport};

/// What the report is of.
pub(super) fn when(report: &Report) -> String {
    let key = report.key.as_ref().map_or(String::new(), |key| format!(" of the key {key}"));
    let read = |time: &str| time.replace('T', " ").replace('Z', "");
    format!("{}{key} from {} to {} UTC", counted(report.requests), read(&report.since), read(&report.until))
}

/// What was checked for the verdict, without what [`savings`] says with how it is known.
pub(super) fn checks(router: &RouterReport) -> impl Iterator<Item = &Check> {
    let checks = router.verdict.iter().flat_map(|verdict| &verdict.checks);
    checks.filter(|check| !matches!(check.case, Case::Cost | Case::Latency))
}

/// What is saved and how that is known, what was wasted, and what classifying cost: whole sentences.
pub(super) fn savings(router: &RouterReport) -> Vec<String> {
    let mut sentences = Vec::new();
    let (savings, total) = (&router.savings, &router.total.figures);
    let baseline = router.baseline.as_deref().unwrap_or("the baseline");
    if let Some(saved) = savings.cost {
        sentences.push(format!(
            "Money: {} than {baseline} alone, by the same tokens at its price ({} of {} have both).",
            known(saved, savings.cost_ci95),
            savings.cost_requests,
            counted(total.requests)
        ));
    }
    if let (Some(saved), Some(source)) = (savings.latency, savings.latency_baseline) {
        sentences.push(format!(
            "Time: {} than {baseline} alone, whose time is reckoned {}.",
            known(saved, savings.latency_ci95),
            source.words()
        ));
    }
    let usd = |nano: u64| dollars(Some(routing::NanoUsd(nano).as_usd()));
    if total.failed_cost_nano_usd > 0 {
        sentences
            .push(format!("Calls that did not answer cost {}; it is in the cost.", usd(total.failed_cost_nano_usd)));
    }
    if total.classifier_cost_nano_usd > 0 {
        sentences.push(format!("Asking a model for categories cost {}.", usd(total.classifier_cost_nano_usd)));
    }
    let (kept, cancelled) = (total.speculations_kept, total.speculations_cancelled);
    if kept + cancelled > 0 {
        sentences.push(format!("Answers begun while a model judged: {kept} were kept, {cancelled} were cancelled."));
    }
    if total.left > 0 {
        let clients = if total.left == 1 { "1 client".to_owned() } else { format!("{} clients", total.left) };
        sentences.push(format!("{clients} left before the end of the answer."));
    }
    if let Some(accuracy) = &router.accuracy {
        sentences.push(format!(
            "How often the category is right is known by {} labels, given from {} to {}.",
            accuracy.right.labels,
            accuracy.since.get(..10).unwrap_or_default(),
            accuracy.until.get(..10).unwrap_or_default()
        ));
    }
    sentences
}

/// How sure a saving is.
fn known(saved: f64, ci95: Option<[f64; 2]>) -> String {
    match ci95 {
        Some(ci95) => format!("{} ({})", change(saved), interval(saved, ci95)),
        None => format!("{} (too few requests for an interval)", change(saved)),
    }
}

/// Dollars: whole cents where there are many, more places where there are few.
pub(super) fn dollars(usd: Option<f64>) -> String {
    match usd {
        None => "-".to_owned(),
        Some(usd) if usd >= 100.0 => format!("${usd:.0}"),
        Some(usd) if usd >= 1.0 => format!("${usd:.2}"),
        Some(usd) if usd > 0.0 && usd < 0.001 => format!("${usd:.6}"),
        Some(usd) => format!("${usd:.4}"),
    }
}

/// A time in the unit that suits it.
pub(super) fn milliseconds(time: Option<f64>) -> String {
    match time {
        None => "-".to_owned(),
        Some(0.0) => "0 s".to_owned(),
        Some(time) if time >= 1_000.0 => format!("{:.2} s", time / 1e3),
        Some(time) if time >= 1.0 => format!("{time:.0} ms"),
        Some(time) => format!("{:.0} µs", time * 1e3),
    }
}

/// A count; millions to a decimal.
pub(super) fn short(count: u64) -> String {
    if count < 1_000_000 {
        return count.to_string();
    }
    let tenths = count / 100_000;
    format!("{}.{} M", tenths / 10, tenths % 10)
}

/// Counts as a row of bars, the highest as high as a line.
pub(super) fn spark(counts: impl Iterator<Item = u64> + Clone) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = counts.clone().max().unwrap_or(0).max(1);
    let bar = |count: u64| {
        let height = usize::try_from(count.saturating_mul(7).div_ceil(most)).unwrap_or(0);
        if count == 0 { ' ' } else { BARS.get(height).copied().unwrap_or('█') }
    };
    counts.map(bar).collect()
}

/// The length of a step, in words.
pub(super) fn step(hours: i64) -> String {
    match hours {
        1 => "hour".to_owned(),
        24 => "day".to_owned(),
        hours if hours % 24 == 0 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}
