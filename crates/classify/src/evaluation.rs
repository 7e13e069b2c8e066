//! How right a classifier is, on labelled prompts.

mod calibration;

pub use calibration::Bin;

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::Serialize;

use crate::dataset::Example;

/// What a classifier said of an example.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged<'a> {
    /// The example.
    pub example: &'a Example,
    /// The label it was given; `None`: nothing could be said.
    pub said: Option<String>,
    /// How sure, 0 to 1.
    pub confidence: f32,
    /// How long it took, microseconds.
    pub took_us: f64,
    /// How many requests the example stands for; 1 where it is not of a sample.
    pub weight: f64,
}

impl<'a> Judged<'a> {
    /// This label, said with certainty and at once; the example stands for itself.
    #[must_use]
    pub fn of(example: &'a Example, said: Option<String>) -> Self {
        Self { example, said, confidence: 1.0, took_us: 0.0, weight: 1.0 }
    }

    /// Whether it is the example's label.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.said.as_deref() == Some(&*self.example.label)
    }
}

/// Precision and recall of a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PerCategory {
    /// Examples of it.
    pub n: usize,
    /// Of those it was said of, the share that is of it.
    pub precision: f64,
    /// Of those that are of it, the share it was said of.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

/// Accuracy on a part of the examples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Share {
    /// Examples in it.
    pub n: usize,
    /// The share that is right.
    pub accuracy: f64,
}

impl Share {
    /// So many right of so many.
    pub(crate) fn of(right: usize, n: usize) -> Self {
        Self { n, accuracy: ratio(count(right), count(n)) }
    }
}

/// What a threshold would leave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// The threshold.
    pub min_confidence: f64,
    /// The share of examples at or above it.
    pub coverage: f64,
    /// The share of those that is right; 0 where there are none.
    pub accuracy: f64,
}

/// Percentiles of the time a decision takes, microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DecisionTime {
    /// Half of the decisions take no longer.
    pub p50: f64,
    /// 99 in 100 take no longer.
    pub p99: f64,
}

/// Wrong routes by their direction; never netted, because one costs money and the other quality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct WrongRoutes {
    /// Share of all examples that went to a dearer model than needed.
    pub waste: f64,
    /// Share of all examples that went to a weaker model than needed.
    pub risk: f64,
}

/// Everything that `frontdesk eval` says; field names are the contract's.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// Examples.
    pub n: usize,
    /// The share that is right.
    pub accuracy: f64,
    /// Its 95 % interval (Wilson, 1927).
    pub accuracy_ci95: [f64; 2],
    /// Mean of the labels' F1.
    pub macro_f1: f64,
    /// Expected calibration error over the bins of `calibration`.
    pub ece: f64,
    /// Accuracy by confidence.
    pub calibration: Vec<Bin>,
    /// By label.
    pub per_category: BTreeMap<String, PerCategory>,
    /// By label, then by what was said of it.
    pub confusion: BTreeMap<String, BTreeMap<String, usize>>,
    /// By source.
    pub by_source: BTreeMap<String, Share>,
    /// By language.
    pub by_lang: BTreeMap<String, Share>,
    /// By threshold.
    pub coverage: Vec<Coverage>,
    /// How long decisions take.
    pub decision_us: DecisionTime,
    /// Which way wrong routes go.
    pub wrong_routes: WrongRoutes,
}

/// What stands in the confusion for an example nothing could be said of.
const NOTHING: &str = "(none)";

/// Rows by their weight, and how many of them are right.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    n: usize,
    all: f64,
    right: f64,
}

