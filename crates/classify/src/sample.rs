//! A sample of the traffic that stands for all of it: how requests are divided, how many of each division are drawn,
//! and what the labels of the drawn say of the whole.
//!
//! Requests are divided into strata by what was said of them and how surely, because that is what tells apart where a
//! classifier is right and where it errs. Small strata are drawn from more densely than large ones; every drawn row
//! carries as its weight how many requests it stands for, and the estimate undoes the difference.

use std::collections::BTreeMap;

use fastrand::Rng;
pub use routing::Band;

use crate::dataset::Logged;
use crate::evaluation::{Judged, count, score_interval};

/// Rows that are drawn of every stratum that has them, before the rest is shared out by size.
pub const FEW: usize = 3;
/// Imagined rows of the overall accuracy that are added to each stratum where its variance is reckoned, so that three
/// right answers are not taken for certainty.
const IMAGINED: f64 = 2.0;

/// A division of the traffic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stratum {
    /// The category that was said.
    pub category: String,
    /// How surely.
    pub band: Band,
}

/// Draws from a stream of items of which only a few fit into memory; the same seed and stream give the same sample.
#[derive(Debug)]
pub struct Sampler<T> {
    n: usize,
    rng: Rng,
    strata: BTreeMap<Stratum, Reservoir<T>>,
}

/// An item that was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn<T> {
    /// The item.
    pub item: T,
    /// How many items of the stream it stands for.
    pub weight: f64,
}

/// What was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<T> {
    /// The items, shuffled, so that whoever labels only the first of them has labelled a sample as well.
    pub rows: Vec<Drawn<T>>,
    /// Strata that have items.
    pub strata: usize,
    /// Strata that nothing was drawn from, because the sample is smaller than their number.
    pub left_out: usize,
}

/// A uniform sample of those offered so far (Vitter's algorithm R, 1985).
#[derive(Debug)]
struct Reservoir<T> {
    kept: Vec<T>,
    offered: usize,
}

/// A stratum once some of its rows are labelled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// How many requests it has.
    pub size: f64,
    /// How many of its drawn rows are labelled.
    pub labelled: usize,
    /// In how many of those the label is what was said.
    pub right: usize,
}

/// What a labelled sample says of the traffic it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The share of requests that are right, over the strata that have a label.
    pub accuracy: f64,
    /// Its 95 % interval over all strata: in those without a label everything may be right or wrong.
    pub ci95: [f64; 2],
    /// The share of the traffic that strata with a label hold, 0 to 1.
    pub covered: f64,
    /// How many requests the sample stands for.
    pub requests: f64,
}

impl<T> Sampler<T> {
    /// Draws at most `n` items.
    #[must_use]
    pub fn new(n: usize, seed: u64) -> Self {
        Self { n, rng: Rng::with_seed(seed), strata: BTreeMap::new() }
    }

    /// Offers the next item of the stream.
    pub fn offer(&mut self, stratum: Stratum, item: T) {
        let reservoir = self.strata.entry(stratum).or_insert_with(|| Reservoir { kept: Vec::new(), offered: 0 });
        reservoir.offered += 1;
        if reservoir.kept.len() < self.n {
            reservoir.kept.push(item);
        } else if let Some(place) = reservoir.kept.get_mut(self.rng.usize(..reservoir.offered)) {
            *place = item;
        }
    }

    /// The sample of everything offered.
    #[must_use]
    pub fn draw(mut self) -> Sample<T> {
        let sizes: Vec<usize> = self.strata.values().map(|reservoir| reservoir.offered).collect();
        let shares = allocate(self.n, &sizes);
        let mut rows = Vec::new();
        for (mut reservoir, share) in self.strata.into_values().zip(&shares) {
            self.rng.shuffle(&mut reservoir.kept);
            let weight = count(reservoir.offered) / count(*share);
            rows.extend(reservoir.kept.into_iter().take(*share).map(|item| Drawn { item, weight }));
        }
        self.rng.shuffle(&mut rows);
        Sample { rows, strata: sizes.len(), left_out: shares.iter().filter(|share| **share == 0).count() }
    }
}

