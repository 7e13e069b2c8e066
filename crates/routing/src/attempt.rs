//! Calls of models and what follows from how they end: retry and fallback as a function.

use std::time::Duration;

use crate::backoff::backoff;
use crate::{ModelId, NanoUsd, Usage};

/// One call of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The model called.
    pub model: ModelId,
    /// How it ended. Written as [`Outcome::Abandoned`] before the call and corrected after, so that a client that
    /// leaves early leaves a trace.
    pub outcome: Outcome,
    /// From the call to its first useful event (or whole answer), microseconds.
    pub first_token_us: Option<u64>,
    /// From the call to its end, microseconds.
    pub total_us: u64,
    /// Its tokens.
    pub usage: Usage,
    /// Its cost.
    pub cost: NanoUsd,
}

impl Attempt {
    /// A call about to be made.
    #[must_use]
    pub fn begun(model: ModelId) -> Self {
        let (usage, cost) = (Usage::default(), NanoUsd::ZERO);
        Self { model, outcome: Outcome::Abandoned, first_token_us: None, total_us: 0, usage, cost }
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a whole answer.
    Answered,
    /// With an HTTP error, as the head of the answer or as the first event of a stream.
    Refused {
        /// The upstream's status.
        status: u16,
        /// What its `Retry-After` said.
        retry_after: Option<Duration>,
        /// What kind of refusal it is.
        fault: Fault,
    },
    /// No connection, or it was reset before the head of an answer.
    Unreachable,
    /// No first token in time, or no head of an answer.
    TimedOut,
    /// The time that the whole request may take was over before the model's own was: the model is not to blame.
    OutOfTime,
    /// An answer that is none: not JSON, or empty.
    Nonsense,
    /// Cut or silent after the first useful event went to the client: nothing can replace it.
    Broken,
    /// The client left, or the process stopped, before it ended.
    Abandoned,
}

/// Whose fault a refusal is, which decides what may be tried next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The upstream's: 5xx. Trying again makes sense.
    Upstream,
    /// Ours: the provider does not accept our credential (401, 403). Another provider may.
    Credential,
    /// The caller's rate is too high for this model (429).
    RateLimited,
    /// The conversation is longer than the model's context.
    ContextLength,
    /// The caller's: content policy and every other 4xx. No other model is asked.
    Caller,
}

impl Outcome {
    /// Whether the model is to blame: what its breaker counts.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Unreachable | Self::TimedOut | Self::Nonsense | Self::Broken => true,
            Self::Refused { fault, .. } => matches!(fault, Fault::Upstream),
            Self::Answered | Self::OutOfTime | Self::Abandoned => false,
        }
    }

    /// The word of this outcome in the ledger, the log and the metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused { fault: Fault::Upstream, .. } => "upstream_error",
            Self::Refused { fault: Fault::Credential, .. } => "credential",
            Self::Refused { fault: Fault::RateLimited, .. } => "rate_limited",
            Self::Refused { fault: Fault::ContextLength, .. } => "context_length",
            Self::Refused { fault: Fault::Caller, .. } => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::OutOfTime => "out_of_time",
            Self::Nonsense => "nonsense",
            Self::Broken => "interrupted",
            Self::Abandoned => "abandoned",
        }
    }
}

/// What bounds the attempts of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Further calls of the same model after a failure that may pass, before the next of the chain.
    pub retries: u32,
    /// The longest `Retry-After` that is waited for instead of going on to the next model.
    pub patience: Duration,
    /// What is left of the request's total time.
    pub time_left: Duration,
}

/// What to do after an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Call the same model again after a pause.
    Again(Duration),
    /// Go on to the next model of the chain; only to one with a larger context where `larger_context` is set.
    Onward {
        /// The context this model had was too small.
        larger_context: bool,
    },
    /// Nothing may replace this outcome: it is the client's answer.
    Stop,
}

