//! What moves from which model to which.

use std::collections::BTreeMap;

use routing::NanoUsd;
use serde::Serialize;

use crate::comparison::Spent;

/// Requests by where they were and where they go.
#[derive(Clone, Debug, Default)]
pub struct Moves(BTreeMap<(usize, usize), Sum>);

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    requests: u64,
    cost: [NanoUsd; 2],
    latency_us: [u128; 2],
}

/// Requests that go from one model to another, or stay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Move {
    /// The model they were on.
    pub from: String,
    /// The model they go to.
    pub to: String,
    /// How many.
    pub requests: u64,
    /// What they cost before, and after.
    pub cost_nano_usd: [u64; 2],
    /// The same in dollars.
    pub cost_usd: [f64; 2],
    /// The mean time they took before, and take after, milliseconds.
    pub mean_latency_ms: [f64; 2],
}

impl Moves {
    /// Adds a request; places stand for models as [`Moves::named`] is told.
    pub fn add(&mut self, from: (usize, &Spent), to: (usize, &Spent)) {
        let sum = self.0.entry((from.0, to.0)).or_default();
        sum.requests += 1;
        for (side, (_, spent)) in [from, to].into_iter().enumerate() {
            if let (Some(cost), Some(latency)) = (sum.cost.get_mut(side), sum.latency_us.get_mut(side)) {
                *cost += spent.cost;
                *latency += u128::from(spent.latency_us);
            }
        }
    }

    /// All of them by name, the most requests first; places with the same name are one.
    #[must_use]
    pub fn named(&self, from: &dyn Fn(usize) -> String, to: &dyn Fn(usize) -> String) -> Vec<Move> {
        let mut by_name: BTreeMap<(String, String), Sum> = BTreeMap::new();
        for ((place, other), part) in &self.0 {
            let sum = by_name.entry((from(*place), to(*other))).or_default();
            sum.requests += part.requests;
            for side in 0..2 {
                if let (Some(cost), Some(more)) = (sum.cost.get_mut(side), part.cost.get(side)) {
                    *cost += *more;
                }
                if let (Some(latency), Some(more)) = (sum.latency_us.get_mut(side), part.latency_us.get(side)) {
                    *latency += more;
                }
            }
        }
        let mut all: Vec<Move> = by_name.into_iter().map(|((from, to), sum)| sum.shown(from, to)).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.requests));
        all
    }
}

impl Sum {
    #[expect(clippy::cast_precision_loss, reason = "means for people")]
    fn shown(&self, from: String, to: String) -> Move {
        let mean = |sum: u128| sum as f64 / self.requests.max(1) as f64 / 1e3;
        Move {
            from,
            to,
            requests: self.requests,
            cost_nano_usd: self.cost.map(|cost| cost.0),
            cost_usd: self.cost.map(NanoUsd::as_usd),
            mean_latency_ms: self.latency_us.map(mean),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_with_one_name_are_one_and_the_largest_comes_first() {
        let mut moves = Moves::default();
        let spent = |latency_us, cost| Spent { latency_us, cost: NanoUsd(cost), ..Spent::default() };
        moves.add((0, &spent(1_000, 1)), (0, &spent(2_000, 10)));
        moves.add((1, &spent(3_000, 2)), (1, &spent(5_000, 20)));
        moves.add((2, &spent(5_000, 3)), (1, &spent(7_000, 30)));
        let names = |place: usize| ["a", "b", "b"].get(place).unwrap_or(&"?").to_string();
        let named = moves.named(&names, &names);
        let shown: Vec<_> = named.iter().map(|one| (&*one.from, &*one.to, one.requests, one.cost_nano_usd)).collect();
        assert_eq!(shown, [("b", "b", 2, [5, 50]), ("a", "a", 1, [1, 10])]);
        assert_eq!(named[0].mean_latency_ms.map(|mean| mean.to_string()), ["4", "6"]);
    }
}
