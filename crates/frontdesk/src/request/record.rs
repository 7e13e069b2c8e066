//! The request's row: gathered on the way, written exactly once.

mod headers;

pub(crate) use headers::{REQUEST_ID, id_value};

use std::time::Duration;

use http::HeaderMap;
use ledger::{Entry, Text};
use routing::record::{AttemptRow, ClassifierRow, Costing, Speculation as Fate, Tokens};
use routing::{Attempt, Decision, ModelId, NanoUsd, Needs, Outcome, Record, Usage, cost};
use tokio::time::Instant;
use wire::{Asked, ChatRequest};

use super::classify::{SESSION, Speculation};
use super::forward::client::Client;
use super::{Context, Operation};
use crate::error::ApiError;

/// The header by which a client asks that no text of its request be kept.
const TEXT: &str = "x-frontdesk-text";
/// The longest name or session that is kept, characters.
const LONGEST_NAME: usize = 200;
/// The largest metadata that is kept, bytes.
const LARGEST_METADATA: usize = 4_096;
/// The longest conversation and the longest answer that are kept, bytes.
const LONGEST_TEXT: usize = 256 << 10;

/// Owns the row of a request; dropping it writes the row. Facts are written down pessimistically (`499`, abandoned)
/// and corrected when it is known better, so that a client which leaves early leaves the truth.
#[derive(Debug)]
pub(in crate::request) struct Recorder {
    context: Context,
    record: Record,
    text: Option<Text>,
    began: Instant,
    call_began: Instant,
    /// Time spent waiting for the client's body, for models and in pauses.
    waited: Duration,
    /// Input tokens as estimated from the body, for calls that report none.
    estimated_input: u64,
    /// Tokens of at least one call are estimated.
    estimated: bool,
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "only traces need it"))]
    operation: Operation,
    /// The caller's `traceparent`, for traces.
    #[cfg(feature = "otlp")]
    parent: Option<String>,
}

impl Recorder {
    pub(super) fn begin(context: Context, operation: Operation) -> Self {
        let record = Record {
            id: uuid::Uuid::now_v7().as_u128(),
            time_us: context.app.wall_us(),
            endpoint: operation.path(),
            status: 499,
            error: Some("client_closed".into()),
            ..Record::default()
        };
        let began = Instant::now();
        Self {
            context,
            record,
            text: None,
            began,
            call_began: began,
            waited: Duration::ZERO,
            estimated_input: 0,
            estimated: false,
            operation,
            #[cfg(feature = "otlp")]
            parent: None,
        }
    }

    /// The request's id, a UUID.
    pub(super) fn id(&self) -> u128 {
        self.record.id
    }

    /// When the request came in.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// When the request came in, seconds since the Unix epoch.
    pub(super) fn created(&self) -> u64 {
        self.record.time_us.unsigned_abs() / 1_000_000
    }

    /// Where connections are kept.
    pub(super) fn client(&self) -> &Client {
        &self.context.app.client
    }

