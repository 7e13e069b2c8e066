//! How long a model takes for an answer of so many tokens, by what was measured of it or by its profile.

use routing::Profile;
use routing::tally::{Moments, Pairs};
use serde::Serialize;

use crate::share::count;

/// The fewest measured requests that count for more than a profile.
pub const ENOUGH: u64 = 30;
/// Output tokens that vary less than this share of their mean tell nothing of the time a token takes.
const VARIED: f64 = 0.1;

/// What is known of a model's speed: time is `at_mean` + `per_token` × (output tokens - `mean_tokens`), microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// The time of an answer of `mean_tokens`, microseconds.
    pub at_mean: f64,
    /// Output tokens of a usual answer.
    pub mean_tokens: f64,
    /// What one more token takes, microseconds.
    pub per_token: f64,
    /// The standard error of that; 0 where it is not measured.
    pub per_token_error: f64,
    /// How it is known.
    pub source: Source,
}

/// How a model's speed is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Source {
    /// By a line through its own requests.
    Line {
        /// How many.
        requests: u64,
    },
    /// By the mean of its own requests, whose answers were about equally long; other lengths by the profile's speed.
    MeanAndProfile {
        /// How many.
        requests: u64,
    },
    /// By the mean of its own requests, because it has no profile to say what other lengths take.
    Mean {
        /// How many.
        requests: u64,
    },
    /// By its profile: it has too few requests of its own.
    Profile,
}

impl Speed {
    /// What is known: from pairs of (output tokens, microseconds) where there are [`ENOUGH`], else from the profile.
    #[must_use]
    pub fn of(measured: &Pairs, profile: Option<&Profile>) -> Option<Self> {
        let requests = measured.n;
        let profile = profile.map(promised);
        if requests < ENOUGH {
            let (at_mean, per_token) = profile?;
            return Some(Self { at_mean, mean_tokens: 0.0, per_token, per_token_error: 0.0, source: Source::Profile });
        }
        let moments = measured.moments();
        let (at_mean, mean_tokens) = (moments.mean_y, moments.mean_x);
        let flat = |per_token, source| Self { at_mean, mean_tokens, per_token, per_token_error: 0.0, source };
        Some(match (line(&moments), profile) {
            (Some((per_token, per_token_error)), _) => {
                Self { at_mean, mean_tokens, per_token, per_token_error, source: Source::Line { requests } }
            }
            (None, Some((_, per_token))) => flat(per_token, Source::MeanAndProfile { requests }),
            (None, None) => flat(0.0, Source::Mean { requests }),
        })
    }

    /// The time of an answer of so many tokens, microseconds.
    #[must_use]
    pub fn of_tokens(&self, tokens: f64) -> f64 {
        (self.at_mean + self.per_token * (tokens - self.mean_tokens)).max(0.0)
    }
}

/// What a profile says: the time to the first token and for each token after it, microseconds.
pub(crate) fn promised(profile: &Profile) -> (f64, f64) {
    (profile.first_token.as_secs_f64() * 1e6, 1e6 / profile.tokens_per_second)
}

/// What one more output token takes by the least-squares line through (output tokens, microseconds), and the standard error
/// of it; `None` where tokens hardly vary, or more of them do not take more time.
pub(crate) fn line(moments: &Moments) -> Option<(f64, f64)> {
    let Moments { n, mean_x, var_x, var_y, cov, .. } = *moments;
    let slope = cov / var_x;
    let residual = (var_y - cov * slope).max(0.0) * (n - 1.0) / (n - 2.0);
    (var_x.sqrt() >= VARIED * mean_x && slope > 0.0).then(|| (slope, (residual / (var_x * (n - 1.0))).sqrt()))
}

impl Source {
    /// In words, behind "its time is reckoned ".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Line { requests } => format!("by a line through {requests} of its own requests"),
            Self::MeanAndProfile { requests } => {
                format!("by the mean of {requests} of its own requests, and its profile for other lengths")
            }
            Self::Mean { requests } => format!(
                "by the mean of {requests} of its own requests, of about equal length (a `profile` would tell others)"
            ),
            Self::Profile => format!("by its profile, as it has fewer than {ENOUGH} requests of its own"),
        }
    }
}

/// Pairs less some of them.
#[must_use]
pub(crate) fn without(all: &Pairs, some: &Pairs) -> Pairs {
    Pairs {
        n: all.n.saturating_sub(some.n),
        x: all.x.saturating_sub(some.x),
        y: all.y.saturating_sub(some.y),
        xx: all.xx.saturating_sub(some.xx),
        yy: all.yy.saturating_sub(some.yy),
        xy: all.xy.saturating_sub(some.xy),
    }
}

/// The mean of a sum; 0 of nothing.
pub(crate) fn mean_of(sum: u128, n: u64) -> f64 {
    if n == 0 { 0.0 } else { wide(sum) / count(n) }
}

/// A sum as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "statistics")]
pub(crate) fn wide(sum: u128) -> f64 {
    sum as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const PROFILE: Profile =
        Profile { first_token: Duration::from_millis(500), tokens_per_second: 50.0, concurrent: None };

    fn pairs(all: impl IntoIterator<Item = (u64, u64)>) -> Pairs {
        let mut pairs = Pairs::default();
        all.into_iter().for_each(|(x, y)| pairs.add(x, y));
        pairs
    }

    fn check(measured: &Pairs, profile: Option<&Profile>, tokens: f64, expected: Option<(f64, Source)>) {
        let speed = Speed::of(measured, profile);
        let said = speed.map(|speed| (speed.of_tokens(tokens).round(), speed.source));
        assert_eq!(said, expected);
    }

    #[test]
    fn a_line_a_mean_a_profile_or_nothing() {
        let line = pairs((1..=40).map(|tokens| (tokens * 10, 300_000 + tokens * 10 * 5_000)));
        check(&line, Some(&PROFILE), 1_000.0, Some((5_300_000.0, Source::Line { requests: 40 })));
        let alike = pairs((0..30).map(|_| (200, 2_000_000)));
        check(&alike, Some(&PROFILE), 300.0, Some((4_000_000.0, Source::MeanAndProfile { requests: 30 })));
        check(&alike, None, 300.0, Some((2_000_000.0, Source::Mean { requests: 30 })));
        let few = pairs((0..29).map(|_| (200, 2_000_000)));
        check(&few, Some(&PROFILE), 100.0, Some((2_500_000.0, Source::Profile)));
        check(&few, None, 100.0, None);
    }

    #[test]
    fn a_line_that_falls_is_not_believed() {
        let falling = pairs((1..=40).map(|tokens| (tokens * 10, 900_000 - tokens * 1_000)));
        assert_eq!(Speed::of(&falling, None).map(|speed| speed.source), Some(Source::Mean { requests: 40 }));
    }
}
