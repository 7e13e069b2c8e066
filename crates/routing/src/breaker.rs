//! Keeping away from models that fail: the circuit breaker and cool-downs.

use std::time::Duration;

use crate::{Fault, Moment, Outcome};

/// Calls older than this no longer count.
const WINDOW: Duration = Duration::from_secs(30);
/// So many failures in a row, or among fewer than [`MANY`] calls, open the breaker.
const FAILURES: u32 = 5;
/// From so many calls on, half of them must have failed.
const MANY: u32 = 10;
/// How often an open breaker lets one call through.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// How long a model rests after a 429 that does not say.
const RATE_LIMIT_REST: Duration = Duration::from_secs(5);
/// How long a model rests whose provider refuses our credential.
const CREDENTIAL_REST: Duration = Duration::from_secs(30);
/// No provider may send a model away for longer.
const LONGEST_REST: Duration = Duration::from_secs(600);
/// The window's resolution.
const BUCKETS: usize = 30;

/// How a model has been doing: a value that is asked before a call and told after it.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    /// Calls and failures of each second of the window, in a ring.
    buckets: [Bucket; BUCKETS],
    /// Failures since the last success, and when the first of them was.
    streak: u32,
    streak_began: Moment,
    /// Set while open: when the next probe may go.
    next_probe: Option<Moment>,
    /// Set while cooling down.
    rests_until: Option<Moment>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    second: u64,
    calls: u32,
    failures: u32,
}

/// Why a model is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooling {
    /// When it may be called again, as far as is known.
    pub retry_in: Duration,
}

impl Breaker {
    /// Whether a call may be made now. An open breaker admits one probe and then none for five seconds, so ask only
    /// when the call will be made.
    ///
    /// # Errors
    /// How long to stay away.
    pub fn admits(&mut self, now: Moment) -> Result<(), Cooling> {
        self.available(now)?;
        if let Some(probe) = &mut self.next_probe {
            *probe = now + PROBE_EVERY;
        }
        Ok(())
    }

    /// Whether a call could be made now, without making it.
    ///
    /// # Errors
    /// How long to stay away.
    pub fn available(&self, now: Moment) -> Result<(), Cooling> {
        match self.rests_until.max(self.next_probe) {
            Some(until) if until > now => Err(Cooling { retry_in: until - now }),
            _ => Ok(()),
        }
    }

