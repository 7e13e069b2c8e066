//! What is asked of a model: the endpoints that lead to one.

use crate::config::Api;

/// An endpoint that is forwarded to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `POST /v1/chat/completions`.
    Chat,
    /// `POST /v1/completions`.
    Completions,
    /// `POST /v1/embeddings`.
    Embeddings,
}

impl Operation {
    /// The path that clients call.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Embeddings => "/v1/embeddings",
        }
    }

    /// The path behind a provider's base URL; `None`: its protocol has no such operation.
    #[must_use]
    pub fn upstream_path(self, api: Api) -> Option<&'static str> {
        match (self, api) {
            (Self::Chat, Api::OpenAi) => Some("/chat/completions"),
            (Self::Chat, Api::Anthropic) => Some("/messages"),
            (Self::Completions, Api::OpenAi) => Some("/completions"),
            (Self::Embeddings, Api::OpenAi) => Some("/embeddings"),
            (Self::Completions | Self::Embeddings, Api::Anthropic) => None,
        }
    }

    /// OpenTelemetry's `gen_ai.operation.name`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "text_completion",
            Self::Embeddings => "embeddings",
        }
    }
}
