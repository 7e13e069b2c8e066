//! The same requests as they were routed, and on one model alone.

use std::collections::BTreeMap;

use routing::NanoUsd;
use routing::tally::Histogram;
use serde::Serialize;

/// What one request took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// From the request to the end of its answer, microseconds: judging and waiting included.
    pub latency_us: u64,
    /// Of it, waiting for a model that was busy.
    pub waited_us: u64,
    /// What its tokens cost, those of the classifier's model included.
    pub cost: NanoUsd,
    /// Input tokens of the answering model.
    pub input: u64,
    /// Output tokens of the answering model.
    pub output: u64,
    /// Whether the answering model has no price, so that `cost` is too little.
    pub unpriced: bool,
}

/// Sums over requests, one way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Requests.
    pub requests: u64,
    /// Of them, answered by a model without a price.
    pub unpriced: u64,
    /// From request to end, microseconds.
    pub latency: Histogram,
    /// The least and the most of it, exact.
    pub ends_us: Option<(u64, u64)>,
    /// Waiting for busy models, microseconds.
    pub waited: Histogram,
    /// Cost of all of them together.
    pub cost: NanoUsd,
    /// Input tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
}

impl Sums {
    /// Adds a request.
    pub fn add(&mut self, spent: &Spent) {
        self.requests += 1;
        self.unpriced += u64::from(spent.unpriced);
        self.latency.add(spent.latency_us);
        let (least, most) = self.ends_us.unwrap_or((u64::MAX, 0));
        self.ends_us = Some((least.min(spent.latency_us), most.max(spent.latency_us)));
        self.waited.add(spent.waited_us);
        self.cost += spent.cost;
        self.input = self.input.saturating_add(spent.input);
        self.output = self.output.saturating_add(spent.output);
    }

    /// The mean time from request to end, milliseconds; 0 without requests.
    #[must_use]
    pub fn mean_latency_ms(&self) -> f64 {
        self.latency.mean().unwrap_or(0.0) / 1e3
    }

    /// How that time is spread. Where all requests take the same, so do the percentiles, which a bucket's middle might not.
    #[must_use]
    pub fn spread(&self) -> Spread {
        let (least, most) = self.ends_us.map_or((0.0, 0.0), |(least, most)| (milliseconds(least), milliseconds(most)));
        let Spread { p50, p95, p99 } = Spread::from(&self.latency);
        let within = |value: f64| value.max(least).min(most);
        Spread { p50: within(p50), p95: within(p95), p99: within(p99) }
    }
}

/// The same requests both ways.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sides {
    /// As they were routed.
    pub routed: Sums,
    /// On the baseline model alone.
    pub baseline: Sums,
}

impl Sides {
    /// The share of the baseline's time and cost that routing saves.
    #[must_use]
    pub fn savings(&self) -> Savings {
        Savings::of(&self.routed, &self.baseline)
    }
}

/// Shares of what is compared with: 0.36 is 36 % less, negative is more; 0 where that takes or costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Savings {
    /// Of the mean time.
    pub latency: f64,
    /// Of the cost.
    pub cost: f64,
}

impl Savings {
    /// What one way saves of another.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    pub fn of(one: &Sums, other: &Sums) -> Self {
        Self {
            latency: saved(one.mean_latency_ms(), other.mean_latency_ms()),
            cost: saved(one.cost.0 as f64, other.cost.0 as f64),
        }
    }
}

/// The share of `other` that `one` is less; 0 where `other` is nothing.
pub(crate) fn saved(one: f64, other: f64) -> f64 {
    if other > 0.0 { 1.0 - one / other } else { 0.0 }
}

/// The comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// By the category that requests were routed by.
    pub per_category: BTreeMap<String, Sides>,
    /// All requests.
    pub overall: Sides,
    /// Requests that were routed by the category they were meant to be, of those where that is known.
    pub as_meant: u64,
    /// Requests of which it is known what they were meant to be.
    pub known: u64,
}

impl Comparison {
    /// Adds a request both ways: the category it was routed by, what it was meant to be where that is known.
    pub fn add(&mut self, category: &str, meant: Option<&str>, routed: &Spent, baseline: &Spent) {
        if !self.per_category.contains_key(category) {
            self.per_category.insert(category.to_owned(), Sides::default());
        }
        for sides in self.per_category.get_mut(category).into_iter().chain([&mut self.overall]) {
            sides.routed.add(routed);
            sides.baseline.add(baseline);
        }
        self.known += u64::from(meant.is_some());
        self.as_meant += u64::from(meant == Some(category));
    }

