//! Which category a request is given under a configuration.

use std::collections::HashMap;

use classify::{Bound, Embedded};
use routing::decision::{Finding, settled};
use routing::{
    Cascade, Classification, Classifier, Kind, ModelId, Needs, Prompt, Role, Router, Stage, Step, Then, Turn, Usage,
    Vote,
};

use super::setup::Setup;
use crate::demo::answer::{JUDGE_TOKENS, input_tokens};
use crate::request::classify::Around;

/// The most tokens of a message that a judge is shown: it reads 6,000 bytes.
const JUDGED_TOKENS: u64 = 1_500;

/// What finds categories as the gateway does, but for judges: one is taken to say what the request was meant to be, and
/// where that is not known, what the embedded classifier says.
#[derive(Clone, Debug)]
pub(super) struct Finder {
    pub(super) router: Router,
    classifier: Option<Bound>,
    /// Tokens of a judge's question without the message.
    question: u64,
    models: HashMap<String, ModelId>,
}

/// A request of the ledger as it was decided.
#[derive(Clone, Debug, Default)]
pub(super) struct Decided {
    pub(super) category: Option<String>,
    pub(super) by: String,
    pub(super) confidence: Option<f32>,
    pub(super) model: String,
    pub(super) needs: Needs,
    /// What a person said that it is.
    pub(super) meant: Option<String>,
}

impl Finder {
    /// The router's own classifier.
    pub(super) fn of(setup: &Setup) -> anyhow::Result<Self> {
        let router = setup.router()?.clone();
        let judged = matches!(router.classifying.kind, Kind::Llm);
        let classifier = if judged { builtin(&router)? } else { setup.bound().cloned() };
        let models = setup.config.table.models.iter().enumerate();
        let models = models.map(|(position, model)| (model.alias.clone(), ModelId::at(position))).collect();
        Ok(Self { question: question_tokens(&router), classifier, router, models })
    }

    /// The built-in classifier in the place of the router's judge.
    pub(super) fn without_judge(setup: &Setup) -> anyhow::Result<Self> {
        let mut finder = Self::of(setup)?;
        finder.router.classifying.kind = Kind::Embedded;
        Ok(finder)
    }

    /// Whether two find the same categories: then what was decided under one stands under the other.
    pub(super) fn same(&self, other: &Self) -> bool {
        let names = |finder: &Self| finder.router.categories.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        let (one, two) = (&self.router.classifying, &other.router.classifying);
        one.kind == two.kind
            && one.encoder_below == two.encoder_below
            && one.min_confidence.to_bits() == two.min_confidence.to_bits()
            && names(self) == names(other)
            && match (&self.classifier, &other.classifier) {
                (Some(one), Some(two)) => one.same_weights(two),
                (None, None) => true,
                _ => false,
            }
    }

    /// Finds the category of a prompt.
    pub(super) fn of_prompt(&self, prompt: &Prompt<'_>, meant: Option<&str>) -> proof::simulation::Route {
        if let Some(finding) = settled(&self.router, None, prompt, &Around::default()) {
            return route(finding.then, false, None);
        }
        let mut judge = None;
        let mut votes = Vec::new();
        loop {
            match Cascade(&self.router.classifying).step(&votes) {
                Step::Ask(Stage::Embedded) => {
                    let said = self.classifier.as_ref().and_then(|classifier| classifier.classify(prompt));
                    votes.push(Vote { stage: Stage::Embedded, said });
                }
                Step::Ask(Stage::Encoder) => {
                    let look = classify::look::Look::at(prompt);
                    let said = self.classifier.as_ref().and_then(|classifier| classifier.encoded(&look?));
                    votes.push(Vote { stage: Stage::Encoder, said });
                }
                Step::Ask(Stage::Llm) => {
                    judge = classify::judge::question(&self.router, prompt)
                        .map(|question| asked(input_tokens([&*question.system, &*question.user].into_iter())));
                    votes.push(Vote { stage: Stage::Llm, said: self.verdict(prompt, meant) });
                }
                Step::Done { found, seen } => {
                    let by_classifier = found.is_some() || seen.is_some();
                    let finding = Finding::by_stages(&self.router, found, seen);
                    return route(finding.then, by_classifier, judge);
                }
            }
        }
    }

    /// What a judge is taken to say.
    fn verdict(&self, prompt: &Prompt<'_>, meant: Option<&str>) -> Option<Classification> {
        let sure = |category| Classification { category, confidence: 1.0, probabilities: Vec::new() };
        let known = meant.and_then(|meant| self.router.find(meant)).map(sure);
        known.or_else(|| self.classifier.as_ref()?.whole(prompt, self.router.classifying.encoder_below))
    }

    /// Keeps what was decided at the time; `false` beside it: the router has no such category (or model), so its
    /// default stands.
    pub(super) fn kept(&self, decided: &Decided) -> (proof::simulation::Route, bool) {
        if let (None, Some(model)) = (&decided.category, self.models.get(&decided.model)) {
            // A rule named the model.
            return (route(Then::Model(*model), false, None), true);
        }
        let classifying = &self.router.classifying;
        let found = decided.category.as_deref().map(|category| self.router.find(category));
        let classified = matches!(decided.by.as_str(), "embedded" | "llm" | "default");
        let unsure = decided.confidence.is_some_and(|confidence| confidence < classifying.min_confidence);
        let judged = classified
            && match classifying.kind {
                Kind::Llm => true,
                // Whatever the embedded classifier was not sure enough of; a judge's word has no confidence.
                Kind::Cascade => decided.by == "llm" || unsure,
                Kind::Embedded | Kind::None => false,
            };
        let category = match found {
            // Under a higher threshold the default stands in its place.
            Some(Some(_)) if unsure && decided.by == "embedded" && classifying.kind == Kind::Embedded => {
                self.router.default
            }
            Some(Some(category)) => category,
            Some(None) | None => self.router.default,
        };
        let message = decided.needs.input_tokens.min(JUDGED_TOKENS);
        let judge = judged.then(|| asked(self.question + message));
        (route(Then::Category(category), classified, judge), matches!(found, Some(Some(_))))
    }
}

/// A judge's call.
fn asked(input: u64) -> Usage {
    Usage { input, output: JUDGE_TOKENS, ..Usage::default() }
}

fn route(then: Then, classified: bool, judge: Option<Usage>) -> proof::simulation::Route {
    proof::simulation::Route { then, classified, judge }
}

/// What stands in for a judge where nobody says what was meant; `None`: the categories are not the built-in ones.
fn builtin(router: &Router) -> anyhow::Result<Option<Bound>> {
    let model = Embedded::builtin()?;
    let known = router.categories.iter().all(|category| model.labels.contains(&category.name));
    Ok(known.then(|| Bound::to(model, router).with_encoder()))
}

fn question_tokens(router: &Router) -> u64 {
    let turn = Turn { role: Role::User, text: "?".into(), calls_tools: false };
    let prompt = Prompt { turns: vec![turn], needs: Needs::default() };
    let question = classify::judge::question(router, &prompt);
    question.map_or(0, |question| input_tokens([&*question.system, &*question.user].into_iter()))
}
