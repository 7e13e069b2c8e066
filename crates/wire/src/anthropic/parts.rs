//! The content of a message: OpenAI's parts as Anthropic's blocks.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::turns::wrong;
use crate::Invalid;
use crate::json::as_str;

/// A block of content.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Text {
        text: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    Image {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        input: Input<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    /// A part that OpenAI does not have, as it came: it may be Anthropic's own.
    #[serde(untagged)]
    AsItCame(&'a RawValue),
}

/// Where the bytes of an image or a document are.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'a> {
    Base64 { media_type: String, data: String },
    Url { url: Cow<'a, str> },
}

/// The arguments of a tool call.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Input<'a> {
    /// The object, the bytes as the model wrote them.
    Object(Box<RawValue>),
    /// What the model wrote is no JSON object.
    Text { arguments: Cow<'a, str> },
    /// `{}`.
    Nothing {},
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow)]
    image_url: Option<&'a RawValue>,
    #[serde(borrow)]
    file: Option<File<'a>>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ImageUrl<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    filename: Option<Cow<'a, str>>,
    #[serde(borrow)]
    file_data: Option<Cow<'a, str>>,
}

impl<'a> Block<'a> {
    /// Where the block says that the prompt is to be cached up to its end; `None`: it cannot.
    fn cache_control(&mut self) -> Option<&mut Option<&'a RawValue>> {
        match self {
            Self::Text { cache_control, .. }
            | Self::Image { cache_control, .. }
            | Self::Document { cache_control, .. }
            | Self::ToolUse { cache_control, .. }
            | Self::ToolResult { cache_control, .. } => Some(cache_control),
            Self::AsItCame(_) => None,
        }
    }

    /// Marks the block, where it is not marked already.
    pub(super) fn mark(&mut self, mark: &'a RawValue) {
        if let Some(cache_control) = self.cache_control() {
            cache_control.get_or_insert(mark);
        }
    }

    /// Takes the mark off the block: inside of a tool's result it belongs to the whole of it.
    pub(super) fn take_mark(&mut self) -> Option<&'a RawValue> {
        self.cache_control()?.take()
    }
}

/// The blocks of a message's content.
///
/// # Errors
/// When it is neither a string, nor `null`, nor an array of parts, or a part can be said in no block. The message is
/// what follows the place of the message.
pub(super) fn blocks(content: Option<&RawValue>) -> Result<Vec<Block<'_>>, Invalid> {
    let Some(content) = content else {
        return Ok(Vec::new());
    };
    if let Some(text) = as_str(content) {
        return Ok(text_block(text, None).into_iter().collect());
    }
    let parts: Vec<&RawValue> = serde_json::from_str(content.get())
        .map_err(|_| wrong(".content` must be a string, null or an array of parts"))?;
    let mut said = Vec::with_capacity(parts.len());
    for (position, raw) in parts.into_iter().enumerate() {
        let part: Part<'_> = serde_json::from_str(raw.get()).map_err(|_| {
            wrong(format!(".content[{position}]` must be an object with a type and what belongs to that type"))
        })?;
        said.extend(block(part, raw).map_err(|what| wrong(format!(".content[{position}]` {what}")))?);
    }
    Ok(said)
}

/// Text as a block; `None` for blank text, for which Anthropic refuses the whole request.
pub(super) fn text_block<'a>(text: Cow<'a, str>, cache_control: Option<&'a RawValue>) -> Option<Block<'a>> {
    (!text.trim().is_empty()).then_some(Block::Text { text, cache_control })
}

/// A part as a block; `Ok(None)`: it says nothing.
fn block<'a>(part: Part<'a>, raw: &'a RawValue) -> Result<Option<Block<'a>>, &'static str> {
    let cache_control = part.cache_control;
    match &*part.kind {
        "text" => Ok(text_block(part.text.ok_or("has no text")?, cache_control)),
        "refusal" => Ok(text_block(part.refusal.ok_or("has no refusal")?, cache_control)),
        "image_url" => {
            let url = part.image_url.and_then(url_of).ok_or("has no URL")?;
            Ok(Some(Block::Image { source: source(url), cache_control }))
        }
        "file" => {
            let file = part.file.ok_or("has no file")?;
            let data = file.file_data.ok_or("must have its data with it: files cannot be referred to by an id")?;
            Ok(Some(Block::Document { source: source(data), title: file.filename, cache_control }))
        }
        "input_audio" => Err("is audio, which the model does not take"),
        _ => Ok(Some(Block::AsItCame(raw))),
    }
}

/// The URL, which some write without the object around it.
fn url_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    as_str(raw).or_else(|| serde_json::from_str::<ImageUrl<'_>>(raw.get()).ok().map(|image| image.url))
}

/// A `data:` URL as its bytes, any other for Anthropic to fetch.
fn source(url: Cow<'_, str>) -> Source<'_> {
    match embedded(&url) {
        Some((media_type, data)) => Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() },
        None => Source::Url { url },
    }
}

/// The media type and the base64 of a `data:` URL; `None`: it is another, or its data is not base64.
fn embedded(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let (head, data) = rest.split_once(',').filter(|_| scheme.eq_ignore_ascii_case("data"))?;
    let mut head = head.split(';');
    let media_type = head.next()?;
    let media_type = if media_type.eq_ignore_ascii_case("image/jpg") { "image/jpeg" } else { media_type };
    head.any(|parameter| parameter.eq_ignore_ascii_case("base64")).then_some((media_type, data))
}
