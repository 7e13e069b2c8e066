//! Sums of pairs of numbers from which means, variances and a line through the pairs follow.

use serde::{Deserialize, Serialize};

/// Sums over pairs (x, y). Integers, so that it does not matter in what order they were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairs {
    /// How many.
    pub n: u64,
    /// The sum of x.
    pub x: u128,
    /// The sum of y.
    pub y: u128,
    /// The sum of x².
    pub xx: u128,
    /// The sum of y².
    pub yy: u128,
    /// The sum of x·y.
    pub xy: u128,
}

/// Means, variances and the covariance of pairs, as of a sample (divided by n - 1).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many.
    pub n: f64,
    /// The mean of x.
    pub mean_x: f64,
    /// The mean of y.
    pub mean_y: f64,
    /// The variance of x.
    pub var_x: f64,
    /// The variance of y.
    pub var_y: f64,
    /// The covariance.
    pub cov: f64,
}

impl Pairs {
    /// Adds a pair.
    pub fn add(&mut self, x: u64, y: u64) {
        let (x, y) = (u128::from(x), u128::from(y));
        self.merge(&Self { n: 1, x, y, xx: x * x, yy: y * y, xy: x * y });
    }

    /// Adds the pairs of another.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        let sums = [&mut self.x, &mut self.y, &mut self.xx, &mut self.yy, &mut self.xy];
        for (sum, part) in sums.into_iter().zip([other.x, other.y, other.xx, other.yy, other.xy]) {
            *sum = sum.saturating_add(part);
        }
    }

    /// What follows from the sums; zeros without pairs, variances zero with one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics")]
    pub fn moments(&self) -> Moments {
        if self.n == 0 {
            return Moments::default();
        }
        let count = u128::from(self.n);
        // n·Σab - Σa·Σb in integers where it fits: the difference of two nearly equal numbers.
        let spread = |ab: u128, a: u128, b: u128| {
            let exact = || Some(ab.checked_mul(count)?.checked_sub(a.checked_mul(b)?)? as f64);
            let (n, ab, a, b) = (self.n as f64, ab as f64, a as f64, b as f64);
            exact().unwrap_or(n * ab - a * b)
        };
        let n = self.n as f64;
        let degrees = (n * (n - 1.0)).max(1.0);
        Moments {
            n,
            mean_x: self.x as f64 / n,
            mean_y: self.y as f64 / n,
            var_x: (spread(self.xx, self.x, self.x) / degrees).max(0.0),
            var_y: (spread(self.yy, self.y, self.y) / degrees).max(0.0),
            cov: spread(self.xy, self.x, self.y) / degrees,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_pairs() {
        let mut pairs = Pairs::default();
        for (x, y) in [(1, 3), (2, 5), (3, 10)] {
            pairs.add(x, y);
        }
        let moments = pairs.moments();
        let expected = Moments { n: 3.0, mean_x: 2.0, mean_y: 6.0, var_x: 1.0, var_y: 13.0, cov: 3.5 };
        assert_eq!(moments, expected);
    }

    #[test]
    fn what_falls_with_the_other_has_a_negative_covariance() {
        let mut pairs = Pairs::default();
        [(1, 3), (2, 2), (3, 1)].into_iter().for_each(|(x, y)| pairs.add(x, y));
        assert!((pairs.moments().cov + 1.0).abs() < 1e-12);
        assert_eq!(Pairs::default().moments(), Moments::default());
    }
}
