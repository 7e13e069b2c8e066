//! Sums over rows of the ledger that add up: those of two sets of rows, merged, are those of all their rows together.
//!
//! A report over a million requests adds a few thousand of these instead of reading the rows.

mod histogram;
mod pairs;

pub use histogram::Histogram;
pub use pairs::{Moments, Pairs};

use serde::{Deserialize, Serialize};

use crate::record::{Costing, Speculation, Tokens};
use crate::{NanoUsd, Outcome, Record, Usage};

/// What a tally takes of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fact {
    /// The HTTP status the client got.
    pub status: u16,
    /// Whether it ended in an error, be it in the midst of a stream whose status had left as 200.
    pub error: bool,
    /// Whether another than the chain's first model answered.
    pub fallback: bool,
    /// Calls that were made.
    pub attempts: u64,
    /// How sure the classifier was.
    pub confidence: Option<f32>,
    /// Tokens of all attempts.
    pub usage: Usage,
    /// How they are known.
    pub tokens: Tokens,
    /// Cost of all attempts.
    pub cost: NanoUsd,
    /// Of it, that of attempts which did not answer.
    pub failed_cost: NanoUsd,
    /// How the cost is known.
    pub costing: Costing,
    /// Cost of the model that was asked for the category; not in `cost`.
    pub classifier_cost: NanoUsd,
    /// What the same tokens cost at the baseline's price.
    pub baseline_cost: Option<NanoUsd>,
    /// To find a category and a chain, microseconds.
    pub decision_us: u64,
    /// To the first useful byte, microseconds.
    pub first_token_us: Option<u64>,
    /// To the end, microseconds.
    pub total_us: u64,
    /// Within this process until the first byte, microseconds.
    pub overhead_us: u64,
    /// Whether the caller marked it as one that nobody waits for.
    pub batch: bool,
    /// What became of an answer that was begun while a judge judged.
    pub speculation: Option<Speculation>,
}

impl Fact {
    /// Whether the client got its whole answer.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.status < 400 && !self.error
    }
}

impl From<&Record> for Fact {
    fn from(record: &Record) -> Self {
        let failed = record.attempts.iter().filter(|row| row.attempt.outcome != Outcome::Answered);
        Self {
            status: record.status,
            error: record.error.is_some(),
            fallback: record.fallback,
            attempts: record.attempts.len() as u64,
            confidence: record.confidence,
            usage: record.usage,
            tokens: record.tokens,
            cost: record.cost,
            failed_cost: failed.map(|row| row.attempt.cost).sum(),
            costing: record.costing,
            classifier_cost: record.classifier.as_ref().map_or(NanoUsd::ZERO, |judge| judge.cost),
            baseline_cost: record.baseline_cost,
            decision_us: record.decision_us,
            first_token_us: record.first_token_us,
            total_us: record.total_us,
            overhead_us: record.overhead_us,
            batch: record.metadata.as_deref().is_some_and(marks_batch),
            speculation: record.speculation,
        }
    }
}

/// Whether metadata (JSON) has `"batch": true` or `"batch": "true"`: nobody waits for the answer.
///
/// A search instead of a parser, because this crate knows no JSON; a value that quotes the mark is taken for it.
#[must_use]
pub fn marks_batch(metadata: &str) -> bool {
    metadata.match_indices("\"batch\"").any(|(at, key)| {
        let behind = metadata.get(at + key.len()..).unwrap_or_default().trim_start();
        let value = behind.strip_prefix(':').unwrap_or_default().trim_start();
        value.starts_with("true") || value.starts_with("\"true\"")
    })
}

/// How sure the classifier was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Confidence below 0.6.
    Unsure,
    /// Confidence from 0.6, below 0.85.
    Middling,
    /// Confidence from 0.85, or none because no classifier was asked.
    Sure,
}

impl Band {
    /// Every band, from the least sure.
    pub const ALL: [Self; 3] = [Self::Unsure, Self::Middling, Self::Sure];

    /// The band of a confidence.
    #[must_use]
    pub fn of(confidence: Option<f32>) -> Self {
        match confidence {
            Some(confidence) if confidence < 0.6 => Self::Unsure,
            Some(confidence) if confidence < 0.85 => Self::Middling,
            _ => Self::Sure,
        }
    }
}

