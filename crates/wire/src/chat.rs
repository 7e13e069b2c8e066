//! The request of `POST /v1/chat/completions`: what routing needs of it, borrowed from its bytes.
//!
//! The same reading serves `/v1/completions` and `/v1/embeddings`, of which only `model` and a few flags matter.

mod messages;

use std::borrow::Cow;
use std::ops::Range;

use routing::prompt::estimate_tokens;
use routing::{Needs, Prompt};
use serde::Deserialize;

use crate::scan::{Bad, Scan, unquoted};
use messages::Messages;

/// Why a body is not a request; the message is meant for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// What is wrong and what is expected.
    pub message: String,
    /// The field it is about, `messages`.
    pub param: Option<&'static str>,
}

impl Invalid {
    fn new(param: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { message: message.into(), param }
    }
}

/// The fields of a request that are read, each as it stands; `null` counts as absent, but has its place.
#[derive(Debug, Default)]
struct Fields<'a> {
    model: Option<&'a str>,
    models: Option<&'a str>,
    messages: Option<&'a str>,
    stream: Option<&'a str>,
    stream_options: Option<&'a str>,
    tools: Option<&'a str>,
    functions: Option<&'a str>,
    response_format: Option<&'a str>,
    max_tokens: Option<&'a str>,
    max_completion_tokens: Option<&'a str>,
    metadata: Option<&'a str>,
}

/// What the client asks for by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// `model`.
    One(Cow<'a, str>),
    /// `models`: the chain outright; never empty.
    Chain(Vec<String>),
}

/// A request: a view of a body that stays as it is.
#[derive(Debug)]
pub struct ChatRequest<'a> {
    /// What is asked for.
    pub asked: Asked<'a>,
    /// Where the value of `model` stands in the body; `None`: it has none (`models` came instead).
    pub model_at: Option<Range<usize>>,
    /// Where `models` stands, to be replaced by a value every upstream ignores.
    pub models_at: Option<Range<usize>>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the client wants a last event with the usage.
    pub wants_usage: bool,
    /// Where the value of `stream_options` stands, if it is there.
    pub stream_options_at: Option<Range<usize>>,
    /// Where the conversation stands in the body.
    pub messages_at: Option<Range<usize>>,
    /// The conversation, its texts not yet read.
    messages: Messages<'a>,
    /// Bytes of the whole body.
    pub length: usize,
    /// The caller's `metadata` object, as JSON.
    pub metadata: Option<&'a str>,
    /// Bytes of the tools or functions that are offered.
    tools: usize,
    /// An answer by JSON schema is asked for.
    json_schema: bool,
    max_output_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct ResponseFormat<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

impl<'a> ChatRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is not JSON, not an object, nested too deep, or a field that is read has the wrong type.
    pub fn read(body: &'a [u8]) -> Result<Self, Invalid> {
        // The standard library's check takes a quarter of the time that a large body spends in this process.
        let text = simdutf8::basic::from_utf8(body).map_err(|_| Invalid::new(None, "the body is not valid UTF-8"))?;
        let (fields, messages) = walk(text)?;
        let at = |raw: Option<&str>| raw.map(|raw| span(text, raw));
        let stream_options: Option<StreamOptions> = object(fields.stream_options, "stream_options")?;
        let response_format: Option<ResponseFormat<'_>> = object(fields.response_format, "response_format")?;
        let max_output_tokens = match count(fields.max_completion_tokens, "max_completion_tokens")? {
            Some(count) => Some(count),
            None => count(fields.max_tokens, "max_tokens")?,
        };
        let offered = |raw: Option<&str>| raw.filter(|raw| *raw != "null" && !is_empty_array(raw)).map_or(0, str::len);
        Ok(Self {
            asked: asked(&fields)?,
            model_at: at(fields.model),
            models_at: at(fields.models),
            stream: flag(fields.stream, "stream")?.unwrap_or(false),
            wants_usage: stream_options.and_then(|options| options.include_usage).unwrap_or(false),
            stream_options_at: at(fields.stream_options),
            length: body.len(),
            messages_at: at(fields.messages),
            messages,
            metadata: fields.metadata.filter(|raw| raw.starts_with('{')),
            tools: offered(fields.tools) + offered(fields.functions),
            json_schema: response_format.and_then(|format| format.kind).is_some_and(|kind| kind == "json_schema"),
            max_output_tokens,
        })
    }

    /// The conversation and what it takes.
    ///
    /// # Errors
    /// When `messages` is missing, empty, or a message is not an object with a known role.
    pub fn prompt(&self) -> Result<Prompt<'a>, Invalid> {
        let conversation = self.messages.read()?;
        let needs = Needs { images: conversation.images > 0, ..self.needs(0) };
        let input_tokens = conversation.tokens + estimate_tokens(self.tools);
        Ok(Prompt { turns: conversation.turns, needs: Needs { input_tokens, ..needs } })
    }

    /// What the answer takes, without reading the messages; images are not looked for.
    #[must_use]
    pub fn needs(&self, bytes: usize) -> Needs {
        Needs {
            tools: self.tools > 0,
            images: false,
            json_schema: self.json_schema,
            input_tokens: estimate_tokens(bytes),
            max_output_tokens: self.max_output_tokens,
        }
    }

    /// The conversation as the JSON it came as.
    #[must_use]
    pub fn messages_json(&self) -> Option<&'a str> {
        self.messages.raw
    }
}

