//! Shares of a whole with how sure they are.

use serde::Serialize;

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_964;

/// A share, 0 to 1, with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// The share.
    pub share: f64,
    /// Its 95 % score interval (Wilson, 1927), which stays within 0 to 1 and is honest about few rows.
    pub ci95: [f64; 2],
}

impl Share {
    /// The share of `part` in `n` rows of a plain sample; `None`: there are no rows.
    #[must_use]
    pub fn of(part: u64, n: u64) -> Option<Self> {
        Self::estimated(count(part) / count(n), count(n))
    }

    /// A share that was estimated otherwise, as sure as one of so many rows of a plain sample, which need not be a whole
    /// number; `None`: no rows.
    #[must_use]
    pub fn estimated(share: f64, rows: f64) -> Option<Self> {
        if rows.is_nan() || rows <= 0.0 {
            return None;
        }
        let middle = (share + Z * Z / (2.0 * rows)) / (1.0 + Z * Z / rows);
        let half = Z / (1.0 + Z * Z / rows) * (share * (1.0 - share) / rows + Z * Z / (4.0 * rows * rows)).sqrt();
        Some(Self { share, ci95: [(middle - half).max(0.0), (middle + half).min(1.0)] })
    }
}

/// Rows as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
pub(crate) fn count(rows: u64) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        let check = |part: u64, n: u64, expected: [f64; 2]| {
            let ci95 = Share::of(part, n).unwrap().ci95;
            let near = ci95.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 5e-4);
            assert!(near, "{part} of {n}: {ci95:?}");
        };
        // The third is an example of Newcombe's (1998); the others were reckoned by hand.
        check(0, 10, [0.0, 0.2775]);
        check(10, 10, [0.7225, 1.0]);
        check(81, 263, [0.2553, 0.3662]);
        check(1, 2, [0.0945, 0.9055]);
        assert_eq!(Share::of(0, 0), None);
    }
}
