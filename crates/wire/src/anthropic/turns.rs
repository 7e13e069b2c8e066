//! The conversation: OpenAI's messages as Anthropic's turns of content blocks.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::parts::{Block, Input, blocks, text_block};
use crate::Invalid;
use crate::json::{as_str, too_deep};

/// What the person says where OpenAI's conversation lets nobody speak before the model: Anthropic's must begin with
/// a turn of the user that is not blank.
const OPENING: &str = ".";

/// A conversation as Anthropic takes it.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    /// What the application says, wherever in the conversation it said it.
    pub(super) system: Vec<Block<'a>>,
    /// The rest: the user and the model in turns.
    pub(super) turns: Vec<Turn<'a>>,
    /// Calls so far in the form that had no ids, to give them some.
    nameless: usize,
}

/// What one of them says until it is the other's turn.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    role: Speaker,
    content: Vec<Block<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Speaker {
    User,
    Assistant,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<Vec<Call<'a>>>,
    #[serde(borrow)]
    function_call: Option<Function<'a>>,
    #[serde(borrow)]
    tool_call_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

impl<'a> Conversation<'a> {
    /// Reads `messages`.
    ///
    /// # Errors
    /// When it is not an array of messages, or a message says what Anthropic's models cannot be told.
    pub(super) fn read(messages: &'a RawValue) -> Result<Self, Invalid> {
        let messages: Vec<Message<'a>> = serde_json::from_str(messages.get()).map_err(|error| {
            // serde's text can quote what it met; only its place goes to the caller.
            let (line, column) = (error.line(), error.column());
            wrong(format!("`messages` must be an array of message objects (line {line}, column {column} of it)"))
        })?;
        let mut conversation = Self { system: Vec::new(), turns: Vec::new(), nameless: 0 };
        for (position, message) in messages.into_iter().enumerate() {
            conversation
                .take(message)
                .map_err(|what| Invalid { message: format!("`messages[{position}]{}", what.message), ..what })?;
        }
        Ok(conversation)
    }

    fn take(&mut self, message: Message<'a>) -> Result<(), Invalid> {
        let role = message.role.and_then(as_str).unwrap_or_default();
        match &*role {
            "system" | "developer" => {
                let said = marked(blocks(message.content)?, message.cache_control);
                if !said.iter().all(|block| matches!(block, Block::Text { .. })) {
                    return Err(wrong(".content` of the system must be text"));
                }
                self.system.extend(said);
            }
            "user" => self.add(Speaker::User, marked(blocks(message.content)?, message.cache_control)),
            "assistant" => {
                let said = self.answered(&message)?;
                self.add(Speaker::Assistant, marked(said, message.cache_control));
            }
            "tool" | "function" => {
                let id = match message.tool_call_id {
                    Some(id) => tool_id(id),
                    None if role == "function" => nameless_id(self.nameless),
                    None => return Err(wrong(".tool_call_id` is missing: the id of the call this is the result of")),
                };
                let mut content = blocks(message.content)?;
                let marks: Vec<_> = content.iter_mut().filter_map(Block::take_mark).collect();
                let cache_control = message.cache_control.or(marks.last().copied());
                self.add(Speaker::User, vec![Block::ToolResult { tool_use_id: id, content, cache_control }]);
            }
            _ => return Err(wrong(".role` must be one of system, developer, user, assistant, tool, function")),
        }
        Ok(())
    }

    /// What the model said: its words, then the tools it called.
    fn answered(&mut self, message: &Message<'a>) -> Result<Vec<Block<'a>>, Invalid> {
        let mut said = blocks(message.content)?;
        said.extend(message.refusal.and_then(as_str).and_then(|text| text_block(text, None)));
        for (position, call) in message.tool_calls.iter().flatten().enumerate() {
            let (Some(id), Some(function)) = (&call.id, &call.function) else {
                return Err(wrong(format!(".tool_calls[{position}]` must be the call of a function, with an id")));
            };
            said.push(call_block(tool_id(id.clone()), function));
        }
        if let Some(function) = &message.function_call {
            self.nameless += 1;
            said.push(call_block(nameless_id(self.nameless), function));
        }
        Ok(said)
    }

    /// Anthropic's turns alternate: who goes on speaking goes on in the same turn.
    fn add(&mut self, role: Speaker, mut said: Vec<Block<'a>>) {
        match self.turns.last_mut() {
            _ if said.is_empty() => {}
            Some(turn) if turn.role == role => turn.content.append(&mut said),
            _ => self.turns.push(Turn { role, content: said }),
        }
    }

    /// Lets the model go on from the beginning of an answer.
    pub(super) fn begin_answer(&mut self, begun: &'a str) {
        self.add(Speaker::Assistant, text_block(begun.into(), None).into_iter().collect());
    }

    /// Adds and takes away what Anthropic would refuse the whole conversation for.
    pub(super) fn settle(&mut self) {
        if self.turns.is_empty() {
            // An application that says everything as the system wants an answer to that.
            let content = std::mem::take(&mut self.system);
            self.add(Speaker::User, content);
        }
        if self.turns.first().is_none_or(|turn| turn.role == Speaker::Assistant) {
            let content = text_block(OPENING.into(), None).into_iter().collect();
            self.turns.insert(0, Turn { role: Speaker::User, content });
        }
        // An answer to go on from must not end in white space.
        if let Some(Turn { role: Speaker::Assistant, content }) = self.turns.last_mut()
            && let Some(Block::Text { text, .. }) = content.last_mut()
        {
            *text = text.trim_end().to_owned().into();
        }
    }

    /// The names of the tools called, each once.
    pub(super) fn called(&self) -> Vec<Cow<'a, str>> {
        let mut names: Vec<Cow<'a, str>> = Vec::new();
        for block in self.turns.iter().flat_map(|turn| &turn.content) {
            if let Block::ToolUse { name, .. } = block
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// Whether the last thing the model did was to call tools.
    pub(super) fn ends_in_calls(&self) -> bool {
        let last = self.turns.iter().rfind(|turn| turn.role == Speaker::Assistant);
        last.is_some_and(|turn| turn.content.iter().any(|block| matches!(block, Block::ToolUse { .. })))
    }
}

/// The blocks, the mark of a whole message at the last of them: what is cached is everything up to there.
fn marked<'a>(mut said: Vec<Block<'a>>, cache_control: Option<&'a RawValue>) -> Vec<Block<'a>> {
    if let (Some(last), Some(mark)) = (said.last_mut(), cache_control) {
        last.mark(mark);
    }
    said
}

fn call_block<'a>(id: Cow<'a, str>, function: &Function<'a>) -> Block<'a> {
    Block::ToolUse { id, name: function.name.clone(), input: input(function.arguments), cache_control: None }
}

/// The arguments of a call, which OpenAI writes as JSON in a string. A model can have written something else there;
/// it is told so rather than the conversation ended.
fn input(arguments: Option<&RawValue>) -> Input<'_> {
    let Some(raw) = arguments else {
        return Input::Nothing {};
    };
    let text = as_str(raw).unwrap_or(Cow::Borrowed(raw.get()));
    if text.trim().is_empty() {
        return Input::Nothing {};
    }
    if text.trim_start().starts_with('{')
        && !too_deep(text.as_bytes())
        && let Ok(object) = RawValue::from_string(text.trim().to_owned())
    {
        return Input::Object(object);
    }
    Input::Text { arguments: text }
}

/// An id as Anthropic allows them: letters, digits, `_` and `-`. Other providers' ids have more.
fn tool_id(id: Cow<'_, str>) -> Cow<'_, str> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if id.is_empty() {
        "_".into()
    } else if id.chars().all(allowed) {
        id
    } else {
        id.chars().map(|letter| if allowed(letter) { letter } else { '_' }).collect::<String>().into()
    }
}

/// The id of a call by `function_call`, which has none: each is answered before the next is made.
fn nameless_id(count: usize) -> Cow<'static, str> {
    format!("function_call_{count}").into()
}

/// What is wrong with `messages`, or what is wrong with one of them, to be put behind its place there.
pub(super) fn wrong(message: impl Into<String>) -> Invalid {
    Invalid { message: message.into(), param: Some("messages") }
}

#[cfg(test)]
#[path = "turns_tests.rs"]
mod tests;
