//! A request as routing sees it: borrowed, free of JSON, without what the protocol wraps around it.

use std::borrow::Cow;

/// Who speaks in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions of the application (`system`, `developer`).
    System,
    /// The person, or what the application says in their name.
    User,
    /// The model.
    Assistant,
    /// The result of a tool the model called (`tool`, `function`).
    Tool,
}

/// One message: who says what. Parts that are not text (images, audio) are counted in [`Needs`], not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// The text, the text parts joined by newlines.
    pub text: Cow<'a, str>,
    /// Whether the assistant calls tools in this turn.
    pub calls_tools: bool,
}

/// What a request asks of whatever model is to answer it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Tools (or functions) are offered to the model.
    pub tools: bool,
    /// At least one image comes with a message.
    pub images: bool,
    /// The answer must follow a JSON schema (`response_format` of type `json_schema`).
    pub json_schema: bool,
    /// Input tokens, estimated from the number of bytes.
    pub input_tokens: u64,
    /// The most output tokens the caller allows, where it says.
    pub max_output_tokens: Option<u64>,
}

/// The conversation a category is to be found for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt<'a> {
    /// The messages, oldest first.
    pub turns: Vec<Turn<'a>>,
    /// What the answer takes.
    pub needs: Needs,
}

impl<'a> Prompt<'a> {
    /// A prompt of one user message and nothing else.
    #[must_use]
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        let needs = Needs { input_tokens: estimate_tokens(text.len()), ..Needs::default() };
        Self { turns: vec![Turn { role: Role::User, text, calls_tools: false }], needs }
    }

    /// The newest message of the user; what is to be judged.
    #[must_use]
    pub fn last_user(&self) -> Option<&Turn<'a>> {
        self.turns.iter().rev().find(|turn| turn.role == Role::User)
    }
}

/// Tokens of a text of so many bytes: a quarter, rounded up. Measured tokenizers give 3.5 to 4.5 bytes a token for
/// European prose; code and other scripts differ, which is why accounting never uses this where usage is reported.
#[must_use]
pub fn estimate_tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}
