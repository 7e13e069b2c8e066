//! Anthropic's Messages API for clients that speak OpenAI: a request one way, an answer, a stream or an error back.
//!
//! Anthropic refuses fields it does not know and conversations it would not continue, so what has no place there is
//! left out, and what it insists on is added; each such choice stands where it is made.

mod request;
mod turns;
mod parts;
mod tools;
mod answer;
mod stream;
mod error;

pub use answer::chat_answer;
pub use error::error_answer;
pub use request::{DEFAULT_MAX_TOKENS, messages_request};
pub use stream::Translator;

use serde::{Deserialize, Serialize};

/// `usage` as Anthropic counts it: what came from a cache and what went into one is not part of `input_tokens`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Counts {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

/// `usage` as OpenAI counts it: `prompt_tokens` holds the cached ones too.
#[derive(Clone, Copy, Debug, Serialize)]
struct Tokens {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptTokens,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct PromptTokens {
    cached_tokens: u64,
}

impl Counts {
    /// Takes in later numbers. A stream repeats running totals, and some servers leave out or zero what they said
    /// before, so of each number the greatest holds.
    fn update(&mut self, later: Self) {
        self.input_tokens = self.input_tokens.max(later.input_tokens);
        self.cache_read_input_tokens = self.cache_read_input_tokens.max(later.cache_read_input_tokens);
        self.cache_creation_input_tokens = self.cache_creation_input_tokens.max(later.cache_creation_input_tokens);
        self.output_tokens = self.output_tokens.max(later.output_tokens);
    }

    /// The same in OpenAI's terms; `None` where nothing was counted, so that nobody takes it for zero tokens.
    fn tokens(self) -> Option<Tokens> {
        if self.input_tokens.is_none() && self.output_tokens.is_none() {
            return None;
        }
        let cached_tokens = self.cache_read_input_tokens.unwrap_or(0);
        let prompt_tokens = [self.input_tokens, self.cache_creation_input_tokens]
            .into_iter()
            .flatten()
            .fold(cached_tokens, u64::saturating_add);
        let completion_tokens = self.output_tokens.unwrap_or(0);
        Some(Tokens {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            prompt_tokens_details: PromptTokens { cached_tokens },
        })
    }
}

/// OpenAI's `finish_reason` for a `stop_reason`.
fn finish_reason(stop_reason: &str) -> &'static str {
    match stop_reason {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        // `end_turn`, `stop_sequence`, `pause_turn` and whatever comes to be.
        _ => "stop",
    }
}

#[cfg(test)]
#[path = "anthropic/hostile_tests.rs"]
mod hostile_tests;
