//! A row of the ledger, without the text: what the gateway writes and what report and simulation read.

use crate::{Attempt, DecidedBy, NanoUsd, Usage};

/// How the tokens of a request are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokens {
    /// Reported by the provider.
    Measured,
    /// Estimated from bytes, because the provider reported none or the answer was cut off.
    #[default]
    Estimated,
}

/// How the cost of a request is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Costing {
    /// From reported tokens.
    Measured,
    /// From estimated tokens.
    Estimated,
    /// A model without a price answered (or none did): the cost is zero because it is not known.
    #[default]
    Unpriced,
}

/// What became of an answer that was begun on the judge's own model before its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speculation {
    /// The verdict was that model's category: the judge's time was saved.
    Kept,
    /// It was another: the begun answer was cancelled, and its input paid for nothing.
    Cancelled,
}

impl Speculation {
    /// Its word in the ledger.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One request, whatever ended it. Names instead of indices: a row outlives the configuration it was made under.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// `UUIDv7`: unique, and ordered by time.
    pub id: u128,
    /// When the request came in, microseconds since the Unix epoch.
    pub time_us: i64,
    /// The key it was made with, once keys exist.
    pub key: Option<String>,
    /// The endpoint's path, `/v1/chat/completions`.
    pub endpoint: &'static str,
    /// The router asked for; `None` for an override.
    pub router: Option<String>,
    /// `model` as the client sent it.
    pub requested_model: String,
    /// The category decided on; `None` for an override.
    pub category: Option<String>,
    /// How sure the classifier was, where one was asked.
    pub confidence: Option<f32>,
    /// What decided; `None` where the request failed before a decision.
    pub decided_by: Option<DecidedBy>,
    /// How long the decision took, microseconds; includes an asked model.
    pub decision_us: u64,
    /// Aliases of the models that were to be tried, in order.
    pub chain: Vec<String>,
    /// Every call made, in order, judge calls of an `llm` classifier apart.
    pub attempts: Vec<AttemptRow>,
    /// The call of the classifier's model, where one was made; its tokens and cost are not in those of the request.
    pub classifier: Option<ClassifierRow>,
    /// Where the answer was begun while the judge judged: whether it was kept.
    pub speculation: Option<Speculation>,
    /// Alias of the model whose answer the client got.
    pub model: Option<String>,
    /// Whether that is another than the first of the chain.
    pub fallback: bool,
    /// Whether tools were offered.
    pub tools: bool,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// The HTTP status the client got; 499 when it left before the end of its answer.
    pub status: u16,
    /// The error's code, where it ended in one (`upstream_interrupted`, `client_closed`, …).
    pub error: Option<String>,
    /// Tokens of all attempts.
    pub usage: Usage,
    /// How they are known.
    pub tokens: Tokens,
    /// Cost of all attempts.
    pub cost: NanoUsd,
    /// How it is known.
    pub costing: Costing,
    /// What the same tokens cost at the baseline's price; `None` without a priced baseline.
    pub baseline_cost: Option<NanoUsd>,
    /// From the request's arrival to the first useful byte sent to the client, microseconds.
    pub first_token_us: Option<u64>,
    /// From the request's arrival to its end, microseconds.
    pub total_us: u64,
    /// Of the time to the first byte, what was spent in this process and not waiting for an upstream, microseconds.
    pub overhead_us: u64,
    /// The conversation, `x-session-id`.
    pub session: Option<String>,
    /// The caller's `metadata`, as JSON.
    pub metadata: Option<String>,
}

/// An [`Attempt`] with its model by name.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRow {
    /// Alias of the model.
    pub model: String,
    /// What happened.
    pub attempt: Attempt,
}

/// The call of the model that was asked for the category.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifierRow {
    /// Alias of the model.
    pub model: String,
    /// What it answered, in short: `answered`, `unknown_label`, `timeout`, `failed`, `cooling`.
    pub outcome: &'static str,
    /// Its tokens.
    pub usage: Usage,
    /// Its cost.
    pub cost: NanoUsd,
    /// How long it took, microseconds.
    pub total_us: u64,
}
