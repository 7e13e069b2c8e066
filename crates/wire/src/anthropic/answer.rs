//! A whole message of Anthropic's as a chat completion.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Counts, Tokens, finish_reason};

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Vec<Block<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    usage: Option<Counts>,
}

/// A block of content; which fields it has depends on its kind.
#[derive(Deserialize)]
pub(super) struct Block<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) thinking: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Tokens>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Said<'a>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    /// JSON in a string, the bytes as the model wrote them.
    arguments: &'a str,
}

/// A message as a chat completion; `None`: the body is no message of Anthropic's.
///
/// `created` is the time of the answer in seconds since 1970, which Anthropic does not say. Blocks that OpenAI has no
/// word for (thinking that was withheld, tools that Anthropic ran itself) are left out.
#[must_use]
pub fn chat_answer(body: &[u8], created: u64) -> Option<Vec<u8>> {
    let message: Message<'_> =
        serde_json::from_slice(body).ok().filter(|message: &Message<'_>| message.kind == "message")?;
    let tool_calls = message
        .content
        .iter()
        .filter(|block| block.kind == "tool_use")
        .map(|block| {
            let arguments = block.input.map_or("{}", RawValue::get);
            let function = Function { name: block.name.as_deref()?, arguments };
            Some(ToolCall { id: block.id.as_deref()?, kind: "function", function })
        })
        .collect::<Option<Vec<_>>>()?;
    let text = joined(message.content.iter().filter(|block| block.kind == "text").map(|block| block.text.as_deref()));
    let thinking =
        joined(message.content.iter().filter(|block| block.kind == "thinking").map(|block| block.thinking.as_deref()));
    let content = if tool_calls.is_empty() { Some(text.unwrap_or_default()) } else { text };
    let completion = Completion {
        id: message.id.as_deref().unwrap_or_default(),
        object: "chat.completion",
        created,
        model: message.model.as_deref().unwrap_or_default(),
        choices: [Choice {
            index: 0,
            message: Said { role: "assistant", content, reasoning_content: thinking, tool_calls },
            finish_reason: message.stop_reason.as_deref().map(finish_reason),
        }],
        usage: message.usage.and_then(Counts::tokens),
    };
    serde_json::to_vec(&completion).ok()
}

/// The pieces as one; a text with citations is cut into several blocks with nothing lost between them. `None`: no text.
fn joined<'a>(pieces: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    Some(pieces.flatten().collect::<String>()).filter(|whole| !whole.is_empty())
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
