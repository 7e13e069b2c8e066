//! Waiting for a model that answers only so many requests at the same time, and when requests come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use routing::tally::Histogram;
use serde::Serialize;

use crate::comparison::Waiting;

/// A model's queue: first come, first served.
#[derive(Clone, Debug)]
pub struct Queue {
    servers: u32,
    /// When each server that was ever used is free again.
    free: BinaryHeap<Reverse<u64>>,
    waited: Histogram,
    /// Requests that waited at all.
    delayed: u64,
    busy_us: u128,
    first_us: Option<u64>,
    last_us: u64,
}

impl Queue {
    /// An empty queue before so many servers, at least one.
    #[must_use]
    pub fn new(servers: u32) -> Self {
        let servers = servers.max(1);
        let (free, waited) = (BinaryHeap::new(), Histogram::default());
        Self { servers, free, waited, delayed: 0, busy_us: 0, first_us: None, last_us: 0 }
    }

    /// How long a request waits that comes at a time (no earlier than those before it) and is served for so long; all in
    /// microseconds.
    pub fn wait(&mut self, arrival_us: u64, service_us: u64) -> u64 {
        let all_used = u32::try_from(self.free.len()).is_ok_and(|used| used >= self.servers);
        let first = self.free.peek().map(|Reverse(free)| *free).filter(|free| all_used || *free <= arrival_us);
        if first.is_some() {
            self.free.pop();
        }
        let start = arrival_us.max(first.unwrap_or(0));
        let end = start.saturating_add(service_us);
        self.free.push(Reverse(end));
        let waited = start - arrival_us;
        self.waited.add(waited);
        self.delayed += u64::from(waited > 0);
        self.busy_us += u128::from(service_us);
        self.first_us.get_or_insert(arrival_us);
        self.last_us = self.last_us.max(end);
        waited
    }

    /// What became of it.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "shares for people")]
    pub fn queued(&self, model: &str) -> Queued {
        let requests = self.waited.count();
        let span = self.last_us.saturating_sub(self.first_us.unwrap_or(0)) as f64 * f64::from(self.servers);
        Queued {
            model: model.to_owned(),
            concurrent: self.servers,
            requests,
            utilisation: if span > 0.0 { self.busy_us as f64 / span } else { 0.0 },
            waited: if requests > 0 { self.delayed as f64 / requests as f64 } else { 0.0 },
            waiting_ms: Waiting { mean: self.waited.mean().unwrap_or(0.0) / 1e3, spread: (&self.waited).into() },
        }
    }
}

/// How requests waited for a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Queued {
    /// Its alias.
    pub model: String,
    /// How many it answers at the same time.
    pub concurrent: u32,
    /// Requests that it answered.
    pub requests: u64,
    /// The share of the time, from the first request to the last answer, that its servers were busy.
    pub utilisation: f64,
    /// The share of requests that waited.
    pub waited: f64,
    /// How long, those that did not wait included.
    pub waiting_ms: Waiting,
}

impl Queued {
    /// Whether requests come faster than they are answered: hardly a moment is idle and nearly all wait.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.utilisation >= 0.97 && self.waited >= 0.9
    }
}

/// Requests that come by themselves, so many a second on average: a Poisson process.
#[derive(Clone, Debug)]
pub struct Poisson {
    random: fastrand::Rng,
    mean_us: f64,
    now_us: f64,
}

impl Poisson {
    /// The same seed gives the same times. `per_second` is above zero.
    #[must_use]
    pub fn new(per_second: f64, seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), mean_us: 1e6 / per_second, now_us: 0.0 }
    }

    /// When the next request comes, microseconds since the first second began.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    pub fn next_us(&mut self) -> u64 {
        self.now_us -= (1.0 - self.random.f64()).ln() * self.mean_us;
        self.now_us as u64
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