/// One walk over the whole body: where each field stands, and within `messages` each message's.
fn walk(text: &str) -> Result<(Fields<'_>, Messages<'_>), Invalid> {
    let mut scan = Scan::new(text);
    if scan.peek().is_some_and(|first| matches!(first, b'[' | b'"')) {
        return Err(Invalid::new(None, "the body must be a JSON object"));
    }
    let (mut fields, mut messages) = (Fields::default(), Messages::default());
    let mut twice = None;
    let walked = scan.object(&mut |scan, key| {
        let field = match &*key {
            "model" => &mut fields.model,
            "models" => &mut fields.models,
            "messages" => &mut fields.messages,
            "stream" => &mut fields.stream,
            "stream_options" => &mut fields.stream_options,
            "tools" => &mut fields.tools,
            "functions" => &mut fields.functions,
            "response_format" => &mut fields.response_format,
            "max_tokens" => &mut fields.max_tokens,
            "max_completion_tokens" => &mut fields.max_completion_tokens,
            "metadata" => &mut fields.metadata,
            _ => return scan.value().map(|_| ()),
        };
        let value = if key == "messages" { messages.walk(scan)? } else { scan.value()? };
        if field.replace(value).is_some() {
            twice = Some(key.into_owned());
        }
        Ok(())
    });
    walked.and_then(|()| scan.end()).map_err(|bad| malformed(text, bad))?;
    match twice {
        Some(name) => Err(Invalid::new(None, format!("the body has the field `{name}` twice"))),
        None => Ok((fields, messages)),
    }
}

/// Only the place of a mistake goes to the caller, not what stands there.
fn malformed(text: &str, bad: Bad) -> Invalid {
    let (at, what) = match bad {
        Bad::Deep => return Invalid::new(None, "the body nests arrays or objects more than 128 levels deep"),
        Bad::Eof => (text.len(), "ends too early"),
        Bad::Syntax(at) => (at, "is not valid JSON"),
    };
    let before = text.as_bytes().get(..at).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
    Invalid::new(None, format!("the body {what} (line {line}, column {column})"))
}

/// An object of known shape, where there is one.
fn object<'a, T: Deserialize<'a>>(raw: Option<&'a str>, name: &'static str) -> Result<Option<T>, Invalid> {
    let Some(raw) = raw.filter(|raw| *raw != "null") else {
        return Ok(None);
    };
    let read = Some(raw).filter(|raw| raw.starts_with('{')).and_then(|raw| serde_json::from_str(raw).ok());
    read.map(Some).ok_or_else(|| Invalid::new(Some(name), format!("`{name}` must be an object")))
}

fn asked<'a>(fields: &Fields<'a>) -> Result<Asked<'a>, Invalid> {
    if let Some(raw) = fields.models.filter(|raw| *raw != "null") {
        let names: Vec<String> = serde_json::from_str(raw)
            .map_err(|_| Invalid::new(Some("models"), "`models` must be an array of strings"))?;
        if !names.is_empty() {
            return Ok(Asked::Chain(names));
        }
    }
    let missing =
        || Invalid::new(Some("model"), "`model` is missing: a router, a model alias or a provider's model id");
    let raw = fields.model.filter(|raw| *raw != "null").ok_or_else(missing)?;
    let name = unquoted(raw).ok_or_else(|| Invalid::new(Some("model"), "`model` must be a string"))?;
    if name.is_empty() { Err(missing()) } else { Ok(Asked::One(name)) }
}

fn flag(raw: Option<&str>, name: &'static str) -> Result<Option<bool>, Invalid> {
    match raw {
        None | Some("null") => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Invalid::new(Some(name), format!("`{name}` must be true or false"))),
    }
}

fn count(raw: Option<&str>, name: &'static str) -> Result<Option<u64>, Invalid> {
    match raw {
        None | Some("null") => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Invalid::new(Some(name), format!("`{name}` must be a whole number, zero or more"))),
    }
}

/// Whether it is an array without items.
fn is_empty_array(raw: &str) -> bool {
    raw.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|inner| inner.trim().is_empty())
}

/// Where a piece stands in the text it was borrowed from.
fn span(text: &str, piece: &str) -> Range<usize> {
    let start = (piece.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + piece.len()
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