/// Measures judged examples; shares are of their weights, numbers are of rows. `strength` orders the labels by what
/// their first model costs. The interval is that of a plain sample, with every weight alike.
#[must_use]
pub fn evaluate(judged: &[Judged<'_>], strength: &dyn Fn(&str) -> f64) -> Evaluation {
    let right = judged.iter().filter(|row| row.is_right()).count();
    let confusion = confusion(judged, |_| 1_usize);
    let per_category = per_category(&confusion, &self::confusion(judged, |row| row.weight));
    let bins = calibration::bins(judged);
    let f1: Vec<f64> = per_category.values().filter(|label| label.n > 0).map(|label| label.f1).collect();
    Evaluation {
        n: judged.len(),
        accuracy: Tally::of(judged.iter()).accuracy(),
        accuracy_ci95: wilson(right, judged.len()),
        macro_f1: ratio(f1.iter().sum(), count(f1.len())),
        ece: calibration::error(&bins),
        calibration: bins,
        by_source: shares(judged, |example| &example.source),
        by_lang: shares(judged, |example| &example.lang),
        coverage: coverage(judged),
        decision_us: decision_time(judged),
        wrong_routes: wrong_routes(judged, strength),
        per_category,
        confusion,
    }
}

impl Tally {
    fn of<'a>(rows: impl Iterator<Item = &'a Judged<'a>>) -> Self {
        let mut tally = Self::default();
        rows.for_each(|row| tally.add(row));
        tally
    }

    fn add(&mut self, row: &Judged<'_>) {
        self.n += 1;
        self.all += row.weight;
        self.right += if row.is_right() { row.weight } else { 0.0 };
    }

    fn accuracy(self) -> f64 {
        ratio(self.right, self.all)
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// A count as a number that can be divided.
#[expect(clippy::cast_precision_loss, reason = "counts of examples are far below 2^52")]
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

/// The 95 % score interval of a share.
#[must_use]
pub fn wilson(right: usize, n: usize) -> [f64; 2] {
    if n == 0 {
        return [0.0, 1.0];
    }
    score_interval(count(right) / count(n), count(n))
}

/// The same for a share of so many rows, which need not be a whole number; above 0.
pub(crate) fn score_interval(share: f64, n: f64) -> [f64; 2] {
    const Z: f64 = 1.959_964;
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

/// By label, then by what was said of it, the sum of something over the rows.
fn confusion<T: Default + AddAssign>(
    judged: &[Judged<'_>],
    of: impl Fn(&Judged<'_>) -> T,
) -> BTreeMap<String, BTreeMap<String, T>> {
    let mut confusion: BTreeMap<String, BTreeMap<String, T>> = BTreeMap::new();
    for row in judged {
        let said = row.said.clone().unwrap_or_else(|| NOTHING.to_owned());
        *confusion.entry(row.example.label.clone()).or_default().entry(said).or_default() += of(row);
    }
    confusion
}

fn per_category(
    rows: &BTreeMap<String, BTreeMap<String, usize>>,
    weights: &BTreeMap<String, BTreeMap<String, f64>>,
) -> BTreeMap<String, PerCategory> {
    let said_labels = rows.values().flat_map(BTreeMap::keys).filter(|said| *said != NOTHING);
    let labels: std::collections::BTreeSet<&String> = rows.keys().chain(said_labels).collect();
    let of = |label: &&String| {
        let row = weights.get(*label);
        let right = row.and_then(|row| row.get(*label)).copied().unwrap_or(0.0);
        let all = row.map_or(0.0, |row| row.values().sum());
        let said = weights.values().filter_map(|row| row.get(*label)).sum();
        let (precision, recall) = (ratio(right, said), ratio(right, all));
        let n = rows.get(*label).map_or(0, |row| row.values().sum());
        PerCategory { n, precision, recall, f1: ratio(2.0 * precision * recall, precision + recall) }
    };
    labels.iter().map(|label| ((*label).clone(), of(label))).collect()
}

fn shares(judged: &[Judged<'_>], part: impl Fn(&Example) -> &str) -> BTreeMap<String, Share> {
    let mut parts: BTreeMap<String, Tally> = BTreeMap::new();
    for row in judged.iter().filter(|row| !part(row.example).is_empty()) {
        parts.entry(part(row.example).to_owned()).or_default().add(row);
    }
    parts.into_iter().map(|(name, tally)| (name, Share { n: tally.n, accuracy: tally.accuracy() })).collect()
}

fn coverage(judged: &[Judged<'_>]) -> Vec<Coverage> {
    let thresholds = [0.0, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 0.95];
    let all = Tally::of(judged.iter()).all;
    let at = |min_confidence: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "as classifiers compare: in single precision")]
        let least = min_confidence as f32;
        let sure = Tally::of(judged.iter().filter(|row| row.confidence >= least));
        Coverage { min_confidence, coverage: ratio(sure.all, all), accuracy: sure.accuracy() }
    };
    thresholds.into_iter().map(at).collect()
}

fn decision_time(judged: &[Judged<'_>]) -> DecisionTime {
    let mut times: Vec<f64> = judged.iter().map(|row| row.took_us).collect();
    times.sort_unstable_by(f64::total_cmp);
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    DecisionTime { p50: at(50).copied().unwrap_or(0.0), p99: at(99).copied().unwrap_or(0.0) }
}

fn wrong_routes(judged: &[Judged<'_>], strength: &dyn Fn(&str) -> f64) -> WrongRoutes {
    let all = Tally::of(judged.iter()).all;
    let (mut waste, mut risk) = (0.0, 0.0);
    for row in judged.iter().filter(|row| !row.is_right()) {
        let said = row.said.as_deref().map_or(0.0, strength);
        if said > strength(&row.example.label) {
            waste += row.weight;
        } else {
            risk += row.weight;
        }
    }
    WrongRoutes { waste: ratio(waste, all), risk: ratio(risk, all) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::read_examples;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-3, "{a} is not {b}");
    }

    fn judged<'a>(example: &'a Example, said: &str, confidence: f32) -> Judged<'a> {
        Judged { confidence, ..Judged::of(example, Some(said.into())) }
    }

    #[test]
    fn measures_of_a_case_worked_by_hand() {
        let lines = ["simple", "simple", "simple", "code"]
            .map(|label| format!(r#"{{"text":"x","label":"{label}","lang":"en"}}"#));
        let (examples, _) = read_examples(&lines.join("\n"));
        let said = [("simple", 0.9), ("simple", 0.9), ("code", 0.6), ("code", 0.6)];
        let rows: Vec<_> =
            examples.iter().zip(said).map(|(example, (said, confidence))| judged(example, said, confidence)).collect();
        let evaluation = evaluate(&rows, &|label| if label == "code" { 2.0 } else { 1.0 });
        close(evaluation.accuracy, 0.75);
        close(evaluation.accuracy_ci95[0], 0.301);
        close(evaluation.accuracy_ci95[1], 0.954);
        close(evaluation.per_category["simple"].recall, 2.0 / 3.0);
        close(evaluation.per_category["code"].precision, 0.5);
        close(evaluation.macro_f1, (0.8 + 2.0 / 3.0) / 2.0);
        // Two bins: 2 right at 0.9 (gap 0.2), 1 of 2 right at 0.6 (gap 0.2).
        close(evaluation.ece, 0.1);
        assert_eq!(evaluation.confusion["simple"]["code"], 1);
        close(evaluation.by_lang["en"].accuracy, 0.75);
        close(evaluation.wrong_routes.waste, 0.25);
        let at_nine = evaluation.coverage.iter().find(|row| row.min_confidence > 0.85).unwrap();
        close(at_nine.coverage, 0.5);
        close(at_nine.accuracy, 1.0);
    }

    #[test]
    fn a_row_that_stands_for_three_counts_as_three_in_shares_and_as_one_in_numbers() {
        let line = r#"{"text":"x","label":"simple","lang":"en"}"#;
        let (examples, _) = read_examples(&[line, line].join("\n"));
        let mut rows = [judged(&examples[0], "simple", 0.9), judged(&examples[1], "code", 0.5)];
        rows[0].weight = 3.0;
        let evaluation = evaluate(&rows, &|label| if label == "code" { 2.0 } else { 1.0 });
        assert_eq!((evaluation.n, evaluation.per_category["simple"].n, evaluation.by_lang["en"].n), (2, 2, 2));
        assert_eq!(evaluation.confusion["simple"]["simple"], 1);
        close(evaluation.accuracy, 0.75);
        close(evaluation.per_category["simple"].recall, 0.75);
        close(evaluation.by_lang["en"].accuracy, 0.75);
        close(evaluation.wrong_routes.waste, 0.25);
        close(evaluation.ece, (3.0 * 0.1 + 0.5) / 4.0);
        close(evaluation.coverage[6].coverage, 0.75);
    }

    #[test]
    fn nothing_judged_is_no_division_by_zero() {
        let evaluation = evaluate(&[], &|_| 0.0);
        close(evaluation.accuracy, 0.0);
        close(evaluation.accuracy_ci95[0], 0.0);
        close(evaluation.accuracy_ci95[1], 1.0);
    }
}
