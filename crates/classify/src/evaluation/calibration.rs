//! Whether confidence means what it says.

use serde::Serialize;

use super::{Judged, Tally, count, ratio};

/// Bins of equal width that confidences are divided into (Naeini et al., 2015).
const BINS: usize = 15;

/// Examples that were judged about as surely as one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that is right: the same number, where confidence means what it says.
    pub accuracy: f64,
    /// Their share of all examples.
    pub share: f64,
    /// How many they are.
    pub n: usize,
}

/// The bins that have examples, from the least sure. Examples of which nothing was said are in none.
pub(super) fn bins(judged: &[Judged<'_>]) -> Vec<Bin> {
    let mut sums = [(Tally::default(), 0.0_f64); BINS];
    for row in judged.iter().filter(|row| row.said.is_some()) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of bins")]
        let bin = (f64::from(row.confidence.clamp(0.0, 1.0)) * count(BINS)) as usize;
        if let Some((tally, sure)) = sums.get_mut(bin.min(BINS - 1)) {
            tally.add(row);
            *sure += row.weight * f64::from(row.confidence);
        }
    }
    let all = Tally::of(judged.iter()).all;
    let known = sums.iter().filter(|(tally, _)| tally.n > 0);
    known
        .map(|(tally, sure)| Bin {
            confidence: ratio(*sure, tally.all),
            accuracy: tally.accuracy(),
            share: ratio(tally.all, all),
            n: tally.n,
        })
        .collect()
}

/// Expected calibration error: how far confidence and accuracy lie apart, on average over the examples.
pub(super) fn error(bins: &[Bin]) -> f64 {
    bins.iter().map(|bin| bin.share * (bin.confidence - bin.accuracy).abs()).sum()
}
