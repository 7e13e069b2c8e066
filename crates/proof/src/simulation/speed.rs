//! How fast a model answers: a time to the first token, and a time for each token after it.

use routing::{Profile, Tally};
use serde::Serialize;

use crate::speed::{ENOUGH, line, promised};

/// The speed of a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// To the first token, microseconds.
    pub first_token_us: f64,
    /// For each output token, microseconds.
    pub token_us: f64,
    /// How it is known.
    pub known: Known,
}

/// How a speed is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// From at least thirty answers in the ledger.
    Measured,
    /// From the configuration.
    Profile,
    /// Given for this simulation.
    Given,
}

impl Speed {
    /// The speed that a profile says.
    #[must_use]
    pub fn of(profile: &Profile, known: Known) -> Self {
        let (first_token_us, token_us) = promised(profile);
        Self { first_token_us, token_us, known }
    }

    /// The speed of the answers in a tally, without what decisions took; `None`: there are too few.
    ///
    /// By the line of a report, [`crate::speed`]. Where tokens hardly vary or the line is no
    /// speed, the mean times to the first token and from there.
    #[must_use]
    pub fn measured(tally: &Tally) -> Option<Self> {
        if tally.speed.n < ENOUGH {
            return None;
        }
        let moments = tally.speed.moments();
        let deciding = tally.decision.mean().unwrap_or(0.0).min(moments.mean_y);
        let speed = |first_token_us: f64, token_us| Self { first_token_us, token_us, known: Known::Measured };
        // A line that says that the first token comes before the request is no speed.
        let by_line = line(&moments).map(|(slope, _)| (moments.mean_y - deciding - slope * moments.mean_x, slope));
        if let Some((first, slope)) = by_line.filter(|(first, _)| *first >= 0.0) {
            return Some(speed(first, slope));
        }
        let first = match tally.first_token.mean() {
            Some(first) if tally.first_token.count() * 2 >= tally.speed.n => (first - deciding).max(0.0),
            _ => 0.0,
        };
        let rest = (moments.mean_y - deciding - first).max(0.0);
        let tokens = moments.mean_x;
        Some(if tokens > 0.0 { speed(first, rest / tokens) } else { speed(first + rest, 0.0) })
    }

    /// How long an answer of so many tokens takes, microseconds.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times of answers; the cast saturates"
    )]
    pub fn answer_us(&self, tokens: u64) -> u64 {
        (self.first_token_us + self.token_us * tokens as f64).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn tally(answers: impl IntoIterator<Item = (u64, Option<u64>, u64)>) -> Tally {
        let mut tally = Tally::default();
        for (tokens, first, total) in answers {
            tally.answered += 1;
            tally.speed.add(tokens, total);
            tally.total.add(total);
            tally.decision.add(50);
            first.into_iter().for_each(|first| tally.first_token.add(first));
        }
        tally
    }

    fn check(tally: &Tally, first_token_us: f64, token_us: f64) {
        let speed = Speed::measured(tally).unwrap();
        let near = |is: f64, wanted: f64| (is - wanted).abs() <= 0.01 * wanted.max(1.0);
        assert!(near(speed.first_token_us, first_token_us) && near(speed.token_us, token_us), "{speed:?}");
    }

    #[test]
    fn profiles_take_the_guides_times() {
        let first_token = Duration::from_millis(200);
        let profile = Profile { first_token, tokens_per_second: 200.0, concurrent: None };
        assert_eq!(Speed::of(&profile, Known::Profile).answer_us(200), 1_200_000);
    }

    #[test]
    fn a_line_through_answers_of_different_lengths_is_their_speed() {
        check(&tally((0..100).map(|n| (n, None, 200_050 + 5_000 * n))), 200_000.0, 5_000.0);
    }

    #[test]
    fn answers_of_one_length_are_parted_at_their_first_token() {
        check(&tally((0..30).map(|_| (100, Some(300_050), 800_050))), 300_000.0, 5_000.0);
        check(&tally((0..30).map(|_| (100, None, 800_050))), 0.0, 8_000.0);
        check(&tally((0..30).map(|_| (0, None, 800_050))), 800_000.0, 0.0);
    }

    #[test]
    fn a_line_that_falls_is_no_speed() {
        check(&tally((0..100).map(|n| (100 + n, Some(50), 1_000_050 - 1_000 * n))), 0.0, 950_500.0 / 149.5);
    }

    #[test]
    fn a_measured_line_is_the_one_of_a_report() {
        let tally = tally((0..100).map(|n| (50 + n * 3, None, 200_050 + 5_000 * n + n * n % 7 * 10_000)));
        let report = crate::speed::Speed::of(&tally.speed, None).unwrap();
        let simulated = Speed::measured(&tally).unwrap();
        assert!((simulated.token_us - report.per_token).abs() < 1e-6, "{simulated:?} {report:?}");
        // A report's line is of the whole time, from which 50 microseconds of deciding are taken.
        let whole = simulated.first_token_us + simulated.token_us * 100.0 + 50.0;
        assert!((whole - report.of_tokens(100.0)).abs() < 1e-3, "{simulated:?} {report:?}");
    }

    #[test]
    fn a_few_answers_are_no_measure() {
        assert_eq!(Speed::measured(&tally((0..29).map(|n| (n, None, n)))), None);
    }
}
