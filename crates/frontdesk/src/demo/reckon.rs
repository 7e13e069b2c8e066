//! The guide's workload without sending it: the same decisions as the gateway's, and times and costs from the models'
//! profiles and prices.

use anyhow::{Context, bail};
use classify::{Bound, Embedded};
use routing::decision::{Finding, settled};
use routing::{
    Cascade, Choice, Classification, Classifier, Kind, Model, NanoUsd, Pair, Prompt, Router, RouterId, Spent, Stage,
    Step, Usage, Vote, compare, cost, decide,
};

use super::answer::{JUDGE_TOKENS, input_tokens};
use super::guide::OUTPUT_TOKENS;
use super::outcome::Outcome;
use super::workload::Item;
use crate::config::Config;
use crate::request::classify::Around;

/// Reckons what the items take through a router. Where it asks a model, the embedded classifier is reckoned beside it.
///
/// # Errors
/// When the router lacks a baseline, or a model that is needed a profile.
pub fn reckon(config: &Config, id: RouterId, items: &[Item]) -> anyhow::Result<Outcome> {
    let router = config.table.routers.get(id.index()).context("the configuration has no router")?;
    let name = &router.name;
    let baseline = router.baseline.with_context(|| format!("the router `{name}` has no `baseline` to compare with"))?;
    let baseline = config.table.model(baseline).context("the baseline is a model")?;
    let all = |classifier: Option<&Bound>, kind| {
        let mut router = router.clone();
        router.classifying.kind = kind;
        let reckoner = Reckoner { config, id, router: &router, classifier, baseline };
        let pairs = items.iter().map(|item| reckoner.pair(item)).collect::<anyhow::Result<Vec<_>>>()?;
        anyhow::Ok(compare(&pairs))
    };
    let kind = router.classifying.kind;
    let own = config.classifiers.get(id.index()).and_then(Option::as_ref);
    let main = all(own, kind)?;
    let (routed, judged) = match kind {
        Kind::Llm => (all(Some(&Bound::to(Embedded::builtin()?, router).with_encoder()), Kind::Embedded)?, Some(main)),
        Kind::Embedded | Kind::Cascade | Kind::None => (main, None),
    };
    Ok(Outcome { requests: items.len(), speedup: None, baseline: baseline.alias.clone(), routed, judged })
}

struct Reckoner<'a> {
    config: &'a Config,
    id: RouterId,
    router: &'a Router,
    classifier: Option<&'a Bound>,
    baseline: &'a Model,
}

impl Reckoner<'_> {
    fn pair(&self, item: &Item) -> anyhow::Result<Pair> {
        let prompt = item.prompt();
        let usage = Usage { input: prompt.needs.input_tokens, output: OUTPUT_TOKENS, ..Usage::default() };
        let (finding, judge) = self.find(item, &prompt)?;
        let decision = decide(&self.config.table, &prompt.needs, &Choice::Router(self.id), &finding)?;
        let model = decision.chain.first().and_then(|model| self.config.table.model(*model));
        let answer = spent(model.context("the route has a model")?, &usage)?;
        let category = decision.category.and_then(|category| self.router.category(category));
        Ok(Pair {
            category: category.map_or_else(String::new, |category| category.name.clone()),
            meant: Some(item.meant.to_owned()),
            routed: Spent { latency_ms: answer.latency_ms + judge.latency_ms, cost: answer.cost + judge.cost },
            baseline: spent(self.baseline, &usage)?,
        })
    }

    /// The category, and what asking a model for it takes.
    fn find(&self, item: &Item, prompt: &Prompt<'_>) -> anyhow::Result<(Finding, Spent)> {
        if let Some(finding) = settled(self.router, None, prompt, &Around::default()) {
            return Ok((finding, Spent::default()));
        }
        let mut judge = Spent::default();
        let mut votes = Vec::new();
        loop {
            match Cascade(&self.router.classifying).step(&votes) {
                Step::Ask(Stage::Embedded) => {
                    let said = self.classifier.and_then(|classifier| classifier.classify(prompt));
                    votes.push(Vote { stage: Stage::Embedded, said });
                }
                Step::Ask(Stage::Encoder) => {
                    let look = classify::look::Look::at(prompt);
                    let said = self.classifier.and_then(|classifier| classifier.encoded(&look?));
                    votes.push(Vote { stage: Stage::Encoder, said });
                }
                Step::Ask(Stage::Llm) => {
                    judge = self.asked(prompt)?;
                    votes.push(Vote { stage: Stage::Llm, said: self.always_right(item) });
                }
                Step::Done { found, seen } => return Ok((Finding::by_stages(self.router, found, seen), judge)),
            }
        }
    }

    fn always_right(&self, item: &Item) -> Option<Classification> {
        let category = self.router.find(item.meant)?;
        Some(Classification { category, confidence: 1.0, probabilities: Vec::new() })
    }

    fn asked(&self, prompt: &Prompt<'_>) -> anyhow::Result<Spent> {
        let judge = self.router.classifying.model.and_then(|model| self.config.table.model(model));
        let judge = judge.context("the router's classifier has a model")?;
        let question = classify::judge::question(self.router, prompt).context("the workload has prompts")?;
        let input = input_tokens([&*question.system, &*question.user].into_iter());
        spent(judge, &Usage { input, output: JUDGE_TOKENS, ..Usage::default() })
    }
}

fn spent(model: &Model, usage: &Usage) -> anyhow::Result<Spent> {
    let Some(profile) = &model.profile else {
        bail!(
            "the model `{alias}` has no `profile`: write profile = {{ first_token = \"1s\", tokens_per_second = 60 }} \
             under [models.{alias}]",
            alias = model.alias
        );
    };
    Ok(Spent {
        latency_ms: profile.answer_ms(usage.output),
        cost: model.price.map_or(NanoUsd::ZERO, |price| cost(&price, usage)),
    })
}
