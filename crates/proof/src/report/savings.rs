//! What routing saved against the baseline, in money and in time.

use fastrand::Rng;
use routing::tally::{Moments, Pairs};
use routing::{Profile, Tally};
use serde::Serialize;

use super::traffic::Timed;
use crate::bootstrap::{self, FEWEST, interval, means};
use crate::share::count;
use crate::speed::{Source, Speed, without};

/// What routing saved. Shares are of what the baseline alone would have cost or taken: 0.36 is 36 % less, negative is more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Savings {
    /// Of the cost, over requests that have a price both ways; `None`: there is none.
    pub cost: Option<f64>,
    /// Its 95 % interval.
    pub cost_ci95: Option<[f64; 2]>,
    /// The requests it is over.
    pub cost_requests: u64,
    /// Of the mean time of answered requests; `None`: the baseline's speed is not known.
    pub latency: Option<f64>,
    /// Its 95 % interval.
    pub latency_ci95: Option<[f64; 2]>,
    /// The requests it is over.
    pub latency_requests: u64,
    /// How the baseline's time is known.
    pub latency_baseline: Option<Source>,
}

/// The baseline's time as it is reckoned.
#[derive(Clone, Copy, Debug)]
pub(super) struct BaselineTime {
    speed: Speed,
    /// The baseline's own requests of this router, and those elsewhere.
    own: Timed,
    others: Timed,
    /// What of its measured time is the decision's, microseconds: on the baseline alone there would be none.
    decision_us: f64,
}

impl BaselineTime {
    /// From the baseline's measured requests and its profile; `None`: neither suffices.
    pub(super) fn of((own, others): (Timed, Timed), profile: Option<&Profile>) -> Option<Self> {
        let mut all = own.pairs;
        all.merge(&others.pairs);
        let speed = Speed::of(&all, profile)?;
        if speed.source == Source::Profile {
            return Some(Self { speed, own: Timed::default(), others: Timed::default(), decision_us: 0.0 });
        }
        let parts = [own, others].map(|part| count(part.pairs.n) * part.decision_us());
        let decision_us = parts.iter().sum::<f64>() / count(all.n);
        Some(Self { speed, own, others, decision_us })
    }

    /// How the time is known.
    pub(super) fn source(&self) -> Source {
        self.speed.source
    }

    /// The mean time that answered requests would have taken, microseconds; `None`: none was answered.
    pub(super) fn mean_us(&self, tally: &Tally) -> Option<f64> {
        let moments = tally.speed.moments();
        (tally.speed.n > 0).then(|| (self.speed.of_tokens(moments.mean_x) - self.decision_us).max(0.0))
    }
}

/// What the requests of a tally saved.
pub(super) fn savings(tally: &Tally, baseline: Option<&BaselineTime>, seed: u64) -> Savings {
    let cost = bootstrap::saved(&tally.costs, seed);
    let latency = baseline.and_then(|baseline| latency(&tally.speed, baseline, seed));
    Savings {
        cost: cost.map(|cost| cost.value),
        cost_ci95: cost.and_then(|cost| cost.ci95),
        cost_requests: tally.costs.n,
        latency: latency.map(|latency| latency.value),
        latency_ci95: latency.and_then(|latency| latency.ci95),
        latency_requests: tally.speed.n,
        latency_baseline: baseline.map(BaselineTime::source),
    }
}

/// What is saved of the mean time.
///
/// The router's requests are those that the baseline itself answered and the rest. The former are a part of what the
/// baseline's line is drawn through, so they are drawn once and stand on both sides: what the baseline answered is the
/// same with and without routing. How many there are of each, the means of both and of the baseline's requests elsewhere,
/// and the slope of the line vary independently.
fn latency(routed: &Pairs, baseline: &BaselineTime, seed: u64) -> Option<bootstrap::Estimate> {
    let (own, elsewhere) = (baseline.own.pairs, baseline.others.pairs);
    let parts = Parts {
        own: own.moments(),
        rest: without(routed, &own).moments(),
        elsewhere: elsewhere.moments(),
        weight: count(own.n) / count((own.n + elsewhere.n).max(1)),
    };
    let whole = routed.moments();
    let value = 1.0 - whole.mean_y / (baseline.speed.of_tokens(whole.mean_x) - baseline.decision_us);
    if routed.n == 0 || !value.is_finite() || value > 1.0 {
        return None;
    }
    let mut rng = Rng::with_seed(seed);
    let draw = |rng: &mut Rng| parts.draw(baseline, bootstrap::share(own.n, routed.n, rng), rng);
    let ci95 = (routed.n >= FEWEST).then(|| interval(draw, &mut rng)).flatten();
    Some(bootstrap::Estimate { value, ci95 })
}

/// (Output tokens, microseconds) of what is drawn.
struct Parts {
    own: Moments,
    rest: Moments,
    elsewhere: Moments,
    /// How much of the baseline's requests the router's own are, 0 to 1.
    weight: f64,
}

impl Parts {
    /// What another sample might have saved, in which this share is the baseline's own.
    fn draw(&self, baseline: &BaselineTime, share: f64, rng: &mut Rng) -> f64 {
        let (own, rest, elsewhere) = (means(&self.own, rng), means(&self.rest, rng), means(&self.elsewhere, rng));
        let mix = |weight: f64, one: (f64, f64), other: (f64, f64)| {
            (weight * one.0 + (1.0 - weight) * other.0, weight * one.1 + (1.0 - weight) * other.1)
        };
        let (tokens, took) = mix(share, own, rest);
        let speed = &baseline.speed;
        let (mean_tokens, at_mean) = match speed.source {
            Source::Profile => (speed.mean_tokens, speed.at_mean),
            Source::Line { .. } | Source::MeanAndProfile { .. } | Source::Mean { .. } => {
                mix(self.weight, own, elsewhere)
            }
        };
        let per_token = speed.per_token + speed.per_token_error * bootstrap::normal(rng);
        1.0 - took / (at_mean + per_token * (tokens - mean_tokens) - baseline.decision_us)
    }
}
