//! A configuration to simulate: which model a request goes to, and what that one takes and costs.

use std::collections::HashMap;

use routing::decision::Finding;
use routing::{Choice, DecidedBy, Model, ModelId, Needs, NoRoute, Router, RouterId, Table, Then, Usage, cost, decide};

use super::speed::{Known, Speed};
use crate::comparison::Spent;

/// A configuration, one of its routers, and how fast its models are.
#[derive(Clone, Debug)]
pub struct Scenario<'a> {
    /// The configuration.
    pub table: &'a Table,
    /// The router.
    pub router: RouterId,
    /// The model that everything is compared with.
    pub baseline: ModelId,
    /// All requests go to this model, whatever their category; no judge is asked.
    pub only: Option<ModelId>,
    /// The speed of each model of the table; `None`: nobody knows.
    pub speeds: Vec<Option<Speed>>,
    /// Whether models have queues: requests have a time at which they come.
    pub queues: bool,
}

/// Why it cannot be said what a model would take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unable {
    /// Nobody knows how fast it is.
    #[error(
        "the model `{0}` has no `profile`: write profile = {{ first_token = \"1s\", tokens_per_second = 60 }} under \
         [models.{0}]"
    )]
    NoSpeed(String),
    /// A router or a model is not in the table that it was named for.
    #[error("the configuration lacks what was named")]
    Mixed,
}

impl<'a> Scenario<'a> {
    /// The speeds of a table's models: those measured where `measured` (by alias) has them, else those of profiles.
    #[must_use]
    pub fn speeds(table: &Table, measured: &HashMap<String, Speed>) -> Vec<Option<Speed>> {
        let profile = |model: &Model| model.profile.as_ref().map(|profile| Speed::of(profile, Known::Profile));
        table.models.iter().map(|model| measured.get(&model.alias).copied().or_else(|| profile(model))).collect()
    }

    /// The router.
    ///
    /// # Errors
    /// When it is not in the table.
    pub fn the_router(&self) -> Result<&'a Router, Unable> {
        self.table.routers.get(self.router.index()).ok_or(Unable::Mixed)
    }

    /// The category's name that a request is counted under; one that a rule sent to a model has none.
    #[must_use]
    pub fn category(&self, then: Then) -> &'a str {
        let Then::Category(id) = then else { return RULE };
        let router = self.table.routers.get(self.router.index());
        router.and_then(|router| router.category(id)).map_or("", |category| &category.name)
    }

    /// What an answer takes: by itself, not waiting.
    ///
    /// # Errors
    /// When nobody knows how fast the model is.
    pub fn spent(&self, model: ModelId, usage: &Usage) -> Result<Spent, Unable> {
        let known = self.table.model(model).ok_or(Unable::Mixed)?;
        let speed = self.speeds.get(model.index()).copied().flatten();
        let speed = speed.ok_or_else(|| Unable::NoSpeed(known.alias.clone()))?;
        Ok(Spent {
            latency_us: speed.answer_us(usage.output),
            waited_us: 0,
            cost: known.price.map(|price| cost(&price, usage)).unwrap_or_default(),
            input: usage.input,
            output: usage.output,
            unpriced: known.price.is_none(),
        })
    }
}

/// What requests are counted under that a rule sent to a model.
const RULE: &str = "(rule)";

/// A kind of needs that all lead to the same chains: capabilities, and which contexts are too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NeedsClass {
    flags: u8,
    context: u16,
}

/// The first models of chains, each looked up once.
#[derive(Clone, Debug)]
pub(super) struct Heads {
    /// The contexts of the table's models, ascending, each once.
    contexts: Vec<u64>,
    /// By whether it is a category or a model, its number, and the needs.
    known: HashMap<(bool, u16, NeedsClass), Result<ModelId, NoRoute>>,
}

impl Heads {
    pub(super) fn new(table: &Table) -> Self {
        let mut contexts: Vec<u64> = table.models.iter().filter_map(|model| model.context).collect();
        contexts.sort_unstable();
        contexts.dedup();
        Self { contexts, known: HashMap::new() }
    }

    pub(super) fn class(&self, needs: &Needs) -> NeedsClass {
        let flags = [needs.tools, needs.images, needs.json_schema];
        let flags = flags.iter().fold(0, |all, flag| all << 1 | u8::from(*flag));
        let below = self.contexts.partition_point(|context| *context < needs.input_tokens);
        NeedsClass { flags, context: u16::try_from(below).unwrap_or(u16::MAX) }
    }

    /// Needs that stand for a class.
    fn needs(&self, class: NeedsClass) -> Needs {
        let has = |bit: u8| class.flags & bit != 0;
        let below = usize::from(class.context).checked_sub(1).and_then(|last| self.contexts.get(last));
        let input_tokens = below.map_or(0, |context| context.saturating_add(1));
        Needs { tools: has(4), images: has(2), json_schema: has(1), input_tokens, max_output_tokens: None }
    }

    /// The model that requests go to.
    pub(super) fn head(&mut self, scenario: &Scenario<'_>, then: Then, class: NeedsClass) -> Result<ModelId, NoRoute> {
        let key = (matches!(then, Then::Category(_)), id(then), class);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let head = self.look_up(scenario, then, class);
        self.known.insert(key, head.clone());
        head
    }

    /// The same without remembering it.
    pub(super) fn look_up(&self, scenario: &Scenario<'_>, then: Then, class: NeedsClass) -> Result<ModelId, NoRoute> {
        if let Some(model) = scenario.only {
            return Ok(model);
        }
        let finding = Finding::sure(then, DecidedBy::Default);
        let decision = decide(scenario.table, &self.needs(class), &Choice::Router(scenario.router), &finding)?;
        decision.chain.first().copied().ok_or(NoRoute::Empty)
    }
}

fn id(then: Then) -> u16 {
    match then {
        Then::Category(id) => id.0,
        Then::Model(id) => id.0,
    }
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
pub(super) mod tests;
