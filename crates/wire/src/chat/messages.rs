//! The conversation of a request.

use std::borrow::Cow;

use routing::prompt::estimate_tokens;
use routing::{Role, Turn};

use super::{Invalid, is_empty_array};
use crate::scan::{Bad, Scan, unquoted};

/// Tokens that an image counts for: what a picture of usual size takes with the models that say so (roughly 700 to
/// 1,600); its base64 says nothing about it.
const IMAGE_TOKENS: u64 = 1_000;

/// The messages where they stand; their texts are read by [`Messages::read`].
#[derive(Debug, Default)]
pub(super) struct Messages<'a> {
    /// The value of `messages`; `None`: there is none.
    pub(super) raw: Option<&'a str>,
    /// Its items; `None`: it is not an array of objects.
    items: Option<Vec<Item<'a>>>,
}

/// The fields of a message that are read, each as it stands.
#[derive(Debug, Default)]
struct Item<'a> {
    role: Option<&'a str>,
    content: Option<&'a str>,
    /// The content is a string without escapes.
    plain: bool,
    tool_calls: Option<&'a str>,
    function_call: Option<&'a str>,
}

/// A conversation that was read.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) turns: Vec<Turn<'a>>,
    pub(super) images: u64,
    /// Estimated from the bytes of its texts and tool calls, and the number of its images.
    pub(super) tokens: u64,
}

impl<'a> Messages<'a> {
    /// Walks over the value of `messages` and returns it.
    pub(super) fn walk(&mut self, scan: &mut Scan<'a>) -> Result<&'a str, Bad> {
        if scan.peek() != Some(b'[') {
            let raw = scan.value()?;
            self.raw = Some(raw).filter(|raw| *raw != "null");
            return Ok(raw);
        }
        let mut items = Some(Vec::with_capacity(4));
        let raw = scan.spanned(&mut |scan| {
            scan.array(&mut |scan| {
                if scan.peek() != Some(b'{') {
                    items = None;
                    return scan.value().map(|_| ());
                }
                let item = Item::walk(scan)?;
                if let Some(items) = &mut items {
                    items.push(item);
                }
                Ok(())
            })
        })?;
        (self.raw, self.items) = (Some(raw), items);
        Ok(raw)
    }

    /// The turns of the conversation.
    pub(super) fn read(&self) -> Result<Conversation<'a>, Invalid> {
        let about = |message: String| Invalid::new(Some("messages"), message);
        if self.raw.is_none() {
            return Err(about("`messages` is missing: an array of messages is required".into()));
        }
        let items =
            self.items.as_ref().ok_or_else(|| about("`messages` must be an array of message objects".into()))?;
        if items.is_empty() {
            return Err(about("`messages` is empty: at least one message is required".into()));
        }
        let mut conversation = Conversation { turns: Vec::with_capacity(items.len()), ..Conversation::default() };
        let mut bytes = 0;
        for (position, item) in items.iter().enumerate() {
            let role = item.role.and_then(role).ok_or_else(|| {
                about(format!(
                    "`messages[{position}].role` must be one of system, developer, user, assistant, tool, function"
                ))
            })?;
            let text = match item.content {
                None => Cow::Borrowed(""),
                Some(content) if item.plain => Cow::Borrowed(content.trim_matches('"')),
                Some(content) => text_of(content, &mut conversation.images).ok_or_else(|| {
                    about(format!("`messages[{position}].content` must be a string, null or an array of parts"))
                })?,
            };
            let calls = [item.tool_calls, item.function_call].into_iter().flatten();
            let calls: usize = calls.filter(|raw| *raw != "null" && !is_empty_array(raw)).map(str::len).sum();
            bytes += text.len() + calls;
            conversation.turns.push(Turn { role, text, calls_tools: calls > 0 });
        }
        conversation.tokens = estimate_tokens(bytes) + IMAGE_TOKENS.saturating_mul(conversation.images);
        Ok(conversation)
    }
}

impl<'a> Item<'a> {
    fn walk(scan: &mut Scan<'a>) -> Result<Self, Bad> {
        let mut item = Self::default();
        scan.object(&mut |scan, key| {
            let value = scan.value()?;
            match &*key {
                "role" => item.role = Some(value),
                "content" => (item.content, item.plain) = (Some(value), scan.was_plain(value)),
                "tool_calls" => item.tool_calls = Some(value),
                "function_call" => item.function_call = Some(value),
                _ => {}
            }
            Ok(())
        })?;
        Ok(item)
    }
}

fn role(raw: &str) -> Option<Role> {
    match &*unquoted(raw)? {
        "system" | "developer" => Some(Role::System),
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        "tool" | "function" => Some(Role::Tool),
        _ => None,
    }
}

/// The text of a message's content; counts the images that come with it. `None`: neither string, null nor parts.
fn text_of<'a>(content: &'a str, images: &mut u64) -> Option<Cow<'a, str>> {
    match content.as_bytes().first()? {
        b'"' => unquoted(content),
        b'n' => Some(Cow::Borrowed("")),
        b'[' => {
            let mut texts: Vec<Cow<'a, str>> = Vec::with_capacity(1);
            let mut well_formed = true;
            let walked = Scan::new(content).array(&mut |scan| {
                if scan.peek() != Some(b'{') {
                    well_formed = false;
                    return scan.value().map(|_| ());
                }
                let (mut kind, mut text) = (None, None);
                scan.object(&mut |scan, key| {
                    let value = scan.value()?;
                    match &*key {
                        "type" => kind = unquoted(value),
                        "text" => text = unquoted(value),
                        _ => {}
                    }
                    Ok(())
                })?;
                *images += u64::from(matches!(kind.as_deref(), Some("image_url" | "input_image")));
                texts.extend(text);
                Ok(())
            });
            walked.ok().filter(|()| well_formed)?;
            Some(match texts.len() {
                0 => Cow::Borrowed(""),
                1 => texts.swap_remove(0),
                _ => Cow::Owned(texts.join("\n")),
            })
        }
        _ => None,
    }
}
