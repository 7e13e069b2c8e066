//! Intervals for what is saved, from sums.
//!
//! A bootstrap resamples the rows and looks at how a ratio of means varies. What it varies by is the joint distribution of
//! the means, which for independent rows is normal with the rows' variances and covariance over n, up to terms of order
//! 1/n (the central limit theorem; Efron and Tibshirani, 1993, 6.5, call drawing from it the parametric bootstrap). So
//! means are drawn from that instead of rows: a million rows take as long as a hundred, the rows need not be read, and
//! sums of an hour suffice. The interval is of the ratio's percentiles, so it is skewed where the ratio is.

use fastrand::Rng;
use routing::tally::{Moments, Pairs};

use crate::share::count;

/// Draws of an interval.
const DRAWS: usize = 2_000;
/// The fewest rows that an interval is given for: below it means are not nearly normal.
pub const FEWEST: u64 = 30;

/// An estimate with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its interval; `None` below [`FEWEST`] rows.
    pub ci95: Option<[f64; 2]>,
}

/// What the first of two costs is less than the second, as a share of that: of the means of pairs. `None` where there are
/// no pairs or the second is nothing.
#[must_use]
pub fn saved(pairs: &Pairs, seed: u64) -> Option<Estimate> {
    let moments = pairs.moments();
    if moments.mean_y <= 0.0 {
        return None;
    }
    let share = |x: f64, y: f64| 1.0 - x / y;
    let mut rng = Rng::with_seed(seed);
    let draw = |rng: &mut Rng| {
        let (x, y) = means(&moments, rng);
        share(x, y)
    };
    let ci95 = (pairs.n >= FEWEST).then(|| interval(draw, &mut rng)).flatten();
    Some(Estimate { value: share(moments.mean_x, moments.mean_y), ci95 })
}

/// The 95 % interval of a quantity that can be drawn; draws that are no number are left out.
pub fn interval(mut draw: impl FnMut(&mut Rng) -> f64, rng: &mut Rng) -> Option<[f64; 2]> {
    let mut draws: Vec<f64> = (0..DRAWS).map(|_| draw(rng)).filter(|value| value.is_finite()).collect();
    draws.sort_unstable_by(f64::total_cmp);
    let at = |share: usize| draws.get((draws.len() * share / 1_000).min(draws.len().saturating_sub(1))).copied();
    Some([at(25)?, at(975)?])
}

/// Means of x and y as another sample of as many rows might have them; those that there are where there are none.
#[must_use]
pub fn means(moments: &Moments, rng: &mut Rng) -> (f64, f64) {
    let Moments { n, mean_x, mean_y, var_x, var_y, cov } = *moments;
    if n <= 0.0 {
        return (mean_x, mean_y);
    }
    let (one, other) = (normal(rng), normal(rng));
    let sd_x = (var_x / n).sqrt();
    let along = if var_x > 0.0 { cov / var_x } else { 0.0 };
    let across = ((var_y - along * cov).max(0.0) / n).sqrt();
    (mean_x + sd_x * one, mean_y + along * sd_x * one + across * other)
}

/// A share as another sample of n rows might have it.
#[must_use]
pub fn share(part: u64, n: u64, rng: &mut Rng) -> f64 {
    let share = count(part) / count(n.max(1));
    (share + normal(rng) * (share * (1.0 - share) / count(n.max(1))).sqrt()).clamp(0.0, 1.0)
}

/// A standard normal number (Box and Muller, 1958).
#[must_use]
pub fn normal(rng: &mut Rng) -> f64 {
    // Above zero, so that its logarithm is a number.
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}

#[cfg(test)]
#[path = "bootstrap_tests.rs"]
mod tests;
