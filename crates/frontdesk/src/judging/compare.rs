//! One comparison: two answers to one conversation, judged in both orders.

use bytes::Bytes;
use ledger::{Conversation, Judgement};
use proof::pairwise::{Question, most_input_tokens, question, read_verdict};
use routing::{Capability, Model, NanoUsd, Price, Prompt, Role, Usage, cost, prompt::estimate_tokens};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use wire::ChatRequest;

use super::ask::{Failed, Said, ask};
use super::plan::{Candidate, hashed};
use crate::config::Config;
use crate::request::forward::call::Callee;
use crate::request::forward::client::Client;

/// The most tokens of a verdict: one word, however a model cuts it.
const VERDICT: u64 = 16;
/// The same of a model that thinks before it answers.
const THOUGHTFUL_VERDICT: u64 = 2_048;
/// Makes the mark within a question another number than the request's rank.
const MARK: u64 = 0x6a75_6467;

/// Who compares what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bench<'a> {
    /// Connections.
    pub(crate) client: &'a Client,
    /// The configuration with the routes' models.
    pub(crate) config: &'a Config,
    /// The model that judges.
    pub(crate) judge: Callee<'a>,
    /// The model that the routes are compared with.
    pub(crate) baseline: Callee<'a>,
    /// The most tokens of an answer.
    pub(crate) max_tokens: u64,
    /// Marks questions.
    pub(crate) seed: u64,
}

/// How many answers came from where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Facts {
    /// Answers of a route that the ledger had.
    pub(crate) stored: u64,
    /// Answers that were asked for.
    pub(crate) asked: u64,
    /// Of them, those that were as long as may be and thus probably cut.
    pub(crate) cut: u64,
    /// Pairs of the same text, which tie without a judge.
    pub(crate) same: u64,
    /// Verdicts that were asked for.
    pub(crate) verdicts: u64,
}

/// A comparison that can begin.
#[derive(Debug)]
pub(crate) struct Ready {
    candidate: Candidate,
    conversation: Conversation,
    /// The request for an answer, whose model is replaced by whoever is asked.
    body: Bytes,
    /// The most that it costs, by estimate.
    pub(super) most: NanoUsd,
}

/// A comparison that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What had been set aside for it.
    pub(super) most: NanoUsd,
    /// What it cost.
    pub(super) cost: NanoUsd,
    pub(super) facts: Facts,
    pub(super) result: Result<Judgement, Failed>,
}

impl Facts {
    pub(super) fn add(&mut self, other: &Self) {
        self.stored += other.stored;
        self.asked += other.asked;
        self.cut += other.cut;
        self.same += other.same;
        self.verdicts += other.verdicts;
    }
}

impl<'a> Bench<'a> {
    /// Gets a comparison ready, or says why it cannot be made.
    pub(super) fn ready(&self, candidate: Candidate, conversation: Option<Conversation>) -> Result<Ready, String> {
        let conversation = conversation.ok_or("the request has been forgotten meanwhile")?;
        let damaged = |_| "the kept prompt is damaged".to_owned();
        let messages: &RawValue = serde_json::from_str(&conversation.prompt).map_err(damaged)?;
        let request = json!({"model": self.baseline.model.id, "max_tokens": self.max_tokens});
        let mut body = request.to_string();
        body.pop();
        let body = Bytes::from(format!("{body},\"messages\":{}}}", messages.get()));
        let prompt = ChatRequest::read(&body).and_then(|ours| ours.prompt());
        let prompt = prompt.map_err(|invalid| format!("the kept prompt is damaged: {invalid}"))?;
        if prompt.needs.images {
            return Err("the request has images, which the judge would not see".into());
        }
        if prompt.turns.iter().any(|turn| turn.calls_tools || turn.role == Role::Tool) {
            return Err("the request goes on from calls of tools, which are not kept".into());
        }
        let most = self.most(&candidate, &prompt, body.len());
        Ok(Ready { most, candidate, conversation, body })
    }

    /// The most that a comparison costs, by estimate: all answers as long as may be.
    fn most(&self, candidate: &Candidate, prompt: &Prompt<'_>, bytes: usize) -> NanoUsd {
        let answer = Usage { input: estimate_tokens(bytes), output: self.max_tokens, ..Usage::default() };
        let input = most_input_tokens(prompt, self.max_tokens);
        let verdict = Usage { input, output: verdict_tokens(self.judge.model), ..Usage::default() };
        let price = |model: Option<&Model>| model.and_then(|model| model.price);
        let of = |price: Option<Price>, usage: &Usage| price.map_or(NanoUsd::ZERO, |price| cost(&price, usage));
        let route = self.route(candidate).filter(|_| !candidate.stored).map(|route| route.model);
        let verdict = of(price(Some(self.judge.model)), &verdict);
        of(price(route), &answer) + of(price(Some(self.baseline.model)), &answer) + verdict + verdict
    }

