//! How values are spread, in buckets that are narrow everywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Buckets between two powers of two: a bucket is at most 1/64 as wide as its values are large.
const STEPS: u64 = 64;
/// Its power of two.
const BITS: u32 = STEPS.trailing_zeros();

/// Counts of values by bucket. A quantile of it is within 0.8 % of the value itself (High Dynamic Range histograms,
/// Tene 2012, in its simplest form); values below 128 are exact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    counts: BTreeMap<u16, u64>,
    sum: u128,
}

impl Histogram {
    /// Adds a value.
    pub fn add(&mut self, value: u64) {
        *self.counts.entry(bucket(value)).or_default() += 1;
        self.sum += u128::from(value);
    }

    /// Adds the values of another.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The sum of the values, exact.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The mean of the values; `None` without any.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    pub fn mean(&self) -> Option<f64> {
        (!self.counts.is_empty()).then(|| self.sum as f64 / self.count() as f64)
    }

    /// The value that a share of the values does not exceed (0 to 1, nearest rank); `None` without any.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank below 2^53"
    )]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let rank = ((share * self.count() as f64).ceil() as u64).max(1);
        let mut below = 0;
        self.counts.iter().find_map(|(bucket, count)| {
            below += count;
            (below >= rank).then(|| middle(*bucket))
        })
    }
}

/// The bucket of a value: its leading bits below the first, behind the place of the first.
fn bucket(value: u64) -> u16 {
    let shift = shift(value);
    u16::try_from(u64::from(shift) * STEPS + (value >> shift)).unwrap_or(u16::MAX)
}

/// How many low bits of a value its bucket does not tell apart.
fn shift(value: u64) -> u32 {
    value.checked_ilog2().map_or(0, |power| power.saturating_sub(BITS))
}

/// The shift and the leading bits of a bucket.
fn parts(bucket: u16) -> (u32, u64) {
    let bucket = u64::from(bucket);
    // Leading bits run from STEPS to 2 * STEPS - 1, but for values that have no more bits than that.
    let shift = (bucket / STEPS).saturating_sub(1);
    (u32::try_from(shift).unwrap_or(0), bucket - shift * STEPS)
}

fn lowest(bucket: u16) -> u64 {
    let (shift, leading) = parts(bucket);
    leading.checked_shl(shift).unwrap_or(u64::MAX)
}

fn middle(bucket: u16) -> u64 {
    let (shift, _) = parts(bucket);
    lowest(bucket).saturating_add((1_u64.checked_shl(shift).unwrap_or(u64::MAX) - 1) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.add(*value));
        histogram
    }

    proptest! {
        #[test]
        fn a_quantile_is_near_the_value_of_that_rank(values in prop::collection::vec(0_u64..1 << 50, 1..200), share in 0_u32..=1_000) {
            // The rank in thousandths, so that it is reckoned in integers here.
            let rank = (u64::from(share) * values.len() as u64).div_ceil(1_000).max(1);
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let exact = sorted[usize::try_from(rank).unwrap() - 1];
            let said = of(&values).quantile(f64::from(share) / 1e3).unwrap();
            prop_assert!(said.abs_diff(exact) * 128 <= exact, "{said} for {exact}");
        }

        #[test]
        fn buckets_are_in_the_order_of_values_and_hold_them(value in any::<u64>()) {
            let bucket = bucket(value);
            prop_assert!(lowest(bucket) <= value);
            prop_assert!(bucket == super::bucket(u64::MAX) || lowest(bucket + 1) > value);
        }
    }

    #[test]
    fn small_values_are_exact_and_sums_are_always() {
        let histogram = of(&[1, 2, 3, 127, 1_000_003]);
        assert_eq!((histogram.quantile(0.5), histogram.quantile(0.8)), (Some(3), Some(127)));
        assert_eq!((histogram.count(), histogram.sum()), (5, 1_000_136));
        assert_eq!(Histogram::default().quantile(0.5), None);
    }
}