/// How many of each stratum are drawn: [`FEW`] where it has them (fewer where `n` does not suffice for that), the rest
/// in proportion to what is left. They add up to `n`, or to all there are.
#[must_use]
pub fn allocate(n: usize, sizes: &[usize]) -> Vec<usize> {
    let n = n.min(sizes.iter().sum());
    let floor = |few: usize| sizes.iter().map(move |size| (*size).min(few));
    let few = (0..=FEW).rev().find(|few| floor(*few).sum::<usize>() <= n).unwrap_or(0);
    let mut shares: Vec<usize> = floor(few).collect();
    let left: Vec<usize> = sizes.iter().map(|size| size.saturating_sub(few)).collect();
    let (rest, all) = (n - shares.iter().sum::<usize>(), left.iter().sum::<usize>().max(1));
    // In 128 bits, because a product of two counts may not fit into 64.
    let product = |left: usize| (rest as u128) * (left as u128);
    for (share, left) in shares.iter_mut().zip(&left) {
        *share += usize::try_from(product(*left) / all as u128).unwrap_or(0);
    }
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    let remainder = |position: &usize| product(left.get(*position).copied().unwrap_or(0)) % all as u128;
    by_remainder.sort_by_key(|position| std::cmp::Reverse(remainder(position)));
    let missing = n - shares.iter().sum::<usize>();
    for position in by_remainder.into_iter().take(missing) {
        if let Some(share) = shares.get_mut(position) {
            *share += 1;
        }
    }
    shares
}

/// Sets the weight of each judged row to the number of requests it stands for, now that it speaks for the unlabelled
/// rows of its stratum as well, and estimates from them. `logged` is of the judged rows, in their order.
pub fn weigh(judged: &mut [Judged<'_>], logged: &[Logged], unlabelled: &[Logged]) -> Estimate {
    let mut parts: BTreeMap<Stratum, Part> = BTreeMap::new();
    for row in logged.iter().chain(unlabelled) {
        parts.entry(row.stratum()).or_default().size += row.weight;
    }
    for (judged, row) in judged.iter().zip(logged) {
        let part = parts.entry(row.stratum()).or_default();
        part.labelled += 1;
        part.right += usize::from(judged.is_right());
    }
    for (judged, row) in judged.iter_mut().zip(logged) {
        judged.weight = parts.get(&row.stratum()).map_or(0.0, |part| part.size / count(part.labelled));
    }
    estimate(&parts.into_values().collect::<Vec<_>>())
}

/// The stratified estimate of accuracy with a 95 % interval.
///
/// Accuracy is the mean of the strata's, weighted by their sizes. Its variance is the strata's (Cochran, 1977, 5.3)
/// with `IMAGINED` rows added to each, and without correction for finite traffic but with the variance between strata
/// instead: the requests at hand are themselves a sample of what comes. The interval is Wilson's for as many rows of a
/// plain sample as would vary as much. Where all rows are right, or none, that number is Kish's (1965).
#[must_use]
pub fn estimate(parts: &[Part]) -> Estimate {
    let requests: f64 = parts.iter().map(|part| part.size).sum();
    let known: Vec<&Part> = parts.iter().filter(|part| part.labelled > 0 && part.size > 0.0).collect();
    let size: f64 = known.iter().map(|part| part.size).sum();
    if known.is_empty() {
        return Estimate { accuracy: 0.0, ci95: [0.0, 1.0], covered: 0.0, requests };
    }
    let mean = |of: &dyn Fn(&Part) -> f64| known.iter().map(|part| part.size / size * of(part)).sum::<f64>();
    let accuracy = mean(&|part| count(part.right) / count(part.labelled)).clamp(0.0, 1.0);
    let smooth = |part: &Part| (count(part.right) + IMAGINED * accuracy) / (count(part.labelled) + IMAGINED);
    let within = |part: &Part| part.size / size * smooth(part) * (1.0 - smooth(part)) / count(part.labelled);
    let variance = mean(&within) + mean(&|part| (smooth(part) - accuracy).powi(2)) / size;
    let alike = accuracy * (1.0 - accuracy);
    let rows = if alike > 0.0 && variance > 0.0 {
        alike / variance
    } else {
        1.0 / mean(&|part| part.size / size / count(part.labelled))
    };
    let [low, high] = score_interval(accuracy, rows);
    let covered = (size / requests).min(1.0);
    Estimate { accuracy, ci95: [covered * low, covered * high + (1.0 - covered)], covered, requests }
}

impl Estimate {
    /// Whether the accuracy is at least so high; `None`: the interval holds the bar, the labels do not suffice.
    #[must_use]
    pub fn clears(&self, bar: f64) -> Option<bool> {
        let [low, high] = self.ci95;
        if low >= bar {
            return Some(true);
        }
        (high < bar).then_some(false)
    }
}

#[cfg(test)]
#[path = "sample_tests.rs"]
mod tests;
