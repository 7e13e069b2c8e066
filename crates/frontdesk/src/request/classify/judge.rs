//! Asking a model for the category.

use bytes::Bytes;
use classify::judge::{Question, read_answer};
use parking_lot::Mutex;
use routing::record::ClassifierRow;
use routing::{Breaker, CategoryId, Classification, Classifying, NanoUsd, Outcome, Router, Usage, cost};
use serde_json::json;
use tokio::time::Instant;
use wire::ChatRequest;

use crate::request::forward::call::{Ask, Called, Callee, Deadline, call};
use crate::request::{Context, Operation};

/// The most tokens a judge may write: a category's name takes a few.
const MAX_TOKENS: u32 = 10;

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    /// Whose categories there are.
    pub(crate) router: &'a Router,
    /// Which model, and for how long.
    pub(crate) classifying: &'a Classifying,
    /// How it has been doing as a judge.
    pub(crate) breaker: &'a Mutex<Breaker>,
}

/// What the model says, and the row of its call; no row where none was made.
pub(crate) async fn ask(
    context: &Context,
    Judge { router, classifying, breaker }: Judge<'_>,
    question: Question,
    latest: Option<Instant>,
) -> (Option<Classification>, Option<ClassifierRow>) {
    let Some(callee) = classifying.model.and_then(|id| Callee::of(&context.snapshot.config, id)) else {
        return (None, None);
    };
    let began = Instant::now();
    let mut row = ClassifierRow {
        model: callee.model.alias.clone(),
        outcome: "cooling",
        usage: Usage::default(),
        cost: NanoUsd::ZERO,
        total_us: 0,
    };
    if breaker.lock().admits(context.app.now()).is_err() {
        return (None, Some(row));
    }
    let body = Bytes::from(
        json!({
            "model": callee.model.id,
            "messages": [{"role": "system", "content": question.system}, {"role": "user", "content": question.user}],
            "temperature": 0,
            "max_tokens": MAX_TOKENS,
        })
        .to_string(),
    );
    let Some(pieces) = ChatRequest::read(&body).ok().and_then(|ours| callee.outgoing(&body, &ours, None, false).ok())
    else {
        return (None, Some(row));
    };
    let deadline = Deadline::within(began + classifying.timeout, latest);
    let created = context.app.wall_seconds();
    let ask = Ask { operation: Operation::Chat, pieces, stream: false, wants_usage: true, deadline, created };
    let called = call(&context.app.client, &callee, ask).await;
    row.total_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (outcome, category) = understood(router, &callee, called, &mut row);
    breaker.lock().after(&outcome, context.app.now());
    // A model's word for it has no probability; that it was one of the categories is all there is.
    let said = category.map(|category| Classification { category, confidence: 1.0, probabilities: Vec::new() });
    (said, Some(row))
}

/// How the call ended, and the category in the judge's answer.
fn understood(
    router: &Router,
    callee: &Callee<'_>,
    called: Called,
    row: &mut ClassifierRow,
) -> (Outcome, Option<CategoryId>) {
    match called {
        Called::Whole { response, delta } => {
            row.usage = delta.usage.unwrap_or_default();
            row.cost = callee.model.price.map_or(NanoUsd::ZERO, |price| cost(&price, &row.usage));
            let answer = wire::chunk::text_of(response.body()).unwrap_or_default();
            let category = read_answer(router, &answer);
            row.outcome = if category.is_some() { "answered" } else { "unknown_label" };
            (Outcome::Answered, category)
        }
        Called::Stream { .. } => {
            row.outcome = "failed";
            (Outcome::Nonsense, None)
        }
        Called::Failed(failure) => {
            // The judge has its own time: when that is over, it was too slow.
            let late = matches!(failure.outcome, Outcome::TimedOut | Outcome::OutOfTime);
            row.outcome = if late { "timeout" } else { "failed" };
            (if late { Outcome::TimedOut } else { failure.outcome }, None)
        }
    }
}