    /// Whether the breaker is open: for the metrics and the log.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.next_probe.is_some()
    }

    /// Takes note of how a call ended.
    pub fn after(&mut self, outcome: &Outcome, now: Moment) {
        match outcome {
            Outcome::Refused { fault: Fault::RateLimited, retry_after, .. } => {
                self.rest(now, retry_after.unwrap_or(RATE_LIMIT_REST));
            }
            Outcome::Refused { fault: Fault::Credential, retry_after, .. } => {
                self.rest(now, retry_after.unwrap_or(CREDENTIAL_REST));
            }
            Outcome::OutOfTime | Outcome::Abandoned => {}
            Outcome::Answered | Outcome::Refused { fault: Fault::ContextLength | Fault::Caller, .. } => {
                self.succeeded(now);
            }
            Outcome::Refused { fault: Fault::Upstream, .. }
            | Outcome::Unreachable
            | Outcome::TimedOut
            | Outcome::Nonsense
            | Outcome::Broken => self.failed(now),
        }
    }

    fn rest(&mut self, now: Moment, pause: Duration) {
        self.rests_until = self.rests_until.max(Some(now + pause.min(LONGEST_REST)));
    }

    fn succeeded(&mut self, now: Moment) {
        if self.next_probe.take().is_some() {
            // What happened before the recovery says nothing about the model after it.
            self.buckets = Default::default();
        }
        self.streak = 0;
        self.bucket(now).calls += 1;
    }

    fn failed(&mut self, now: Moment) {
        if self.streak == 0 || now.saturating_sub(self.streak_began) > WINDOW {
            (self.streak, self.streak_began) = (0, now);
        }
        self.streak = self.streak.saturating_add(1);
        let bucket = self.bucket(now);
        bucket.calls += 1;
        bucket.failures += 1;
        let (calls, failures) = self.recent(now);
        let failing = if calls < MANY { failures >= FAILURES } else { failures * 2 >= calls };
        if failing || self.streak >= FAILURES || self.next_probe.is_some() {
            self.next_probe = Some(now + PROBE_EVERY);
        }
    }

    fn bucket(&mut self, now: Moment) -> &mut Bucket {
        let second = now.as_secs();
        let position = usize::try_from(second).unwrap_or(0) % BUCKETS;
        #[expect(clippy::indexing_slicing, reason = "the position is a remainder of the length")]
        let bucket = &mut self.buckets[position];
        if bucket.second != second {
            *bucket = Bucket { second, ..Bucket::default() };
        }
        bucket
    }

    /// Calls and failures within the window.
    fn recent(&self, now: Moment) -> (u32, u32) {
        let oldest = now.as_secs().saturating_sub(BUCKETS as u64 - 1);
        let recent = self.buckets.iter().filter(|bucket| bucket.second >= oldest);
        recent.fold((0, 0), |(calls, failures), bucket| {
            (calls.saturating_add(bucket.calls), failures.saturating_add(bucket.failures))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAIL: Outcome = Outcome::Unreachable;
    const GOOD: Outcome = Outcome::Answered;

    fn at(milliseconds: u64) -> Moment {
        Duration::from_millis(milliseconds)
    }

    /// A breaker after outcomes at the given milliseconds.
    fn after(outcomes: impl IntoIterator<Item = (u64, Outcome)>) -> Breaker {
        let mut breaker = Breaker::default();
        for (when, outcome) in outcomes {
            breaker.after(&outcome, at(when));
        }
        breaker
    }

    #[test]
    fn five_failures_open_it_and_four_do_not() {
        assert!(!after((0..4).map(|n| (n * 100, FAIL))).is_open());
        assert!(after((0..5).map(|n| (n * 100, FAIL))).is_open());
    }

    #[test]
    fn failures_spread_over_more_than_the_window_do_not_open_it() {
        assert!(!after((0..20).map(|n| (n * 8_000, FAIL))).is_open());
    }

    #[test]
    fn a_busy_model_opens_at_half() {
        let mixed = |bad: u64| (0..40).map(move |n| (n * 10, if n % 10 < bad { FAIL } else { GOOD }));
        assert!(!after(mixed(3)).is_open());
        assert!(after((0..40).map(|n| (n * 10, if n % 2 == 1 { FAIL } else { GOOD }))).is_open());
    }

    #[test]
    fn an_open_breaker_admits_one_probe_every_five_seconds_and_closes_on_success() {
        let mut breaker = after((0..5).map(|_| (0, FAIL)));
        assert_eq!(breaker.admits(at(1_000)), Err(Cooling { retry_in: at(4_000) }));
        assert_eq!(breaker.admits(at(5_000)), Ok(()));
        assert_eq!(breaker.admits(at(5_001)), Err(Cooling { retry_in: at(4_999) }));
        breaker.after(&FAIL, at(5_500));
        assert!(breaker.admits(at(10_400)).is_err());
        assert_eq!(breaker.admits(at(10_500)), Ok(()));
        breaker.after(&GOOD, at(10_600));
        assert!(!breaker.is_open());
        assert_eq!(breaker.admits(at(10_601)), Ok(()));
        breaker.after(&FAIL, at(10_700));
        assert!(!breaker.is_open(), "the failures before the recovery count no more");
    }

    #[test]
    fn a_rate_limit_rests_the_model_for_as_long_as_it_says() {
        let limited = |seconds| Outcome::Refused {
            status: 429,
            retry_after: Some(Duration::from_secs(seconds)),
            fault: Fault::RateLimited,
        };
        let mut breaker = after([(0, limited(7))]);
        assert_eq!(breaker.admits(at(6_000)), Err(Cooling { retry_in: at(1_000) }));
        assert_eq!(breaker.admits(at(7_000)), Ok(()));
        assert!(!breaker.is_open());
        let breaker = after([(0, limited(1_000_000))]);
        assert_eq!(breaker.available(at(0)), Err(Cooling { retry_in: LONGEST_REST }));
    }

    #[test]
    fn a_caller_that_leaves_says_nothing_about_the_model() {
        for outcome in [Outcome::Abandoned, Outcome::OutOfTime] {
            assert!(!after((0..20).map(|n| (n, outcome.clone()))).is_open());
        }
    }
}
