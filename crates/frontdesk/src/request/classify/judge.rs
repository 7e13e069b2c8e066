//! Asking a model for the category.

use bytes::Bytes;
use classify::judge::{question, read_answer};
use routing::record::ClassifierRow;
use routing::{CategoryId, Classification, ModelId, NanoUsd, Outcome, Prompt, Router, Usage, cost};
use serde_json::json;
use tokio::time::Instant;

use crate::request::forward::call::{Ask, Called, Callee, call};
use crate::request::{Context, Operation};

/// The most tokens a judge may write: a category's name takes a few.
const MAX_TOKENS: u32 = 10;

/// What the model says, and the row of its call; no row where none was made.
pub(super) async fn ask(
    context: &Context,
    router: &Router,
    prompt: &Prompt<'_>,
) -> (Option<Classification>, Option<ClassifierRow>) {
    let snapshot = &context.snapshot;
    let Some((id, callee)) = router.classifying.model.and_then(|id| Some((id, Callee::of(&snapshot.config, id)?)))
    else {
        return (None, None);
    };
    let Some(question) = question(router, prompt) else {
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
    if snapshot.admits(id, context.app.now()).is_err() {
        return (None, Some(row));
    }
    let body = json!({
        "model": callee.model.id,
        "messages": [{"role": "system", "content": question.system}, {"role": "user", "content": question.user}],
        "temperature": 0,
        "max_tokens": MAX_TOKENS,
    });
    let deadline = began + router.classifying.timeout;
    let ask = Ask {
        operation: Operation::Chat,
        pieces: vec![Bytes::from(body.to_string())].into(),
        stream: false,
        wants_usage: true,
        deadline,
    };
    let called = call(&context.app.client, &callee, ask).await;
    row.total_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let category = understood(context, router, (id, &callee), called, &mut row);
    // A model's word for it has no probability; that it was one of the categories is all there is.
    let said = category.map(|category| Classification { category, confidence: 1.0, probabilities: Vec::new() });
    (said, Some(row))
}

/// The category in a judge's answer; notes how the call ended.
fn understood(
    context: &Context,
    router: &Router,
    (id, callee): (ModelId, &Callee<'_>),
    called: Called,
    row: &mut ClassifierRow,
) -> Option<CategoryId> {
    let ended = |outcome: &Outcome| context.snapshot.ended(id, outcome, context.app.now());
    match called {
        Called::Whole { response, delta } => {
            ended(&Outcome::Answered);
            row.usage = delta.usage.unwrap_or_default();
            row.cost = callee.model.price.map_or(NanoUsd::ZERO, |price| cost(&price, &row.usage));
            let answer = wire::chunk::text_of(response.body()).unwrap_or_default();
            let category = read_answer(router, &answer);
            row.outcome = if category.is_some() { "answered" } else { "unknown_label" };
            category
        }
        Called::Stream { .. } => {
            row.outcome = "failed";
            None
        }
        Called::Failed(failure) => {
            row.outcome = if failure.outcome == Outcome::TimedOut { "timeout" } else { "failed" };
            ended(&failure.outcome);
            None
        }
    }
}