    /// The route's model, where the configuration has it.
    fn route(&self, candidate: &Candidate) -> Option<Callee<'a>> {
        let position = self.config.table.models.iter().position(|model| model.alias == candidate.model)?;
        Callee::of(self.config, routing::ModelId::at(position))
    }

    /// Makes a comparison.
    pub(super) async fn compare(&self, ready: Ready) -> Ended {
        let (mut cost, mut facts) = (NanoUsd::ZERO, Facts::default());
        let result = self.judged(&ready, &mut cost, &mut facts).await;
        let result = result.map(|[first, second]| Judgement {
            id: ready.candidate.id,
            category: ready.candidate.category,
            model: ready.candidate.model,
            baseline: self.baseline.model.alias.clone(),
            judge: self.judge.model.alias.clone(),
            first,
            second,
            cost,
            time_us: jiff::Timestamp::now().as_microsecond(),
        });
        Ended { most: ready.most, cost, facts, result }
    }

    /// The verdicts for the route, its answer first and second.
    async fn judged(&self, ready: &Ready, cost: &mut NanoUsd, facts: &mut Facts) -> Result<[Option<f64>; 2], Failed> {
        let stored = ready.conversation.answer.clone().filter(|answer| ready.candidate.stored && !answer.is_empty());
        let ours = match stored {
            Some(answer) => {
                facts.stored += 1;
                answer
            }
            None => {
                let gone = || Failed { why: format!("`{}` is gone", ready.candidate.model), for_all: false };
                let route = self.route(&ready.candidate).ok_or_else(gone)?;
                self.answer(&route, &ready.body, cost, facts).await?
            }
        };
        let theirs = self.answer(&self.baseline, &ready.body, cost, facts).await?;
        if ours.trim() == theirs.trim() {
            facts.same += 1;
            return Ok([Some(0.5); 2]);
        }
        let invalid = |_| Failed { why: "the kept prompt is damaged".into(), for_all: false };
        let prompt = ChatRequest::read(&ready.body).and_then(|ours| ours.prompt()).map_err(invalid)?;
        let mark = hashed(ready.candidate.id, self.seed ^ MARK);
        let mut verdicts = [None; 2];
        for (verdict, route_first) in verdicts.iter_mut().zip([true, false]) {
            let (first, second) = if route_first { (&ours, &theirs) } else { (&theirs, &ours) };
            let asked = self.asked(&question(&prompt, first, second, mark));
            let said = ask(self.client, &self.judge, &asked, now()).await?;
            *cost += said.cost;
            facts.verdicts += 1;
            *verdict = read_verdict(&said.text).map(|verdict| verdict.score(route_first));
        }
        Ok(verdicts)
    }

    /// A model's answer to the conversation.
    async fn answer(
        &self,
        callee: &Callee<'_>,
        body: &Bytes,
        cost: &mut NanoUsd,
        facts: &mut Facts,
    ) -> Result<String, Failed> {
        let said: Said = ask(self.client, callee, body, now()).await?;
        *cost += said.cost;
        facts.asked += 1;
        facts.cut += u64::from(said.output >= self.max_tokens);
        if said.text.is_empty() {
            let model = &callee.model.alias;
            let more = if said.output >= self.max_tokens { ": it may need more of --max-tokens" } else { "" };
            return Err(Failed { why: format!("`{model}` said nothing in words{more}"), for_all: false });
        }
        Ok(said.text)
    }

    /// The judge's request.
    fn asked(&self, question: &Question) -> Bytes {
        let judge = self.judge.model;
        let mut request = json!({
            "model": judge.id,
            "messages": [
                {"role": "system", "content": question.system},
                {"role": "user", "content": question.user},
            ],
            "max_tokens": verdict_tokens(judge),
        });
        // Models that think refuse another temperature than their own.
        if let Some(request) = request.as_object_mut().filter(|_| !judge.can(Capability::Reasoning)) {
            request.insert("temperature".into(), 0.into());
        }
        request.to_string().into()
    }
}

/// The most tokens that a judge may write.
fn verdict_tokens(judge: &Model) -> u64 {
    if judge.can(Capability::Reasoning) { THOUGHTFUL_VERDICT } else { VERDICT }
}

/// Seconds since the Unix epoch.
fn now() -> u64 {
    jiff::Timestamp::now().as_second().unsigned_abs()
}
