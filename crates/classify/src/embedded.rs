//! The classifier inside the process: a linear layer over hashed features, in bytes.

use routing::Prompt;

use crate::features::{GROUPS, features};
use crate::look::Look;

/// The most labels of a model.
pub const MOST_LABELS: usize = 64;
/// Weights are kept and added up eight labels at a time, which is one vector instruction.
pub(crate) const LANES: usize = 8;
/// The weights of one feature for eight labels.
pub(crate) type Lane = [i8; LANES];

/// A trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// The labels, in the order of the probabilities.
    pub labels: Vec<String>,
    /// For each feature as many lanes as the labels need; what is beyond the labels is zero.
    pub(crate) weights: Vec<Lane>,
    /// What a weight of one stands for, in each group of features.
    pub(crate) scales: [f32; GROUPS],
    pub(crate) bias: Vec<f32>,
    /// Divides the scores before they become probabilities, so that these mean what they say
    /// (Guo et al., 2017, "On Calibration of Modern Neural Networks").
    pub temperature: f32,
}

impl Embedded {
    /// The probability of each label; `None`: nothing to judge.
    #[must_use]
    pub fn probabilities(&self, prompt: &Prompt<'_>) -> Option<Vec<f32>> {
        Some(self.probabilities_at(&Look::at(prompt)?))
    }

    /// The probability of each label for what is looked at.
    #[must_use]
    pub fn probabilities_at(&self, look: &Look<'_>) -> Vec<f32> {
        let mut scores = self.scores(look);
        softmax(&mut scores, self.temperature);
        scores
    }

    #[expect(clippy::cast_precision_loss, reason = "sums of bytes over at most some ten thousand features")]
    pub(crate) fn scores(&self, look: &Look<'_>) -> Vec<f32> {
        let lanes = self.labels.len().div_ceil(LANES);
        let mut sums = vec![Sum::default(); GROUPS * lanes];
        let mut counts = [0_u32; GROUPS];
        features(look, &mut |group, number| {
            let place = number as usize * lanes;
            let weights = self.weights.get(place..place + lanes);
            let sums = sums.get_mut(group * lanes..(group + 1) * lanes);
            let (Some(weights), Some(sums), Some(count)) = (weights, sums, counts.get_mut(group)) else {
                return;
            };
            *count += 1;
            for (sum, weights) in sums.iter_mut().zip(weights) {
                sum.add(*weights);
            }
        });
        let mut scores = self.bias.clone();
        for ((sums, count), scale) in sums.chunks_mut(lanes).zip(counts).zip(self.scales) {
            let factor = scale / (count.max(1) as f32).sqrt();
            for (scores, sum) in scores.chunks_mut(LANES).zip(sums) {
                for (score, sum) in scores.iter_mut().zip(sum.total(count)) {
                    *score += factor * sum as f32;
                }
            }
        }
        scores
    }
}

/// A sum of lanes: eight bytes are added with a few operations on whole words, each byte in sixteen bits, which are
/// emptied before they can overflow.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    even: u64,
    odd: u64,
    pending: u32,
    totals: Lanes,
}

/// A number for each of eight labels.
type Lanes = [i32; LANES];

/// Every other byte.
const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
/// Makes signed bytes unsigned ones that are 128 more.
const OFFSET: u64 = 0x8080_8080_8080_8080;

impl Sum {
    fn add(&mut self, weights: Lane) {
        let word = u64::from_le_bytes(weights.map(i8::cast_unsigned)) ^ OFFSET;
        self.even += word & EVEN;
        self.odd += (word >> 8) & EVEN;
        self.pending += 1;
        if self.pending == 256 {
            self.empty();
        }
    }

    fn empty(&mut self) {
        for (pair, totals) in self.totals.chunks_exact_mut(2).enumerate() {
            for (total, word) in totals.iter_mut().zip([self.even, self.odd]) {
                *total += i32::from(sixteen_bits(word >> (16 * pair)));
            }
        }
        (self.even, self.odd, self.pending) = (0, 0, 0);
    }

    /// The sums after so many additions.
    fn total(&mut self, count: u32) -> Lanes {
        self.empty();
        let offset = i32::try_from(count).unwrap_or(i32::MAX).saturating_mul(128);
        self.totals.map(|total| total - offset)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lowest bits are what is wanted")]
fn sixteen_bits(word: u64) -> u16 {
    word as u16
}

/// Scores become probabilities.
pub(crate) fn softmax(scores: &mut [f32], temperature: f32) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = ((*score - most) / temperature).exp();
        sum += *score;
    }
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

/// Position and value of the largest; the first of equals.
#[must_use]
pub fn largest(values: &[f32]) -> Option<(usize, f32)> {
    let all = values.iter().copied().enumerate();
    all.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lanes_are_summed_exactly(weights in proptest::collection::vec(any::<Lane>(), 0..1_000)) {
            let mut sum = Sum::default();
            let mut expected = [0; LANES];
            for weights in &weights {
                sum.add(*weights);
                for (expected, weight) in expected.iter_mut().zip(weights) {
                    *expected += i32::from(*weight);
                }
            }
            prop_assert_eq!(sum.total(u32::try_from(weights.len()).unwrap()), expected);
        }
    }
}
