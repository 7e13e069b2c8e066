//! The figures of a group of requests.

use routing::tally::Histogram;
use routing::{NanoUsd, Tally};
use serde::Serialize;

use super::marks::{Opinion, Right};
use crate::quality::Standing;
use crate::share::count;

/// A group of requests with what was said of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Group {
    /// What the ledger adds up.
    #[serde(flatten)]
    pub figures: Figures,
    /// The same requests on the baseline alone.
    pub baseline: Option<Side>,
    /// What callers said of the answers.
    pub feedback: Option<Opinion>,
    /// How the answers stand beside the baseline's.
    pub judged: Option<Standing>,
    /// How often the category is what people say it should be; only of a category.
    pub accuracy: Option<Right>,
}

/// What the ledger adds up. Times are of answered requests, but for the decision's.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Requests.
    pub requests: u64,
    /// Their share of the router's, 0 to 1.
    pub share: f64,
    /// Requests whose client got its whole answer.
    pub answered: u64,
    /// Requests that ended in an error.
    pub errors: u64,
    /// Requests whose client left before the end.
    pub left: u64,
    /// Requests that another than the chain's first model answered.
    pub fallbacks: u64,
    /// Calls that were made.
    pub attempts: u64,
    /// Mean time to the end, milliseconds.
    pub mean_latency_ms: Option<f64>,
    /// Time to the end, milliseconds.
    pub latency_ms: Spread,
    /// Time to the first useful byte, milliseconds.
    pub first_token_ms: Spread,
    /// Time to find a category and a chain, milliseconds.
    pub decision_ms: Spread,
    /// Tokens.
    pub tokens: Tokens,
    /// Requests whose cost is not known because a model has no price.
    pub unpriced: u64,
    /// Cost, USD.
    pub cost_usd: f64,
    /// The same in nano-dollars.
    pub cost_nano_usd: u64,
    /// Of it, that of calls which did not answer.
    pub failed_cost_nano_usd: u64,
    /// That of models that were asked for categories.
    pub classifier_cost_nano_usd: u64,
    /// Answers begun while a judge judged and kept.
    pub speculations_kept: u64,
    /// Answers begun while a judge judged and cancelled.
    pub speculations_cancelled: u64,
}

/// How values are spread; `None` without any. The mean is exact, quantiles are within 0.8 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: Option<f64>,
    /// What half do not exceed.
    pub p50: Option<f64>,
    /// What 95 % do not exceed.
    pub p95: Option<f64>,
    /// What 99 % do not exceed.
    pub p99: Option<f64>,
}

/// Sums of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Input tokens, cached ones included.
    pub input: u64,
    /// Of them, served from a provider's cache.
    pub cached: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
    /// Of them, spent on reasoning.
    pub reasoning: u64,
    /// Requests whose tokens are estimated because the provider reported none.
    pub estimated_requests: u64,
}

/// Requests one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Side {
    /// Requests that have a cost this way.
    pub requests: u64,
    /// Mean time of answered requests, milliseconds; `None`: not known.
    pub mean_latency_ms: Option<f64>,
    /// Cost, USD; `None`: not known.
    pub cost_usd: Option<f64>,
    /// The same in nano-dollars.
    pub cost_nano_usd: Option<u64>,
}

/// The requests both ways. Costs are of requests that have one both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Overall {
    /// As they were routed, the classifier's cost and failed attempts included.
    pub routed: Side,
    /// The same tokens on the baseline alone.
    pub baseline: Side,
}

impl Figures {
    /// Those of a tally, of so many requests of the router; with the classifier's cost in theirs or without.
    pub(super) fn of(tally: &Tally, requests: u64, with_classifier: bool) -> Self {
        let classifier = if with_classifier { tally.classifier_cost } else { 0 };
        let cost = NanoUsd(tally.cost.saturating_add(classifier));
        Self {
            requests: tally.requests,
            share: if requests > 0 { count(tally.requests) / count(requests) } else { 0.0 },
            answered: tally.answered,
            errors: tally.errors(),
            left: tally.left,
            fallbacks: tally.fallbacks,
            attempts: tally.attempts,
            mean_latency_ms: tally.total.mean().map(|us| us / 1e3),
            latency_ms: Spread::of(&tally.total),
            first_token_ms: Spread::of(&tally.first_token),
            decision_ms: Spread::of(&tally.decision),
            tokens: Tokens {
                input: tally.input,
                cached: tally.cached,
                output: tally.output,
                reasoning: tally.reasoning,
                estimated_requests: tally.estimated,
            },
            unpriced: tally.unpriced,
            cost_usd: cost.as_usd(),
            cost_nano_usd: cost.0,
            failed_cost_nano_usd: tally.failed_cost,
            classifier_cost_nano_usd: tally.classifier_cost,
            speculations_kept: tally.speculations_kept,
            speculations_cancelled: tally.speculations_cancelled,
        }
    }
}

impl Side {
    /// A side of costs of so many requests; without any there is no cost.
    pub(super) fn of(requests: u64, cost: u128, mean_latency_us: Option<f64>) -> Self {
        let cost = (requests > 0).then(|| NanoUsd(u64::try_from(cost).unwrap_or(u64::MAX)));
        Self {
            requests,
            mean_latency_ms: mean_latency_us.map(|us| us / 1e3),
            cost_usd: cost.map(NanoUsd::as_usd),
            cost_nano_usd: cost.map(|cost| cost.0),
        }
    }
}

impl Spread {
    /// Of microseconds, in milliseconds.
    pub(super) fn of(histogram: &Histogram) -> Self {
        let at = |share| histogram.quantile(share).map(milliseconds);
        Self { mean: histogram.mean().map(|us| us / 1e3), p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    }
}

/// Microseconds as milliseconds.
pub(super) fn milliseconds(microseconds: u64) -> f64 {
    count(microseconds) / 1e3
}

/// A name, or `-` for none.
pub(super) fn shown(name: &str) -> String {
    if name.is_empty() { "-".to_owned() } else { name.to_owned() }
}
