//! The protocols: bytes in, values out.
//!
//! Reads from a request or an answer what the gateway needs and leaves every other byte as it came.

pub mod json;
mod scan;
pub mod chat;
pub mod splice;
pub mod sse;
pub mod chunk;
pub mod answer;
pub mod error;
pub mod anthropic;

pub use chat::{Asked, ChatRequest, Invalid};
pub use chunk::{Chunk, Delta, Reader};
pub use error::{UpstreamError, error_body};
pub use sse::{Event, Events, Fate};

use routing::Usage;

/// `usage` as OpenAI's protocol and its many dialects write it.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_cache_hit_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl WireUsage {
    /// The tokens; `None` where the provider says nothing of input nor output.
    pub(crate) fn read(&self) -> Option<Usage> {
        if self.prompt_tokens.is_none() && self.completion_tokens.is_none() {
            return None;
        }
        let details = self.prompt_tokens_details.unwrap_or_default();
        Some(Usage {
            input: self.prompt_tokens.unwrap_or(0),
            cached: details.cached_tokens.or(self.prompt_cache_hit_tokens).unwrap_or(0),
            output: self.completion_tokens.unwrap_or(0),
            reasoning: self.completion_tokens_details.unwrap_or_default().reasoning_tokens.unwrap_or(0),
        })
    }
}
