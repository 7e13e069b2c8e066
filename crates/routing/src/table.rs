//! The resolved configuration as routing sees it: validated tables, indices instead of names.

use std::time::Duration;

use crate::{CategoryId, ModelId, Moment, Price, ProviderId, Rule, Sticky};

/// Everything a decision can depend on besides the request: models and routers, each in configuration order.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Names of the providers; [`Model::provider`] points here.
    pub providers: Vec<String>,
    /// The models; aliases are unique.
    pub models: Vec<Model>,
    /// The routers; names are unique and differ from every alias.
    pub routers: Vec<Router>,
}

impl Table {
    /// The model of an id. Ids come from this table, so it is there; `None` says that they were mixed up.
    #[must_use]
    pub fn model(&self, id: ModelId) -> Option<&Model> {
        self.models.get(id.index())
    }

    /// The alias of a model, for headers, logs and the ledger.
    #[must_use]
    pub fn alias(&self, id: ModelId) -> &str {
        self.model(id).map_or("", |model| model.alias.as_str())
    }

    /// The model a client means by `name`: an alias, `provider/alias`, or the provider's own id (the first that has it).
    #[must_use]
    pub fn find_model(&self, name: &str) -> Option<ModelId> {
        let qualified = |model: &Model| {
            let provider = self.providers.get(model.provider.index())?;
            name.strip_prefix(provider.as_str())?.strip_prefix('/')
        };
        let by = |test: &dyn Fn(&Model) -> bool| self.models.iter().position(test).map(ModelId::at);
        by(&|model| model.alias == name)
            .or_else(|| by(&|model| qualified(model) == Some(model.alias.as_str())))
            .or_else(|| by(&|model| model.id == name))
    }
}

/// An upstream model.
#[derive(Clone, Debug)]
pub struct Model {
    /// The name in the configuration.
    pub alias: String,
    /// Who serves it.
    pub provider: ProviderId,
    /// The provider's id of it, what goes upstream as `model`.
    pub id: String,
    /// What it costs; `None`: its requests are recorded as unpriced.
    pub price: Option<Price>,
    /// The most tokens of input and output together; `None`: unknown, taken as enough.
    pub context: Option<u64>,
    /// What it can do beyond text.
    pub capabilities: Vec<Capability>,
    /// Its usual speed, for estimates and simulation.
    pub profile: Option<Profile>,
}

impl Model {
    /// Whether it has a capability.
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

/// What a model can do beyond text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Calls tools.
    Tools,
    /// Reads images.
    Vision,
    /// Follows a JSON schema.
    JsonSchema,
    /// Thinks before it answers.
    Reasoning,
    /// Goes on from a given beginning of its answer.
    Prefill,
}

impl Capability {
    /// Every capability with its word in the configuration.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Tools, "tools"),
        (Self::Vision, "vision"),
        (Self::JsonSchema, "json_schema"),
        (Self::Reasoning, "reasoning"),
        (Self::Prefill, "prefill"),
    ];
}

/// How fast a model usually is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// From the request to the first token.
    pub first_token: Duration,
    /// Output tokens a second after the first; above zero.
    pub tokens_per_second: f64,
    /// Requests that it answers at the same time, others wait; `None`: any number.
    pub concurrent: Option<u32>,
}

impl Profile {
    /// How long an answer of so many tokens takes at this speed, milliseconds: the first token, then one after another.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of tokens")]
    pub fn answer_ms(&self, tokens: u64) -> f64 {
        self.first_token.as_secs_f64() * 1e3 + tokens as f64 / self.tokens_per_second * 1e3
    }
}

/// A routing policy.
#[derive(Clone, Debug)]
pub struct Router {
    /// What clients send as `model`.
    pub name: String,
    /// The category when nothing else decides.
    pub default: CategoryId,
    /// Ends every category's chain.
    pub fallback: Vec<ModelId>,
    /// The single model that savings are counted against.
    pub baseline: Option<ModelId>,
    /// The categories, in configuration order; at least one.
    pub categories: Vec<Category>,
    /// First match wins, before the classifier.
    pub rules: Vec<Rule>,
    /// What is asked for a category.
    pub classifying: Classifying,
    /// How conversations keep their model.
    pub session: Session,
    /// Whether a stream that breaks after its first token is continued by another model of the chain.
    pub continues: bool,
}

impl Router {
    /// The category of that name.
    #[must_use]
    pub fn find(&self, category: &str) -> Option<CategoryId> {
        self.categories.iter().position(|known| known.name == category).map(CategoryId::at)
    }

    /// The category of an id of this router.
    #[must_use]
    pub fn category(&self, id: CategoryId) -> Option<&Category> {
        self.categories.get(id.index())
    }

    /// The models to try for a category, in order and each once: its own, then the fallback.
    #[must_use]
    pub fn chain(&self, category: CategoryId) -> Vec<ModelId> {
        let own = self.category(category).map_or(&[][..], |category| &category.models);
        let mut chain = Vec::with_capacity(own.len() + self.fallback.len());
        for model in own.iter().chain(&self.fallback) {
            if !chain.contains(model) {
                chain.push(*model);
            }
        }
        chain
    }
}

/// A label of a router.
#[derive(Clone, Debug)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// What belongs here, in words a model understands.
    pub about: String,
    /// Its specialists, in order; may be empty where the fallback serves it.
    pub models: Vec<ModelId>,
    /// Prompts that belong here, for few-shot learning.
    pub examples: Vec<String>,
}

/// How a router finds the category of a request that no override, hint or rule decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifying {
    /// What is asked.
    pub kind: Kind,
    /// Below it the answer of the embedded classifier is not taken; 0 to 1.
    pub min_confidence: f32,
    /// Below it its second stage, the encoder, is asked; `None`: it has none.
    pub encoder_below: Option<f32>,
    /// The model that is asked (`llm`, `cascade`).
    pub model: Option<ModelId>,
    /// How long it may take.
    pub timeout: Duration,
    /// Whether the answer is begun on the judge's own model while it judges.
    pub speculate: bool,
}

/// The kinds of classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Inside the process.
    Embedded,
    /// A model is asked.
    Llm,
    /// The embedded one, and a model where it is unsure.
    Cascade,
    /// None: rules, hints and the default.
    None,
}

impl Kind {
    /// Its word in the configuration and the ledger.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Llm => "llm",
            Self::Cascade => "cascade",
            Self::None => "none",
        }
    }
}

/// How conversations keep their model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// When the model is kept.
    pub sticky: Sticky,
    /// How long after its last request a conversation is remembered.
    pub ttl: Moment,
}