/// What follows from the attempts so far, of which the last one has just failed before anything was sent to the
/// client. `seed` spreads the pauses of different requests; any number does.
#[must_use]
pub fn next(attempts: &[Attempt], policy: &Policy, seed: u64) -> Next {
    let Some(last) = attempts.last() else {
        return Next::Onward { larger_context: false };
    };
    let same = attempts.iter().rev().take_while(|attempt| attempt.model == last.model).count();
    let repeats = u32::try_from(same).unwrap_or(u32::MAX).saturating_sub(1);
    let onward = Next::Onward { larger_context: false };
    let again = |pause: Duration| {
        if pause < policy.time_left { Next::Again(pause) } else { onward }
    };
    match &last.outcome {
        Outcome::Answered | Outcome::Broken | Outcome::OutOfTime | Outcome::Abandoned => Next::Stop,
        Outcome::Unreachable | Outcome::Nonsense | Outcome::Refused { fault: Fault::Upstream, .. } => {
            if repeats < policy.retries { again(backoff(repeats, seed)) } else { onward }
        }
        Outcome::TimedOut | Outcome::Refused { fault: Fault::Credential, .. } => onward,
        Outcome::Refused { fault: Fault::RateLimited, retry_after, .. } => match retry_after {
            Some(pause) if repeats == 0 && *pause <= policy.patience => again(*pause),
            _ => onward,
        },
        Outcome::Refused { fault: Fault::ContextLength, .. } => Next::Onward { larger_context: true },
        Outcome::Refused { fault: Fault::Caller, .. } => Next::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { retries: 1, patience: Duration::from_secs(2), time_left: Duration::from_secs(60) };
    const ONWARD: Next = Next::Onward { larger_context: false };

    fn refused(status: u16, fault: Fault, retry_after: Option<u64>) -> Outcome {
        Outcome::Refused { status, retry_after: retry_after.map(Duration::from_secs), fault }
    }

    fn check(outcomes: &[(u16, Outcome)], policy: &Policy, expected: fn(Next) -> bool) {
        let attempts: Vec<_> = outcomes
            .iter()
            .map(|(model, outcome)| Attempt { outcome: outcome.clone(), ..Attempt::begun(ModelId(*model)) })
            .collect();
        let next = next(&attempts, policy, 7);
        assert!(expected(next), "{outcomes:?} gave {next:?}");
    }

    #[test]
    fn failures_that_may_pass_are_retried_once_and_then_the_next_model_is_called() {
        for outcome in [Outcome::Unreachable, Outcome::Nonsense, refused(503, Fault::Upstream, None)] {
            check(&[(0, outcome.clone())], &POLICY, |next| matches!(next, Next::Again(_)));
            check(&[(0, outcome.clone()), (0, outcome.clone())], &POLICY, |next| next == ONWARD);
            check(&[(0, outcome.clone()), (0, outcome.clone()), (1, outcome)], &POLICY, |next| {
                matches!(next, Next::Again(_))
            });
        }
    }

    #[test]
    fn a_silent_model_is_never_called_again() {
        check(&[(0, Outcome::TimedOut)], &POLICY, |next| next == ONWARD);
    }

    #[test]
    fn a_rate_limit_is_waited_for_once_if_it_is_short() {
        let limited = |seconds| refused(429, Fault::RateLimited, Some(seconds));
        check(&[(0, limited(1))], &POLICY, |next| next == Next::Again(Duration::from_secs(1)));
        check(&[(0, limited(1)), (0, limited(1))], &POLICY, |next| next == ONWARD);
        check(&[(0, limited(3))], &POLICY, |next| next == ONWARD);
        check(&[(0, refused(429, Fault::RateLimited, None))], &POLICY, |next| next == ONWARD);
        let hurried = Policy { time_left: Duration::from_millis(500), ..POLICY };
        check(&[(0, limited(1))], &hurried, |next| next == ONWARD);
    }

    #[test]
    fn what_the_caller_did_wrong_stops() {
        check(&[(0, refused(422, Fault::Caller, None))], &POLICY, |next| next == Next::Stop);
        check(&[(0, refused(400, Fault::ContextLength, None))], &POLICY, |next| {
            next == Next::Onward { larger_context: true }
        });
        check(&[(0, refused(401, Fault::Credential, None))], &POLICY, |next| next == ONWARD);
    }

    #[test]
    fn nothing_follows_after_bytes_went_out() {
        check(&[(0, Outcome::Broken)], &POLICY, |next| next == Next::Stop);
        check(&[(0, Outcome::Abandoned)], &POLICY, |next| next == Next::Stop);
        check(&[(0, Outcome::OutOfTime)], &POLICY, |next| next == Next::Stop);
    }
}