    /// The figures as people and machines read them.
    #[must_use]
    pub fn shown(&self) -> Compared {
        let one = |(name, sides): (&String, &Sides)| {
            let category = PerCategory { routed: (&sides.routed).into(), baseline: (&sides.baseline).into() };
            (name.clone(), category)
        };
        let overall = &self.overall;
        Compared {
            per_category: self.per_category.iter().map(one).collect(),
            overall: Overall { routed: (&overall.routed).into(), baseline: (&overall.baseline).into() },
            savings: overall.savings(),
            as_meant: AsMeant { right: self.as_meant, of: self.known },
        }
    }
}

/// A comparison as it is shown: the names that `demo` and `simulate` share.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Compared {
    /// By the category that requests were routed by.
    pub per_category: BTreeMap<String, PerCategory>,
    /// All requests.
    pub overall: Overall,
    /// What routing saves of the baseline.
    pub savings: Savings,
    /// Requests that were routed as they were meant.
    pub as_meant: AsMeant,
}

/// A category both ways.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PerCategory {
    /// As it was routed.
    #[serde(flatten)]
    pub routed: Figures,
    /// On the baseline model alone.
    pub baseline: Figures,
}

/// All requests both ways.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Overall {
    /// As they were routed.
    pub routed: Figures,
    /// On the baseline model alone.
    pub baseline: Figures,
}

/// How many were routed as they were meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AsMeant {
    /// So many.
    pub right: u64,
    /// Of so many of which it is known.
    pub of: u64,
}

/// Sums as they are shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Requests.
    pub requests: u64,
    /// Mean time from request to end, milliseconds; 0 without requests.
    pub mean_latency_ms: f64,
    /// How that time is spread.
    pub latency_ms: Spread,
    /// Waiting for busy models, which is part of the time.
    pub waiting_ms: Waiting,
    /// Cost of all requests together.
    pub cost_usd: f64,
    /// The same in billionths.
    pub cost_nano_usd: u64,
    /// Requests to a model without a price: their cost is missing.
    pub unpriced: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
}

/// Percentiles, milliseconds, within 0.8 %; 0 without requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the requests take no longer.
    pub p50: f64,
    /// 95 in 100 take no longer.
    pub p95: f64,
    /// 99 in 100 take no longer.
    pub p99: f64,
}

/// How long requests waited, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Waiting {
    /// On average, those that did not wait included.
    pub mean: f64,
    /// How it is spread.
    #[serde(flatten)]
    pub spread: Spread,
}

impl From<&Histogram> for Spread {
    fn from(histogram: &Histogram) -> Self {
        let quantile = |share| histogram.quantile(share).map_or(0.0, milliseconds);
        Self { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people; exact below 2^53")]
fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e3
}

impl From<&Sums> for Figures {
    fn from(sums: &Sums) -> Self {
        Self {
            requests: sums.requests,
            mean_latency_ms: sums.mean_latency_ms(),
            latency_ms: sums.spread(),
            waiting_ms: Waiting { mean: sums.waited.mean().unwrap_or(0.0) / 1e3, spread: (&sums.waited).into() },
            cost_usd: sums.cost.as_usd(),
            cost_nano_usd: sums.cost.0,
            unpriced: sums.unpriced,
            input_tokens: sums.input,
            output_tokens: sums.output,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(latency_us: u64, cost: u64) -> Spent {
        Spent { latency_us, cost: NanoUsd(cost), ..Spent::default() }
    }

    #[test]
    fn categories_are_summed_apart_and_savings_are_shares_of_the_baseline() {
        let mut compared = Comparison::default();
        compared.add("simple", Some("simple"), &spent(1_000_000, 20), &spent(4_000_000, 200));
        compared.add("simple", Some("general"), &spent(2_000_000, 30), &spent(4_000_000, 200));
        compared.add("code", Some("code"), &spent(3_000_000, 100), &spent(4_000_000, 100));
        let shown = compared.shown();
        let simple = &shown.per_category["simple"].routed;
        assert_eq!((simple.requests, simple.mean_latency_ms, simple.cost_nano_usd), (2, 1_500.0, 50));
        let alike = &shown.per_category["simple"].baseline;
        assert_eq!(alike.latency_ms, Spread { p50: 4_000.0, p95: 4_000.0, p99: 4_000.0 });
        assert_eq!(shown.overall.baseline.cost_nano_usd, 500);
        assert_eq!(shown.as_meant, AsMeant { right: 2, of: 3 });
        let Savings { latency, cost } = shown.savings;
        assert!((latency - 0.5).abs() < 1e-9 && (cost - 0.7).abs() < 1e-9, "{:?}", shown.savings);
    }

    #[test]
    fn nothing_saves_nothing() {
        assert_eq!(Comparison::default().shown().savings, Savings::default());
    }
}
