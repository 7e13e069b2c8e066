//! A stream of Anthropic's, event by event, as the stream of a chat completion.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer::Block;
use super::{Counts, Tokens, error_answer, finish_reason};
use crate::Event;
use crate::json::as_str;

/// What an event that cannot be read becomes: no JSON, so that whoever reads it drops and counts it.
const MALFORMED: &[u8] = b"data: malformed\n\n";

/// The end of a stream.
const DONE: &[u8] = b"data: [DONE]\n\n";

/// Translates one stream.
#[derive(Debug, Default)]
pub struct Translator {
    /// When the answer began, in seconds since 1970.
    created: u64,
    id: String,
    model: String,
    /// The role has been said, which comes first.
    begun: bool,
    counts: Counts,
    /// The tools called so far; the place in the list is the index that the client sees.
    calls: Vec<Call>,
    /// The usage has been said.
    counted: bool,
    done: bool,
    /// What the event at hand has become so far.
    ready: Vec<Bytes>,
}

/// A tool call in the making.
#[derive(Debug)]
struct Call {
    /// The index of its block among all blocks of the message.
    block: u64,
    /// Arguments that came with the beginning; what follows in pieces replaces them.
    arguments: String,
}

/// Any event; which fields it has depends on its kind.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    index: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Start<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    thinking: Option<Cow<'a, str>>,
    #[serde(borrow)]
    partial_json: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct End<'a> {
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: &'a [Choice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Tokens>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    delta: Delta<'a>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[ToolCall<'a>; 1]>,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

impl Translator {
    /// A translator for a stream that begins at `created`, in seconds since 1970.
    #[must_use]
    pub fn new(created: u64) -> Self {
        Self { created, ..Self::default() }
    }

    /// The next event in OpenAI's terms: none, one or several, each ready to be sent.
    ///
    /// After `message_stop` comes `[DONE]` and then nothing more. An error event becomes an error object and an event
    /// that cannot be read one with data that is no JSON; neither ends the stream by itself. Kinds of events that are
    /// not known say nothing.
    #[must_use]
    pub fn translate(&mut self, event: Event<'_>) -> Vec<Bytes> {
        let data = event.data().unwrap_or_default();
        let data = data.trim_ascii();
        if self.done || data.is_empty() {
            return Vec::new();
        }
        if data == b"[DONE]" {
            // Anthropic does not say it, servers that imitate both protocols do.
            self.end();
        } else if self.read(data, event.name()).is_none() {
            self.ready.push(Bytes::from_static(MALFORMED));
        }
        std::mem::take(&mut self.ready)
    }

    /// `None`: the event is not what its kind says.
    fn read(&mut self, data: &[u8], name: Option<&[u8]>) -> Option<()> {
        let said: Said<'_> = serde_json::from_slice(data).ok()?;
        let kind = match said.kind {
            Some(kind) => as_str(kind)?,
            None => std::str::from_utf8(name?).ok()?.into(),
        };
        match &*kind {
            "message_start" => self.start(read(said.message)?),
            "content_block_start" => self.open(read(said.index)?, &read(said.content_block)?)?,
            "content_block_delta" => self.delta(read(said.index)?, &read(said.delta)?)?,
            "content_block_stop" => self.close(read(said.index)?),
            "message_delta" => self.finish(&read(said.delta)?, read(said.usage)),
            "message_stop" => self.end(),
            "error" => self.ready.push(event_of(&error_answer(data))),
            // `ping`, and what comes to be.
            _ => {}
        }
        Some(())
    }

    fn start(&mut self, start: Start<'_>) {
        self.id = start.id.unwrap_or_default().into_owned();
        self.model = start.model.unwrap_or_default().into_owned();
        self.counts.update(start.usage.unwrap_or_default());
        self.begin();
    }

    /// Says the role, once and before all else.
    fn begin(&mut self) {
        if !self.begun {
            self.begun = true;
            self.say(Delta { role: Some("assistant"), content: Some(""), ..Delta::default() });
        }
    }

    fn open(&mut self, index: u64, block: &Block<'_>) -> Option<()> {
        match &*block.kind {
            "text" => self.text(block.text.as_deref().unwrap_or_default()),
            "thinking" => self.thinking(block.thinking.as_deref().unwrap_or_default()),
            "tool_use" => {
                let (id, name) = (block.id.as_deref()?, block.name.as_deref()?);
                let arguments = block.input.map_or("{}", RawValue::get).to_owned();
                self.calls.push(Call { block: index, arguments });
                self.call(self.calls.len() - 1, Some(id), Function { name: Some(name), arguments: "" });
            }
            _ => {}
        }
        Some(())
    }

    fn delta(&mut self, index: u64, piece: &Piece<'_>) -> Option<()> {
        match &*piece.kind {
            "text_delta" => self.text(piece.text.as_deref()?),
            "thinking_delta" => self.thinking(piece.thinking.as_deref()?),
            "input_json_delta" => {
                let arguments = piece.partial_json.as_deref().filter(|json| !json.is_empty());
                // A tool that Anthropic runs itself has arguments too, and they are none of the client's business.
                let call = self.calls.iter_mut().enumerate().rfind(|(_, call)| call.block == index);
                if let (Some((at, call)), Some(arguments)) = (call, arguments) {
                    call.arguments.clear();
                    self.call(at, None, Function { name: None, arguments });
                }
            }
            // Signatures and citations have no place.
            _ => {}
        }
        Some(())
    }

    /// A tool without parameters gets no pieces, but its arguments must be a JSON object still.
    fn close(&mut self, index: u64) {
        let call = self.calls.iter_mut().enumerate().rfind(|(_, call)| call.block == index);
        if let Some((at, call)) = call
            && !call.arguments.is_empty()
        {
            let arguments = std::mem::take(&mut call.arguments);
            self.call(at, None, Function { name: None, arguments: &arguments });
        }
    }

    fn finish(&mut self, end: &End<'_>, counts: Option<Counts>) {
        self.counts.update(counts.unwrap_or_default());
        if let Some(reason) = end.stop_reason.as_deref() {
            self.begin();
            self.chunk(
                &[Choice { index: 0, delta: Delta::default(), finish_reason: Some(finish_reason(reason)) }],
                None,
            );
            self.count();
        }
    }

    fn end(&mut self) {
        self.count();
        self.done = true;
        self.ready.push(Bytes::from_static(DONE));
    }

    /// Says the usage, once, where the upstream counted.
    fn count(&mut self) {
        if let Some(tokens) = self.counts.tokens().filter(|_| !self.counted) {
            self.counted = true;
            self.chunk(&[], Some(tokens));
        }
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.begin();
            self.say(Delta { content: Some(text), ..Delta::default() });
        }
    }

    fn thinking(&mut self, text: &str) {
        if !text.is_empty() {
            self.begin();
            self.say(Delta { reasoning_content: Some(text), ..Delta::default() });
        }
    }

    fn call(&mut self, index: usize, id: Option<&str>, function: Function<'_>) {
        self.begin();
        let call = ToolCall { index, id, kind: id.map(|_| "function"), function };
        self.say(Delta { tool_calls: Some([call]), ..Delta::default() });
    }

    fn say(&mut self, delta: Delta<'_>) {
        self.chunk(&[Choice { index: 0, delta, finish_reason: None }], None);
    }

    fn chunk(&mut self, choices: &[Choice<'_>], usage: Option<Tokens>) {
        let (id, model) = (self.id.as_str(), self.model.as_str());
        let chunk = Chunk { id, object: "chat.completion.chunk", created: self.created, model, choices, usage };
        // Strings and numbers always serialize.
        let json = serde_json::to_vec(&chunk).unwrap_or_default();
        self.ready.push(event_of(&json));
    }
}

/// The value as what is expected of it; `None`: missing, or something else.
fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// JSON without line breaks as an event.
fn event_of(json: &[u8]) -> Bytes {
    [b"data: ", json, b"\n\n"].concat().into()
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
