//! The request: a body of OpenAI's as one of Anthropic's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::parts::Block;
use super::tools::{Choice, Tool, Toolbox};
use super::turns::{Conversation, Turn};
use crate::Invalid;
use crate::json::{as_str, too_deep};
use crate::splice::Changes;

/// The most tokens of an answer, thinking not counted, where the client sets no limit; Anthropic requires one.
pub const DEFAULT_MAX_TOKENS: u64 = 4096;

/// Fields without a place at Anthropic's, which refuses what it does not know: OpenAI's own, then those of servers that
/// extend its protocol. Whatever is neither translated nor named here goes upstream as it came.
const NO_PLACE: [&str; 39] = [
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "modalities",
    "moderation",
    "n",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "response_format",
    "seed",
    "store",
    "stream_options",
    "top_logprobs",
    "verbosity",
    "web_search_options",
    // Here ends OpenAI's protocol.
    "chat_template_kwargs",
    "enable_thinking",
    "guided_json",
    "ignore_eos",
    "include_reasoning",
    "length_penalty",
    "min_p",
    "min_tokens",
    "models",
    "plugins",
    "provider",
    "reasoning",
    "reasoning_format",
    "repetition_penalty",
    "route",
    "skip_special_tokens",
    "top_a",
    "transforms",
    "usage",
    "use_beam_search",
];

/// The fields of a body by name, each as it stands.
pub(super) type Fields<'a> = BTreeMap<String, &'a RawValue>;

#[derive(Serialize)]
struct Outgoing<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    /// What is called the same in both protocols, and what is in neither.
    #[serde(flatten)]
    kept: Fields<'a>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Thinking {
    #[serde(rename = "type")]
    kind: &'static str,
    budget_tokens: u64,
}

#[derive(Deserialize, Serialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    user_id: Cow<'a, str>,
}

/// The body for `POST /v1/messages` that asks what `body`, one for `POST /v1/chat/completions`, asks.
///
/// The model is that of `changes`, whose prefill becomes the last thing the model said; usage is always reported.
///
/// # Errors
/// When the body is not a chat request, or says something that Anthropic's models cannot be told (audio).
pub fn messages_request(body: &[u8], changes: &Changes<'_>) -> Result<Vec<u8>, Invalid> {
    if too_deep(body) {
        return Err(wrong(None, "the body nests arrays or objects more than 128 levels deep"));
    }
    let mut fields: Fields<'_> =
        serde_json::from_slice(body).map_err(|_| wrong(None, "the body must be a JSON object"))?;
    fields.retain(|name, value| value.get() != "null" && !NO_PLACE.contains(&name.as_str()));
    fields.remove("model");
    let messages = fields.remove("messages");
    let messages = messages.ok_or_else(|| wrong(Some("messages"), "`messages` is missing"))?;
    let mut conversation = Conversation::read(messages)?;
    if let Some(begun) = changes.prefill {
        conversation.begin_answer(begun);
        // Anthropic does not let a model think that is in the middle of its answer.
        fields.remove("thinking");
    }
    conversation.settle();
    let toolbox = Toolbox::take(&mut fields, conversation.called())?;
    let limit = limit(&mut fields)?;
    let may_think = changes.prefill.is_none() && !conversation.ends_in_calls() && !toolbox.must_call();
    let thinking = thinking(&mut fields, limit).filter(|_| may_think);
    let temperature = sampling(&mut fields, thinking.is_some());
    let stop_sequences = stop_sequences(&mut fields)?;
    let metadata = metadata(&mut fields);
    service_tier(&mut fields);
    if !conversation.system.is_empty() {
        fields.remove("system");
    }
    let outgoing = Outgoing {
        model: changes.model,
        max_tokens: limit.unwrap_or_else(|| DEFAULT_MAX_TOKENS + thinking.map_or(0, |thinking| thinking.budget_tokens)),
        system: conversation.system,
        messages: conversation.turns,
        tools: toolbox.tools,
        tool_choice: toolbox.choice,
        thinking,
        temperature,
        stop_sequences,
        metadata,
        kept: fields,
    };
    serde_json::to_vec(&outgoing).map_err(|_| wrong(None, "the body cannot be said in Anthropic's protocol"))
}

