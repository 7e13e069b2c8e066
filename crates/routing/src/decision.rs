//! Where a request goes: the category that was found, and the models to try for it.

use crate::rule::Surroundings;
use crate::{
    Capability, CategoryId, Classification, Confidence, Model, ModelId, Needs, Prompt, Router, RouterId, Stage, Table,
    Then,
};

/// What the client asked for by the body's `model` (or `models`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A router: find the category.
    Router(RouterId),
    /// One model.
    Model(ModelId),
    /// These models, in this order; never empty.
    Chain(Vec<ModelId>),
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// The client named the model.
    Override,
    /// The client named the category.
    Hint,
    /// A rule of the router.
    Rule,
    /// The conversation keeps what it had.
    Session,
    /// The embedded classifier.
    Embedded,
    /// The model that was asked.
    Llm,
    /// Nothing: the router's default.
    Default,
}

impl DecidedBy {
    /// Each with its word in headers, ledger and metrics.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Override, "override"),
        (Self::Hint, "hint"),
        (Self::Rule, "rule"),
        (Self::Session, "session"),
        (Self::Embedded, "embedded"),
        (Self::Llm, "llm"),
        (Self::Default, "default"),
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(by, _)| *by == self).map_or("", |(_, word)| word)
    }
}

/// What the request is about, before the models are looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The category, or the model of a rule.
    pub then: Then,
    /// What decided.
    pub by: DecidedBy,
    /// How sure the classifier was, where one was asked.
    pub confidence: Option<Confidence>,
    /// The probability of every category, where the classifier gave them.
    pub probabilities: Vec<Confidence>,
}

impl Finding {
    /// What the stages of a classifier came to: the category that was found and by whom, else the router's default, with
    /// the newest classification that was seen. A model's word has no probability that would mean anything.
    #[must_use]
    pub fn by_stages(router: &Router, found: Option<(Stage, CategoryId)>, seen: Option<Classification>) -> Self {
        let (category, by) = match found {
            Some((Stage::Embedded | Stage::Encoder, category)) => (category, DecidedBy::Embedded),
            Some((Stage::Llm, category)) => (category, DecidedBy::Llm),
            None => (router.default, DecidedBy::Default),
        };
        let seen = seen.filter(|_| by != DecidedBy::Llm);
        Self {
            confidence: seen.as_ref().map(|seen| seen.confidence),
            probabilities: seen.map(|seen| seen.probabilities).unwrap_or_default(),
            ..Self::sure(Then::Category(category), by)
        }
    }

    /// A finding that no classifier made.
    #[must_use]
    pub fn sure(then: Then, by: DecidedBy) -> Self {
        Self { then, by, confidence: None, probabilities: Vec::new() }
    }
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The router; `None` for an override.
    pub router: Option<RouterId>,
    /// The category; `None` for an override and for a rule that names a model.
    pub category: Option<CategoryId>,
    /// How sure the classifier was, where one was asked.
    pub confidence: Option<Confidence>,
    /// The probability of every category, where the classifier gave them.
    pub probabilities: Vec<Confidence>,
    /// What decided.
    pub by: DecidedBy,
    /// The models to try, in order; never empty.
    pub chain: Vec<ModelId>,
}

/// Why no model can serve a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// Every model lacks something the request needs.
    #[error("no model of this route can serve the request: it needs {need}, and {without} cannot")]
    Incapable {
        /// What is needed, as the configuration's word.
        need: &'static str,
        /// Aliases of the models that lack it.
        without: String,
    },
    /// The category has no model and the router no fallback.
    #[error("this route has no model")]
    Empty,
}

/// What hint and rules say, in this order, before any classifier is asked; `None`: nothing.
#[must_use]
pub fn settled(
    router: &Router,
    hint: Option<CategoryId>,
    prompt: &Prompt<'_>,
    around: &dyn Surroundings,
) -> Option<Finding> {
    if let Some(category) = hint {
        return Some(Finding::sure(Then::Category(category), DecidedBy::Hint));
    }
    let rule = router.rules.iter().find(|rule| rule.when.holds(prompt, around))?;
    Some(Finding::sure(rule.then, DecidedBy::Rule))
}

/// The models for what was found, without those that cannot serve the request.
///
/// A model the client names itself is never dropped, and it is followed by the fallback of the first router; a list of
/// models is taken as it stands. The length of a conversation is only estimated: where it seems to fit nowhere, the
/// models with the largest context stay.
///
/// # Errors
/// When no model is left.
pub fn decide(table: &Table, needs: &Needs, choice: &Choice, finding: &Finding) -> Result<Decision, NoRoute> {
    let decision = |router, category, chain| Decision {
        router,
        category,
        confidence: finding.confidence,
        probabilities: finding.probabilities.clone(),
        by: finding.by,
        chain,
    };
    match choice {
        Choice::Chain(models) => Ok(decision(None, None, models.clone())),
        Choice::Model(model) => {
            let fallback = table.routers.first().map_or(&[][..], |router| &router.fallback);
            let capable = capable(table, needs, fallback).unwrap_or_default();
            Ok(decision(None, None, preceded(*model, &capable)))
        }
        Choice::Router(id) => {
            let router = table.routers.get(id.index()).ok_or(NoRoute::Empty)?;
            let (category, chain) = match finding.then {
                Then::Category(category) => (Some(category), router.chain(category)),
                Then::Model(model) => (None, preceded(model, &router.fallback)),
            };
            Ok(decision(Some(*id), category, capable(table, needs, &chain)?))
        }
    }
}

/// `first`, then the others without it.
fn preceded(first: ModelId, others: &[ModelId]) -> Vec<ModelId> {
    let rest = others.iter().copied().filter(|model| *model != first);
    std::iter::once(first).chain(rest).collect()
}

/// Whether a model has what a request needs, its length as far as it can be estimated.
#[must_use]
pub fn fits(model: &Model, needs: &Needs) -> bool {
    let room = model.context.is_none_or(|context| context >= needs.input_tokens);
    room && WANTED.iter().all(|(wanted, capability, _)| !wanted(needs) || model.can(*capability))
}

/// What a request may need, the capability that serves it, and its word.
type Wanted = (fn(&Needs) -> bool, Capability, &'static str);
const WANTED: [Wanted; 3] = [
    (|needs| needs.images, Capability::Vision, "vision"),
    (|needs| needs.tools, Capability::Tools, "tools"),
    (|needs| needs.json_schema, Capability::JsonSchema, "json_schema"),
];

/// The models of a chain that can do what is needed.
fn capable(table: &Table, needs: &Needs, chain: &[ModelId]) -> Result<Vec<ModelId>, NoRoute> {
    let mut left: Vec<(ModelId, &Model)> = chain.iter().filter_map(|id| Some((*id, table.model(*id)?))).collect();
    for (wanted, capability, need) in WANTED {
        if wanted(needs) && !left.is_empty() {
            let without = || left.iter().map(|(_, model)| model.alias.as_str()).collect::<Vec<_>>().join(", ");
            let able: Vec<_> = left.iter().copied().filter(|(_, model)| model.can(capability)).collect();
            if able.is_empty() {
                return Err(NoRoute::Incapable { need, without: without() });
            }
            left = able;
        }
    }
    let room = |model: &Model| model.context.unwrap_or(u64::MAX);
    let most = left.iter().map(|(_, model)| room(model)).max().ok_or(NoRoute::Empty)?;
    left.retain(|(_, model)| room(model) >= needs.input_tokens.min(most));
    Ok(left.into_iter().map(|(id, _)| id).collect())
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
