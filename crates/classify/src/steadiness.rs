//! Whether the category stays the same when the same request is typed in another way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dataset::BadLine;
use crate::evaluation::{Share, wilson};

/// A request as it was typed by two people.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Pair {
    /// Carefully.
    pub text: String,
    /// With typing errors, in other case, with fillers, …
    pub changed: String,
    /// What was changed: `typo`, `case`, `spacing`, …
    #[serde(default)]
    pub how: String,
    /// Its language, ISO 639-1.
    #[serde(default)]
    pub lang: String,
}

/// How steady a classifier is; `accuracy` of a share is the share of pairs with one category.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Steadiness {
    /// Pairs.
    pub n: usize,
    /// The share of them with the same category both times.
    pub unchanged: f64,
    /// Its 95 % interval (Wilson, 1927).
    pub unchanged_ci95: [f64; 2],
    /// By what was changed.
    pub by_change: BTreeMap<String, Share>,
    /// By language.
    pub by_lang: BTreeMap<String, Share>,
}

/// The pairs of a file of JSON Lines, and the lines that are none. Empty lines are skipped.
#[must_use]
pub fn read_pairs(text: &str) -> (Vec<Pair>, Vec<BadLine>) {
    let (mut pairs, mut bad) = (Vec::new(), Vec::new());
    for (position, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(pair) => pairs.push(pair),
            Err(error) => bad.push(BadLine { line: position + 1, message: format!("not a pair: {error}") }),
        }
    }
    (pairs, bad)
}

/// Measures how often `say` gives both texts of a pair the same category; the pairs that it does not come back too.
pub fn steadiness<'a>(pairs: &'a [Pair], say: &dyn Fn(&str) -> Option<String>) -> (Steadiness, Vec<&'a Pair>) {
    let mut parts: [BTreeMap<String, [usize; 2]>; 2] = [BTreeMap::new(), BTreeMap::new()];
    let mut changed = Vec::new();
    for pair in pairs {
        let same = say(&pair.text) == say(&pair.changed);
        for (part, name) in parts.iter_mut().zip([&pair.how, &pair.lang]) {
            let [n, unchanged] = part.entry(name.clone()).or_default();
            *n += 1;
            *unchanged += usize::from(same);
        }
        if !same {
            changed.push(pair);
        }
    }
    let share = |[n, unchanged]: [usize; 2]| Share::of(unchanged, n);
    let [by_change, by_lang] = parts.map(|part| part.into_iter().map(|(name, counts)| (name, share(counts))).collect());
    let unchanged = pairs.len() - changed.len();
    let whole = share([pairs.len(), unchanged]);
    let unchanged_ci95 = wilson(unchanged, pairs.len());
    (Steadiness { n: whole.n, unchanged: whole.accuracy, unchanged_ci95, by_change, by_lang }, changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_counts_as_steady_when_both_texts_are_said_the_same() {
        let (pairs, bad) = read_pairs(
            "{\"text\":\"a\",\"changed\":\"A\",\"how\":\"case\"}\n\n{\"text\":\"a\",\"changed\":\"b\",\"how\":\"typo\"}\n{}",
        );
        assert_eq!((pairs.len(), bad[0].line), (2, 4));
        let (measured, changed) = steadiness(&pairs, &|text| Some(text.to_lowercase()));
        assert_eq!((measured.n, measured.by_change["case"].n, changed), (2, 1, vec![&pairs[1]]));
        assert!((measured.unchanged - 0.5).abs() < 1e-9 && (measured.by_change["case"].accuracy - 1.0).abs() < 1e-9);
        assert_eq!(steadiness(&[], &|_| None).0.n, 0);
    }
}
