//! The request of `POST /v1/chat/completions`: what routing needs of it, borrowed from its bytes.
//!
//! The same reading serves `/v1/completions` and `/v1/embeddings`, of which only `model` and a few flags matter.

use std::borrow::Cow;
use std::ops::Range;

use routing::prompt::estimate_tokens;
use routing::{Needs, Prompt, Role, Turn};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{as_str, present, too_deep};

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

/// The fields of a request that are read, each as it stands.
#[derive(Debug, Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    models: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    stream: Option<&'a RawValue>,
    #[serde(borrow)]
    stream_options: Option<&'a RawValue>,
    #[serde(borrow)]
    tools: Option<&'a RawValue>,
    #[serde(borrow)]
    functions: Option<&'a RawValue>,
    #[serde(borrow)]
    response_format: Option<&'a RawValue>,
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
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
    /// The conversation, not yet read.
    messages: Option<&'a RawValue>,
    /// Bytes of the whole body.
    pub length: usize,
    /// The caller's `metadata` object, as JSON.
    pub metadata: Option<&'a str>,
    /// Tools or functions are offered.
    tools: bool,
    /// An answer by JSON schema is asked for.
    json_schema: bool,
    max_output_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct ResponseFormat<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow)]
    function_call: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

impl<'a> ChatRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is not JSON, not an object, nested too deep, or a field that is read has the wrong type.
    pub fn read(body: &'a [u8]) -> Result<Self, Invalid> {
        if too_deep(body) {
            return Err(Invalid::new(None, "the body nests arrays or objects more than 128 levels deep"));
        }
        let text = std::str::from_utf8(body).map_err(|_| Invalid::new(None, "the body is not valid UTF-8"))?;
        // serde would also take an array of the fields in their order.
        if text.trim_start().starts_with(['[', '"']) {
            return Err(Invalid::new(None, "the body must be a JSON object"));
        }
        let fields: Fields<'a> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        let asked = asked(&fields)?;
        let stream = flag(fields.stream, "stream")?.unwrap_or(false);
        let wants_usage = match fields.stream_options.filter(|raw| present(Some(raw))) {
            None => false,
            Some(raw) => serde_json::from_str::<StreamOptions>(raw.get())
                .map_err(|_| Invalid::new(Some("stream_options"), "`stream_options` must be an object"))?
                .include_usage
                .unwrap_or(false),
        };
        let json_schema = match fields.response_format.filter(|raw| present(Some(raw))) {
            None => false,
            Some(raw) => serde_json::from_str::<ResponseFormat<'_>>(raw.get())
                .map_err(|_| Invalid::new(Some("response_format"), "`response_format` must be an object"))?
                .kind
                .is_some_and(|kind| kind.get() == "\"json_schema\""),
        };
        let max_output_tokens = match count(fields.max_completion_tokens, "max_completion_tokens")? {
            Some(count) => Some(count),
            None => count(fields.max_tokens, "max_tokens")?,
        };
        let offered = |raw: Option<&RawValue>| raw.is_some_and(|raw| !matches!(raw.get(), "null" | "[]"));
        Ok(Self {
            asked,
            model_at: fields.model.map(|raw| span(text, raw)),
            models_at: fields.models.map(|raw| span(text, raw)),
            stream,
            wants_usage,
            stream_options_at: fields.stream_options.map(|raw| span(text, raw)),
            length: body.len(),
            messages_at: fields.messages.map(|raw| span(text, raw)),
            messages: fields.messages,
            metadata: fields.metadata.map(RawValue::get).filter(|raw| raw.starts_with('{')),
            tools: offered(fields.tools) || offered(fields.functions),
            json_schema,
            max_output_tokens,
        })
    }

    /// The conversation and what it takes.
    ///
    /// # Errors
    /// When `messages` is missing, empty, or a message is not an object with a known role.
    pub fn prompt(&self) -> Result<Prompt<'a>, Invalid> {
        let about = |message: String| Invalid::new(Some("messages"), message);
        let raw =
            self.messages.ok_or_else(|| about("`messages` is missing: an array of messages is required".into()))?;
        let messages: Vec<Message<'a>> = serde_json::from_str(raw.get())
            .map_err(|error| about(format!("`messages` must be an array of message objects: {error}")))?;
        if messages.is_empty() {
            return Err(about("`messages` is empty: at least one message is required".into()));
        }
        let mut images = false;
        let mut turns = Vec::with_capacity(messages.len());
        for (position, message) in messages.into_iter().enumerate() {
            let role = role(message.role.as_deref()).ok_or_else(|| {
                about(format!(
                    "`messages[{position}].role` must be one of system, developer, user, assistant, tool, function"
                ))
            })?;
            let text = match message.content {
                None => Cow::Borrowed(""),
                Some(content) => text_of(content, &mut images).ok_or_else(|| {
                    about(format!("`messages[{position}].content` must be a string, null or an array of parts"))
                })?,
            };
            let calls_tools = message.tool_calls.is_some_and(|raw| !matches!(raw.get(), "null" | "[]"))
                || present(message.function_call);
            turns.push(Turn { role, text, calls_tools });
        }
        Ok(Prompt { turns, needs: Needs { images, ..self.needs(raw.get().len()) } })
    }

    /// What the answer takes, without reading the messages; images are not looked for.
    #[must_use]
    pub fn needs(&self, bytes: usize) -> Needs {
        Needs {
            tools: self.tools,
            images: false,
            json_schema: self.json_schema,
            input_tokens: estimate_tokens(bytes),
            max_output_tokens: self.max_output_tokens,
        }
    }

    /// The conversation as the JSON it came as.
    #[must_use]
    pub fn messages_json(&self) -> Option<&'a str> {
        self.messages.map(RawValue::get)
    }
}