/// The most tokens of the answer, where the client says. In both protocols thinking counts.
fn limit(fields: &mut Fields<'_>) -> Result<Option<u64>, Invalid> {
    let older = fields.remove("max_tokens").map(|raw| ("max_tokens", raw));
    let newer = fields.remove("max_completion_tokens").map(|raw| ("max_completion_tokens", raw));
    let Some((name, raw)) = newer.or(older) else {
        return Ok(None);
    };
    let parsed = raw.get().parse();
    parsed.map(Some).map_err(|_| wrong(Some(name), format!("`{name}` must be a whole number, zero or more")))
}

/// How much the model may think. The client's own `thinking` goes before `reasoning_effort`; a budget that leaves no
/// room for the answer is left out. The least that Anthropic takes is 1024 tokens, and with [`DEFAULT_MAX_TOKENS`] the
/// most here stays within the 32,000 that every thinking model can put out.
fn thinking(fields: &mut Fields<'_>, limit: Option<u64>) -> Option<Thinking> {
    let effort = fields.remove("reasoning_effort").and_then(as_str)?;
    let budget_tokens = match &*effort {
        "minimal" | "low" => 1024,
        "medium" => 4096,
        "high" => 16_384,
        "xhigh" | "max" => 24_576,
        _ => return None,
    };
    let fits = limit.is_none_or(|limit| budget_tokens < limit);
    (fits && !fields.contains_key("thinking")).then_some(Thinking { kind: "enabled", budget_tokens })
}

/// The temperature, between 0 and 1: OpenAI's goes up to 2. Anthropic's models take it or `top_p`, not both, and with
/// thinking neither of them nor `top_k`.
fn sampling(fields: &mut Fields<'_>, thinks: bool) -> Option<f64> {
    if thinks {
        fields.retain(|name, _| !matches!(name.as_str(), "temperature" | "top_p" | "top_k"));
        return None;
    }
    let temperature = fields.get("temperature")?.get().parse::<f64>().ok()?;
    fields.retain(|name, _| !matches!(name.as_str(), "temperature" | "top_p"));
    Some(temperature.clamp(0.0, 1.0))
}

/// `stop`, a string or several. Blank ones are left out: Anthropic refuses them.
fn stop_sequences<'a>(fields: &mut Fields<'a>) -> Result<Vec<Cow<'a, str>>, Invalid> {
    let Some(raw) = fields.remove("stop") else {
        return Ok(Vec::new());
    };
    fields.remove("stop_sequences");
    let several = || wrong(Some("stop"), "`stop` must be a string or an array of strings");
    let mut stops: Vec<Cow<'a, str>> = match as_str(raw) {
        Some(stop) => vec![stop],
        None => serde_json::from_str(raw.get()).map_err(|_| several())?,
    };
    stops.retain(|stop| !stop.trim().is_empty());
    Ok(stops)
}

/// On whose behalf the application asks. OpenAI's other `metadata` is the application's own business.
fn metadata<'a>(fields: &mut Fields<'a>) -> Option<Metadata<'a>> {
    let metadata = fields.remove("metadata").and_then(|raw| serde_json::from_str(raw.get()).ok());
    let names = ["safety_identifier", "user"].map(|name| fields.remove(name).and_then(as_str));
    metadata.or_else(|| names.into_iter().flatten().next().map(|user_id| Metadata { user_id }))
}

/// Of the tiers only these are Anthropic's too.
fn service_tier(fields: &mut Fields<'_>) {
    if fields.get("service_tier").is_some_and(|raw| !matches!(raw.get(), "\"auto\"" | "\"standard_only\"")) {
        fields.remove("service_tier");
    }
}

fn wrong(param: Option<&'static str>, message: impl Into<String>) -> Invalid {
    Invalid { message: message.into(), param }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
