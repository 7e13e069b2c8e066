//! Rules: what is decided by the shape of a request, before any classifier.

use regex::Regex;

use crate::{CategoryId, ModelId, Needs, Prompt};

/// A rule of a router: the first whose conditions all hold decides.
#[derive(Clone, Debug)]
pub struct Rule {
    /// All of these must hold.
    pub when: When,
    /// What then happens.
    pub then: Then,
}

/// What a rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The request belongs to this category.
    Category(CategoryId),
    /// This model answers, before the fallback.
    Model(ModelId),
}

/// Conditions of a rule. Each field that is set must hold; an empty one always holds.
#[derive(Clone, Debug, Default)]
pub struct When {
    /// Tools are offered, or not.
    pub tools: Option<bool>,
    /// Images come with it, or not.
    pub images: Option<bool>,
    /// A JSON schema is asked for, or not.
    pub json_schema: Option<bool>,
    /// At least so many input tokens (estimated).
    pub min_input_tokens: Option<u64>,
    /// At most so many input tokens (estimated).
    pub max_input_tokens: Option<u64>,
    /// The last user message matches.
    pub regex: Option<Regex>,
    /// Request headers with these values; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The name of the key the request was made with.
    pub key: Option<String>,
    /// Entries of the body's `metadata` with these values.
    pub metadata: Vec<(String, String)>,
}

/// What comes with a request besides its conversation, for rules to look at.
pub trait Surroundings {
    /// The value of a header; `name` is in lower case.
    fn header(&self, name: &str) -> Option<&str>;
    /// A string in the body's `metadata`.
    fn metadata(&self, name: &str) -> Option<&str>;
    /// The name of the key.
    fn key(&self) -> Option<&str>;
}

impl When {
    /// Whether every condition holds.
    #[must_use]
    pub fn holds(&self, prompt: &Prompt<'_>, around: &dyn Surroundings) -> bool {
        let Needs { tools, images, json_schema, input_tokens, .. } = prompt.needs;
        let is = |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
        is(self.tools, tools)
            && is(self.images, images)
            && is(self.json_schema, json_schema)
            && self.min_input_tokens.is_none_or(|least| input_tokens >= least)
            && self.max_input_tokens.is_none_or(|most| input_tokens <= most)
            && self.headers.iter().all(|(name, value)| around.header(name) == Some(value))
            && self.metadata.iter().all(|(name, value)| around.metadata(name) == Some(value))
            && self.key.as_deref().is_none_or(|key| around.key() == Some(key))
            && self.regex.as_ref().is_none_or(|regex| prompt.last_user().is_some_and(|turn| regex.is_match(&turn.text)))
    }
}