/// The sums. Times are microseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Requests.
    pub requests: u64,
    /// Requests whose client got its whole answer; times and speeds are of these.
    pub answered: u64,
    /// Requests whose client left before the end.
    pub left: u64,
    /// Requests that another than the chain's first model answered.
    pub fallbacks: u64,
    /// Calls that were made.
    pub attempts: u64,
    /// Requests that the caller marked as batch.
    pub batch: u64,
    /// Requests by how sure the classifier was, in the order of [`Band::ALL`].
    pub bands: [u64; 3],
    /// Input tokens, cached ones included.
    pub input: u64,
    /// Of them, served from a provider's cache.
    pub cached: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
    /// Of them, spent on reasoning.
    pub reasoning: u64,
    /// Requests whose tokens are estimated.
    pub estimated: u64,
    /// Requests whose cost is not known because a model has no price.
    pub unpriced: u64,
    /// Cost of all attempts, nano-dollars.
    pub cost: u64,
    /// Of it, that of attempts which did not answer.
    pub failed_cost: u64,
    /// Cost of models that were asked for categories.
    pub classifier_cost: u64,
    /// Of the requests that have a price both ways: (what they cost, the classifier's model included; what the same
    /// tokens cost at the baseline's price), nano-dollars.
    pub costs: Pairs,
    /// Of answered requests: (output tokens, total time in microseconds).
    pub speed: Pairs,
    /// To find categories and chains.
    pub decision: Histogram,
    /// To the first useful byte, of answered requests.
    pub first_token: Histogram,
    /// To the end, of answered requests.
    pub total: Histogram,
    /// Within this process until the first byte, summed.
    pub overhead: u64,
    /// Answers begun while a judge judged and kept.
    pub speculations_kept: u64,
    /// Answers begun while a judge judged and cancelled.
    pub speculations_cancelled: u64,
}

impl Tally {
    /// Adds a request.
    pub fn add(&mut self, fact: &Fact) {
        self.requests += 1;
        self.left += u64::from(fact.status == 499);
        self.fallbacks += u64::from(fact.fallback);
        self.attempts += fact.attempts;
        self.batch += u64::from(fact.batch);
        let band = Band::of(fact.confidence);
        for (count, known) in self.bands.iter_mut().zip(Band::ALL) {
            *count += u64::from(known == band);
        }
        let usage = fact.usage;
        let sums = [&mut self.input, &mut self.cached, &mut self.output, &mut self.reasoning];
        for (sum, tokens) in sums.into_iter().zip([usage.input, usage.cached, usage.output, usage.reasoning]) {
            *sum = sum.saturating_add(tokens);
        }
        self.estimated += u64::from(fact.tokens == Tokens::Estimated);
        self.unpriced += u64::from(fact.costing == Costing::Unpriced);
        let sums = [&mut self.cost, &mut self.failed_cost, &mut self.classifier_cost, &mut self.overhead];
        let parts = [fact.cost.0, fact.failed_cost.0, fact.classifier_cost.0, fact.overhead_us];
        for (sum, part) in sums.into_iter().zip(parts) {
            *sum = sum.saturating_add(part);
        }
        if let (Some(baseline), true) = (fact.baseline_cost, fact.costing != Costing::Unpriced) {
            self.costs.add((fact.cost + fact.classifier_cost).0, baseline.0);
        }
        self.decision.add(fact.decision_us);
        if fact.answered() {
            self.answered += 1;
            self.speed.add(usage.output, fact.total_us);
            self.total.add(fact.total_us);
            if let Some(first_token_us) = fact.first_token_us {
                self.first_token.add(first_token_us);
            }
        }
        self.speculations_kept += u64::from(fact.speculation == Some(Speculation::Kept));
        self.speculations_cancelled += u64::from(fact.speculation == Some(Speculation::Cancelled));
    }

    /// Adds the requests of another tally.
    pub fn merge(&mut self, other: &Self) {
        for (sum, part) in self.sums().into_iter().zip(other.clone().sums()) {
            *sum = sum.saturating_add(*part);
        }
        self.costs.merge(&other.costs);
        self.speed.merge(&other.speed);
        self.decision.merge(&other.decision);
        self.first_token.merge(&other.first_token);
        self.total.merge(&other.total);
    }

    /// Requests that ended in an error; one whose client left is none.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.requests.saturating_sub(self.answered + self.left)
    }

    fn sums(&mut self) -> [&mut u64; 21] {
        let [unsure, middling, sure] = &mut self.bands;
        [
            &mut self.requests,
            &mut self.answered,
            &mut self.left,
            &mut self.fallbacks,
            &mut self.attempts,
            &mut self.batch,
            unsure,
            middling,
            sure,
            &mut self.input,
            &mut self.cached,
            &mut self.output,
            &mut self.reasoning,
            &mut self.estimated,
            &mut self.unpriced,
            &mut self.cost,
            &mut self.failed_cost,
            &mut self.classifier_cost,
            &mut self.overhead,
            &mut self.speculations_kept,
            &mut self.speculations_cancelled,
        ]
    }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