    /// A number that differs between requests and attempts, to spread retries.
    pub(super) fn chance(&self) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "the random half of the id")]
        let random = self.record.id as u64;
        random.rotate_left(u32::try_from(self.record.attempts.len()).unwrap_or(0) * 8)
    }

    /// Notes that the body has come.
    pub(super) fn received(&mut self) {
        self.waited += self.began.elapsed();
    }

    /// Notes a pause before another call.
    pub(super) fn paused(&mut self, pause: Duration) {
        self.waited += pause;
    }

    pub(super) fn asked(&mut self, request: &ChatRequest<'_>, headers: &HeaderMap) {
        self.record.requested_model = match &request.asked {
            Asked::One(name) => short(name),
            Asked::Chain(names) => short(&names.join(",")),
        };
        self.record.stream = request.stream;
        let metadata = request.metadata.filter(|raw| raw.len() <= LARGEST_METADATA);
        self.record.metadata = metadata.map(ToOwned::to_owned);
        #[cfg(feature = "otlp")]
        if self.context.app.traces.get().is_some() {
            self.parent = headers.get("traceparent").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        }
        let session = headers.get(SESSION).and_then(|value| value.to_str().ok());
        self.record.session = session.map(short);
        let keeps = &self.context.snapshot.config.ledger;
        let wanted = headers.get(TEXT).is_none_or(|value| value.as_bytes() != b"none");
        if keeps.keep_prompts && wanted {
            let prompt = request.messages_json().filter(|prompt| prompt.len() <= LONGEST_TEXT);
            let answer = keeps.keep_answers.then(String::new);
            self.text = Some(Text { prompt: prompt.map(ToOwned::to_owned), answer });
        }
    }

    pub(super) fn decided(&mut self, decision: &Decision, needs: &Needs, judge: Option<ClassifierRow>) {
        let table = &self.context.snapshot.config.table;
        let router = decision.router.and_then(|id| table.routers.get(id.index()));
        let category = router.and_then(|router| router.category(decision.category?));
        self.record.router = router.map(|router| router.name.clone());
        self.record.category = category.map(|category| category.name.clone());
        self.record.confidence = decision.confidence;
        self.record.decided_by = Some(decision.by);
        self.record.chain = decision.chain.iter().map(|id| table.alias(*id).to_owned()).collect();
        self.waited += Duration::from_micros(judge.as_ref().map_or(0, |judge| judge.total_us));
        self.record.classifier = judge;
        self.record.tools = needs.tools;
        self.estimated_input = needs.input_tokens;
    }

    /// Notes how long the decision took, the model that was asked included.
    pub(super) fn decision_took(&mut self, took: Duration) {
        self.record.decision_us = microseconds(took);
    }

    /// Notes a call that is about to be made, or that was begun while the judge judged.
    pub(super) fn calling(&mut self, model: ModelId, begun: Option<Instant>) {
        let attempt = Attempt::begun(model);
        let model = self.context.snapshot.config.table.alias(model).to_owned();
        self.record.attempts.push(AttemptRow { model, attempt });
        self.call_began = begun.unwrap_or_else(Instant::now);
        // Until now judge and model were waited for at the same time.
        self.waited = self.waited.saturating_sub(self.call_began.elapsed());
    }

    /// Notes what becomes of an answer that was begun while the judge judged: `true` where the chain begins with its
    /// model. A cancelled one is an attempt too, whose input is paid for.
    pub(super) fn speculated(&mut self, begun: &Speculation, first: Option<&ModelId>) -> bool {
        let kept = first == Some(&begun.model);
        self.record.speculation = Some(if kept { Fate::Kept } else { Fate::Cancelled });
        if !kept {
            self.calling(begun.model, Some(begun.began));
            self.called(&Outcome::Abandoned);
            self.used(None, 0);
        }
        kept
    }

    /// Notes how the newest call ended.
    pub(super) fn called(&mut self, outcome: &Outcome) {
        let took = self.call_began.elapsed();
        let Some(row) = self.record.attempts.last_mut() else {
            return;
        };
        self.context.snapshot.ended(row.attempt.model, outcome, self.context.app.now());
        row.attempt.outcome = outcome.clone();
        row.attempt.total_us = microseconds(took);
        if row.attempt.first_token_us.is_none() {
            self.waited += took;
        }
    }

    /// The calls so far.
    pub(super) fn attempts(&self) -> Vec<Attempt> {
        self.record.attempts.iter().map(|row| row.attempt.clone()).collect()
    }

    /// Notes that the first useful bytes of an answer are there.
    pub(super) fn first_token(&mut self) {
        let took = self.call_began.elapsed();
        self.waited += took;
        self.record.first_token_us = Some(microseconds(self.began.elapsed()));
        if let Some(row) = self.record.attempts.last_mut() {
            self.record.model = Some(row.model.clone());
            row.attempt.first_token_us = Some(microseconds(took));
        }
        self.record.fallback = self.record.model.as_ref() != self.record.chain.first();
    }

    /// Notes that another model goes on with the answer of the one before.
    pub(super) fn went_on(&mut self) {
        let took = microseconds(self.call_began.elapsed());
        if let Some(row) = self.record.attempts.last_mut() {
            row.attempt.first_token_us = Some(took);
        }
        self.record.fallback = true;
    }

    /// Notes that the answer is complete, or what ended it before.
    pub(super) fn ended(&mut self, status: u16, error: Option<&'static str>) {
        self.record.status = status;
        self.record.error = error.map(Into::into);
    }

    /// Notes an error that is the client's answer.
    pub(super) fn failed(&mut self, error: &ApiError) {
        self.ended(error.status.as_u16(), Some(error.code));
    }

    /// Notes the tokens of the newest call: reported ones, or what its text amounts to.
    pub(super) fn used(&mut self, reported: Option<Usage>, text_bytes: usize) {
        let output = routing::prompt::estimate_tokens(text_bytes);
        let estimated = Usage { input: self.estimated_input, output, ..Usage::default() };
        self.estimated |= reported.is_none();
        let table = &self.context.snapshot.config.table;
        if let Some(row) = self.record.attempts.last_mut() {
            row.attempt.usage = reported.unwrap_or(estimated);
            let price = table.model(row.attempt.model).and_then(|model| model.price);
            row.attempt.cost = price.map_or(NanoUsd::ZERO, |price| cost(&price, &row.attempt.usage));
        }
        self.add_up();
    }

    /// Counts events of a stream that could not be read and were left out.
    pub(super) fn dropped_events(&self, malformed: u64) {
        if malformed > 0 {
            self.context.app.metrics.malformed_events.inc_by(malformed);
        }
    }

    /// Whether the answer's text is kept.
    pub(super) fn keeps_answer(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.answer.is_some())
    }

    /// Notes a piece of the answer's text, where it is kept.
    pub(super) fn said(&mut self, text: impl FnOnce() -> Option<String>) {
        let answer = self.text.as_mut().and_then(|text| text.answer.as_mut());
        if let Some(answer) = answer.filter(|answer| answer.len() < LONGEST_TEXT) {
            answer.push_str(&text().unwrap_or_default());
        }
    }

    /// The sums over all calls.
    fn add_up(&mut self) {
        let table = &self.context.snapshot.config.table;
        let attempts = || self.record.attempts.iter().map(|row| &row.attempt);
        let usage = attempts().fold(Usage::default(), |sum, attempt| sum.plus(attempt.usage));
        let priced = |id| table.model(id).is_some_and(|model| model.price.is_some());
        let unpriced = attempts().any(|attempt| attempt.usage != Usage::default() && !priced(attempt.model));
        let sum = attempts().map(|attempt| attempt.cost).sum();
        let router = table.routers.iter().find(|router| Some(&router.name) == self.record.router.as_ref());
        let baseline = router.and_then(|router| table.model(router.baseline?)?.price);
        self.record.usage = usage;
        self.record.cost = sum;
        self.record.tokens = if self.estimated { Tokens::Estimated } else { Tokens::Measured };
        self.record.costing = match (unpriced, self.estimated) {
            (true, _) => Costing::Unpriced,
            (false, true) => Costing::Estimated,
            (false, false) => Costing::Measured,
        };
        self.record.baseline_cost = baseline.map(|price| cost(&price, &usage));
    }
}

fn short(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.record.total_us = microseconds(self.began.elapsed());
        let app = &self.context.app;
        let record = std::mem::take(&mut self.record);
        app.metrics.count(&record);
        if self.context.snapshot.config.log.requests {
            crate::logging::request(&record);
        }
        #[cfg(feature = "otlp")]
        if let Some(traces) = app.traces.get() {
            traces.record(&record, self.operation, self.parent.as_deref());
        }
        app.ledger.append(Entry { record, text: self.text.take() });
    }
}
