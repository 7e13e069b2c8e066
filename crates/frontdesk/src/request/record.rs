//! The request's row: gathered on the way, written exactly once.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use ledger::Entry;
use routing::record::{AttemptRow, Costing, Tokens};
use routing::{Attempt, Decision, ModelId, NanoUsd, Needs, Outcome, Record, Table, Usage, cost};
use tokio::time::Instant;
use wire::{Asked, ChatRequest};

use crate::app::App;
use crate::error::ApiError;

/// Owns the row of a request; dropping it writes the row. Facts are written down pessimistically (`499`, abandoned)
/// and corrected when it is known better, so that a client which leaves early leaves the truth.
#[derive(Debug)]
pub(in crate::request) struct Recorder {
    app: Arc<App>,
    record: Record,
    began: Instant,
    category: Option<String>,
}

impl Recorder {
    pub(super) fn begin(app: Arc<App>, endpoint: &'static str) -> Self {
        let record = Record {
            id: uuid::Uuid::now_v7().as_u128(),
            time_us: app.wall_us(),
            endpoint,
            status: 499,
            error: Some("client_closed".into()),
            ..Record::default()
        };
        Self {
            app,
            record,
            began: Instant::now(),
            category: None,
        }
    }

    pub(super) fn asked(&mut self, request: &ChatRequest<'_>, headers: &HeaderMap) {
        self.record.requested_model = match &request.asked {
            Asked::One(name) => name.chars().take(200).collect(),
            Asked::Chain(names) => names.join(",").chars().take(200).collect(),
        };
        self.record.stream = request.stream;
        self.record.metadata = request
            .metadata
            .filter(|raw| raw.len() <= 4_096)
            .map(ToOwned::to_owned);
        let session = headers
            .get("x-session-id")
            .and_then(|value| value.to_str().ok());
        self.record.session = session.map(|session| session.chars().take(200).collect());
    }

    pub(super) fn decided(&mut self, decision: &Decision, needs: &Needs) {
        let table = &self.app.config.table;
        let router = decision.router.and_then(|id| table.routers.get(id.index()));
        let category = router.and_then(|router| router.category(decision.category?));
        self.record.router = router.map(|router| router.name.clone());
        self.record.category = category.map(|category| category.name.clone());
        self.category.clone_from(&self.record.category);
        self.record.confidence = decision.confidence;
        self.record.decided_by = Some(decision.by);
        self.record.decision_us = self.elapsed_us();
        self.record.chain = decision
            .chain
            .iter()
            .map(|id| table.alias(*id).to_owned())
            .collect();
        self.record.usage.input = needs.input_tokens;
    }

    /// Notes a call that is about to be made.
    pub(super) fn calling(&mut self, model: ModelId) {
        let attempt = Attempt::begun(model);
        let model = self.app.config.table.alias(model).to_owned();
        self.record.attempts.push(AttemptRow { model, attempt });
    }

    /// Notes how the newest call ended.
    pub(super) fn called(&mut self, outcome: &Outcome, took_us: u64) {
        if let Some(row) = self.record.attempts.last_mut() {
            self.app.ended(row.attempt.model, outcome);
            row.attempt.outcome = outcome.clone();
            row.attempt.total_us = took_us;
        }
    }

    /// The calls so far.
    pub(super) fn attempts(&self) -> Vec<Attempt> {
        self.record
            .attempts
            .iter()
            .map(|row| row.attempt.clone())
            .collect()
    }

    /// Notes that the first useful bytes go to the client now.
    pub(super) fn first_token(&mut self) {
        self.record.first_token_us = Some(self.elapsed_us());
        let began = self
            .record
            .attempts
            .iter()
            .rev()
            .skip(1)
            .map(|row| row.attempt.total_us)
            .sum::<u64>();
        if let Some(row) = self.record.attempts.last_mut() {
            self.record.model = Some(row.model.clone());
            let all = self.record.first_token_us.unwrap_or(0);
            row.attempt.first_token_us = Some(all.saturating_sub(began + self.record.decision_us));
        }
        self.record.fallback = self.record.model.as_ref() != self.record.chain.first();
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

    /// Notes the tokens of the answering call: reported ones, or what its text amounts to.
    pub(super) fn used(&mut self, reported: Option<Usage>, text_bytes: usize) {
        let output = routing::prompt::estimate_tokens(text_bytes);
        let estimated = Usage {
            input: self.record.usage.input,
            output,
            ..Usage::default()
        };
        let usage = reported.unwrap_or(estimated);
        self.record.tokens = if reported.is_some() {
            Tokens::Measured
        } else {
            Tokens::Estimated
        };
        self.record.usage = usage;
        let table: &Table = &self.app.config.table;
        let Some(row) = self.record.attempts.last_mut() else {
            return;
        };
        row.attempt.usage = usage;
        let price = table.model(row.attempt.model).and_then(|model| model.price);
        row.attempt.cost = price.map_or(NanoUsd::ZERO, |price| cost(&price, &usage));
        self.record.cost = self
            .record
            .attempts
            .iter()
            .map(|row| row.attempt.cost)
            .sum();
        self.record.costing = match (price, self.record.tokens) {
            (None, _) => Costing::Unpriced,
            (Some(_), Tokens::Measured) => Costing::Measured,
            (Some(_), Tokens::Estimated) => Costing::Estimated,
        };
        let router = table
            .routers
            .iter()
            .find(|router| Some(&router.name) == self.record.router.as_ref());
        let baseline = router.and_then(|router| table.model(router.baseline?)?.price);
        self.record.baseline_cost = baseline.map(|price| cost(&price, &usage));
    }

    /// What is known when the headers leave.
    pub(super) fn write_headers(&self, headers: &mut HeaderMap) {
        let mut set = |name: &'static str, value: Option<String>| {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(name, value);
            }
        };
        let record = &self.record;
        set(
            "x-request-id",
            Some(uuid::Uuid::from_u128(record.id).to_string()),
        );
        set(
            "x-frontdesk-route",
            record.decided_by.map(|by| self.route(by)),
        );
        set("x-frontdesk-category", self.category.clone());
        set(
            "x-frontdesk-confidence",
            record
                .confidence
                .map(|confidence| format!("{confidence:.3}")),
        );
        set(
            "x-frontdesk-decided-by",
            record.decided_by.map(|by| by.word().to_owned()),
        );
        set("x-frontdesk-model", record.model.clone());
        set(
            "x-frontdesk-attempts",
            Some(record.attempts.len().to_string()),
        );
        set(
            "x-frontdesk-decision-us",
            record.decided_by.map(|_| record.decision_us.to_string()),
        );
        let priced = record.costing != Costing::Unpriced;
        set(
            "x-frontdesk-cost-usd",
            priced.then(|| record.cost.to_string()),
        );
    }

    /// `code`, `override`, `code->fallback`.
    fn route(&self, by: routing::DecidedBy) -> String {
        let route = self.category.as_deref().unwrap_or(by.word());
        if self.record.fallback {
            format!("{route}->fallback")
        } else {
            route.to_owned()
        }
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.record.total_us = self.elapsed_us();
        let record = std::mem::take(&mut self.record);
        self.app.ledger.append(Entry { record, text: None });
    }
}
