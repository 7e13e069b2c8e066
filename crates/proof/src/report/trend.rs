//! How the traffic changes over time.

use std::collections::BTreeMap;
use std::ops::Range;

use routing::NanoUsd;
use routing::tally::Histogram;
use serde::Serialize;

use super::day::instant;
use super::traffic::Cell;

/// The most points.
const MOST: i64 = 100;
/// Lengths of a step, hours: the shortest that gives few enough points is taken.
const STEPS: [i64; 6] = [1, 6, 24, 7 * 24, 28 * 24, 364 * 24];
const HOUR_US: i64 = 3_600_000_000;

/// The traffic step by step, in UTC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// The length of a step, hours.
    pub step_hours: i64,
    /// Every step from the first with a request to the last.
    pub points: Vec<Point>,
}

/// The requests of a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Point {
    /// Its begin, RFC 3339.
    pub since: String,
    /// Requests.
    pub requests: u64,
    /// Of them, neither answered whole nor left by their client.
    pub errors: u64,
    /// Requests by category; `-` is none.
    pub per_category: BTreeMap<String, u64>,
    /// Their cost, the classifier's included, USD.
    pub cost_usd: f64,
    /// The same in nano-dollars.
    pub cost_nano_usd: u64,
    /// Mean time of answered requests, milliseconds.
    pub mean_latency_ms: Option<f64>,
    /// What 95 % of them did not exceed, milliseconds.
    pub p95_latency_ms: Option<f64>,
}

/// Points on the way.
#[derive(Clone, Debug)]
pub(super) struct Points {
    step: i64,
    by_step: BTreeMap<i64, (Point, Histogram)>,
}

impl Points {
    /// For a period in microseconds.
    pub(super) fn of(period: &Range<i64>) -> Self {
        let hours = (period.end.saturating_sub(period.start) / HOUR_US).max(1);
        let few = |step: &i64| hours / step < MOST;
        Self { step: STEPS.into_iter().find(few).unwrap_or(364 * 24), by_step: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, cell: &Cell<'_>) {
        let (point, times) = self.by_step.entry(cell.hour.div_euclid(self.step)).or_default();
        let tally = cell.tally;
        point.requests += tally.requests;
        point.errors += tally.errors();
        *point.per_category.entry(super::figures::shown(cell.category)).or_default() += tally.requests;
        point.cost_nano_usd = point.cost_nano_usd.saturating_add(tally.cost.saturating_add(tally.classifier_cost));
        times.merge(&tally.total);
    }

    /// The points, those without a request in between included.
    pub(super) fn trend(&self) -> Trend {
        let ends = self.by_step.keys().next().zip(self.by_step.keys().next_back());
        let steps = ends.map_or(0..0, |(first, last)| *first..*last + 1);
        let point = |step: i64| {
            let (mut point, times) = self.by_step.get(&step).cloned().unwrap_or_default();
            point.since = instant(step.saturating_mul(self.step).saturating_mul(HOUR_US));
            point.cost_usd = NanoUsd(point.cost_nano_usd).as_usd();
            point.mean_latency_ms = times.mean().map(|us| us / 1e3);
            point.p95_latency_ms = times.quantile(0.95).map(super::figures::milliseconds);
            point
        };
        Trend { step_hours: self.step, points: steps.map(point).collect() }
    }
}
