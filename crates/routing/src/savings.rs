//! What routing saves: the same requests as they were routed, and on one model alone.

use std::collections::BTreeMap;

use crate::{NanoUsd, Profile};

/// What one request took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// From the request to the end of its answer, milliseconds.
    pub latency_ms: f64,
    /// What its tokens cost, those of the classifier's model included.
    pub cost: NanoUsd,
}

/// One request both ways.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The category it was routed by.
    pub category: String,
    /// What it was written to be, where that is known.
    pub meant: Option<String>,
    /// As it was routed.
    pub routed: Spent,
    /// On the baseline model alone.
    pub baseline: Spent,
}

/// Sums over requests, one way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// Requests.
    pub requests: usize,
    /// Mean time from request to end, milliseconds; 0 without requests.
    pub mean_latency_ms: f64,
    /// Cost of all of them together.
    pub cost: NanoUsd,
}

/// The same requests both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sides {
    /// As they were routed.
    pub routed: Total,
    /// On the baseline model alone.
    pub baseline: Total,
}

impl Sides {
    /// The share of the baseline's time and cost that routing saves; negative where it costs more, 0 where the
    /// baseline takes or costs nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    pub fn savings(&self) -> Savings {
        let share = |routed: f64, baseline: f64| if baseline > 0.0 { 1.0 - routed / baseline } else { 0.0 };
        Savings {
            latency: share(self.routed.mean_latency_ms, self.baseline.mean_latency_ms),
            cost: share(self.routed.cost.0 as f64, self.baseline.cost.0 as f64),
        }
    }
}

/// Shares of the baseline, 0.36 is 36 % less.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Savings {
    /// Of the mean time.
    pub latency: f64,
    /// Of the cost.
    pub cost: f64,
}

/// The comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// By the category that requests were routed by.
    pub per_category: BTreeMap<String, Sides>,
    /// All requests.
    pub overall: Sides,
    /// Requests that were routed by the category they were written to be, of those where that is known.
    pub as_meant: usize,
    /// Requests of which it is known what they were written to be.
    pub known: usize,
}

/// Compares requests that went both ways.
#[must_use]
pub fn compare(pairs: &[Pair]) -> Comparison {
    let mut by_category: BTreeMap<String, Vec<&Pair>> = BTreeMap::new();
    for pair in pairs {
        by_category.entry(pair.category.clone()).or_default().push(pair);
    }
    let known = pairs.iter().filter(|pair| pair.meant.is_some());
    Comparison {
        per_category: by_category.into_iter().map(|(name, pairs)| (name, sides(&pairs))).collect(),
        overall: sides(&pairs.iter().collect::<Vec<_>>()),
        as_meant: known.clone().filter(|pair| pair.meant.as_ref() == Some(&pair.category)).count(),
        known: known.count(),
    }
}

fn sides(pairs: &[&Pair]) -> Sides {
    Sides {
        routed: total(pairs.iter().map(|pair| &pair.routed)),
        baseline: total(pairs.iter().map(|pair| &pair.baseline)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests")]
fn total<'a>(all: impl Iterator<Item = &'a Spent>) -> Total {
    let (mut requests, mut latency_ms, mut cost) = (0, 0.0, NanoUsd::ZERO);
    for spent in all {
        requests += 1;
        latency_ms += spent.latency_ms;
        cost += spent.cost;
    }
    Total { requests, mean_latency_ms: latency_ms / (requests.max(1) as f64), cost }
}

impl Profile {
    /// How long an answer of so many tokens takes at this speed, milliseconds: the first token, then one after another.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of tokens")]
    pub fn answer_ms(&self, tokens: u64) -> f64 {
        self.first_token.as_secs_f64() * 1e3 + tokens as f64 / self.tokens_per_second * 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn pair(category: &str, meant: &str, routed: (f64, u64), baseline: (f64, u64)) -> Pair {
        let spent = |(latency_ms, cost)| Spent { latency_ms, cost: NanoUsd(cost) };
        let (category, meant) = (category.into(), Some(meant.into()));
        Pair { category, meant, routed: spent(routed), baseline: spent(baseline) }
    }

    #[test]
    fn categories_are_summed_apart_and_savings_are_shares_of_the_baseline() {
        let pairs = [
            pair("simple", "simple", (1_000.0, 20), (4_000.0, 200)),
            pair("simple", "general", (2_000.0, 30), (4_000.0, 200)),
            pair("code", "code", (3_000.0, 100), (4_000.0, 100)),
        ];
        let compared = compare(&pairs);
        let simple = compared.per_category["simple"];
        assert_eq!(simple.routed, Total { requests: 2, mean_latency_ms: 1_500.0, cost: NanoUsd(50) });
        assert_eq!(compared.overall.baseline.cost, NanoUsd(500));
        assert_eq!((compared.as_meant, compared.known), (2, 3));
        let savings = compared.overall.savings();
        assert!((savings.latency - 0.5).abs() < 1e-9 && (savings.cost - 0.7).abs() < 1e-9, "{savings:?}");
    }

    #[test]
    fn nothing_saves_nothing() {
        assert_eq!(compare(&[]).overall.savings(), Savings::default());
    }

    #[test]
    fn the_guides_speeds_give_the_guides_latencies() {
        let small = Profile { first_token: Duration::from_millis(200), tokens_per_second: 200.0 };
        assert!((small.answer_ms(200) - 1_200.0).abs() < 1e-9);
    }
}