fn malformed(error: &serde_json::Error) -> Invalid {
    // serde's text can quote what it met; only its place goes to the caller.
    let (line, column) = (error.line(), error.column());
    let what = match error.classify() {
        serde_json::error::Category::Eof => "ends too early",
        serde_json::error::Category::Data => "is not an object with each field at most once",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "is not valid JSON",
    };
    Invalid::new(None, format!("the body {what} (line {line}, column {column})"))
}

fn asked<'a>(fields: &Fields<'a>) -> Result<Asked<'a>, Invalid> {
    if let Some(raw) = fields.models.filter(|raw| present(Some(raw))) {
        let names: Vec<String> = serde_json::from_str(raw.get())
            .map_err(|_| Invalid::new(Some("models"), "`models` must be an array of strings"))?;
        if !names.is_empty() {
            return Ok(Asked::Chain(names));
        }
    }
    let missing =
        || Invalid::new(Some("model"), "`model` is missing: a router, a model alias or a provider's model id");
    let raw = fields.model.filter(|raw| present(Some(raw))).ok_or_else(missing)?;
    let name = as_str(raw).ok_or_else(|| Invalid::new(Some("model"), "`model` must be a string"))?;
    if name.is_empty() { Err(missing()) } else { Ok(Asked::One(name)) }
}

fn flag(raw: Option<&RawValue>, name: &'static str) -> Result<Option<bool>, Invalid> {
    match raw.map(RawValue::get) {
        None | Some("null") => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Invalid::new(Some(name), format!("`{name}` must be true or false"))),
    }
}

fn count(raw: Option<&RawValue>, name: &'static str) -> Result<Option<u64>, Invalid> {
    match raw.map(RawValue::get) {
        None | Some("null") => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Invalid::new(Some(name), format!("`{name}` must be a whole number, zero or more"))),
    }
}

/// Where a raw value stands in the text it was borrowed from.
fn span(text: &str, raw: &RawValue) -> Range<usize> {
    let start = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + raw.get().len()
}

fn role(name: Option<&str>) -> Option<Role> {
    match name? {
        "system" | "developer" => Some(Role::System),
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        "tool" | "function" => Some(Role::Tool),
        _ => None,
    }
}

/// The text of a message's content; notes whether an image comes with it. `None`: neither string, null nor parts.
fn text_of<'a>(content: &'a RawValue, images: &mut bool) -> Option<Cow<'a, str>> {
    match content.get().as_bytes().first()? {
        b'"' => as_str(content),
        b'n' => Some(Cow::Borrowed("")),
        b'[' => {
            let parts: Vec<Part<'a>> = serde_json::from_str(content.get()).ok()?;
            *images |= parts.iter().any(|part| matches!(part.kind.as_deref(), Some("image_url" | "input_image")));
            let mut texts = parts.iter().filter_map(|part| as_str(part.text?));
            let first = texts.next().unwrap_or_default();
            Some(texts.fold(first, |mut whole, text| {
                whole.to_mut().push('\n');
                whole.to_mut().push_str(&text);
                whole
            }))
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
