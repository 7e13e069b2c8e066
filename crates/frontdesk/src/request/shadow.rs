//! What another classifier would have said of a request: asked beside its answer, never before it or in its way, and acted
//! on by nobody.

use std::sync::Arc;

use classify::Bound;
use classify::judge::question_at;
use classify::look::{Look, OwnedLook};
use routing::share::among;
use routing::{Cascade, Classifying, DecidedBy, Decision, NanoUsd, Prompt, Router, RouterId, Stage, Step, Vote};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::Context;
use super::classify::judge::{Judge, ask};
use crate::config::Shadow;

/// Requests that may wait for what another classifier says of them; what comes on top is skipped and counted.
const MOST: usize = 256;

/// Where other classifiers are asked.
#[derive(Debug)]
pub struct Shadows {
    /// The tasks that ask.
    pub(crate) tasks: TaskTracker,
    places: Arc<Semaphore>,
    /// One core at most reads prompts for this: the encoder's own places are for requests that are waited for.
    reading: Semaphore,
}

impl Default for Shadows {
    fn default() -> Self {
        Self { tasks: TaskTracker::new(), places: Arc::new(Semaphore::new(MOST)), reading: Semaphore::new(1) }
    }
}

/// Has the router's shadow asked where the request is among its share. Returns at once.
pub(super) fn begin(context: &Context, id: u128, decision: &Decision, prompt: &Prompt<'_>) {
    let Some(router) = decision.router.filter(|_| decision.by != DecidedBy::Override) else { return };
    let Some(shadow) = shadow(context, router).filter(|shadow| among(id, shadow.share)) else { return };
    let Some(look) = Look::at(prompt) else { return };
    let app = &context.app;
    let Ok(place) = Arc::clone(&app.shadows.places).try_acquire_owned() else {
        app.metrics.shadow_skipped.inc();
        tracing::debug!(kind = shadow.classifying.kind.word(), "a shadow was not asked, because too many are already");
        return;
    };
    let (context, look) = (context.clone(), look.to_owned());
    app.shadows.tasks.spawn(async move {
        if let Some(said) = said(&context, router, &look).await {
            context.app.ledger.shadow(ledger::Shadow { id, ..said });
        }
        drop(place);
    });
}

fn shadow(context: &Context, router: RouterId) -> Option<&Shadow> {
    context.snapshot.config.shadows.get(router.index())?.as_ref()
}

/// The row of what the shadow says, but for its id.
async fn said(context: &Context, id: RouterId, look: &OwnedLook) -> Option<ledger::Shadow> {
    let shadow = shadow(context, id)?;
    let router = context.snapshot.config.table.routers.get(id.index())?;
    // Waiting for others of its kind is none of its time.
    let reading = context.app.shadows.reading.acquire().await.ok()?;
    let began = Instant::now();
    let mut votes = inside(shadow, look).await?;
    drop(reading);
    let mut cost = NanoUsd::ZERO;
    let mut step = Cascade(&shadow.classifying).step(&votes);
    if let (Step::Ask(Stage::Llm), Some(breaker)) = (&step, context.snapshot.shadow_judge(id)) {
        let judge = Judge { router, classifying: &shadow.classifying, breaker };
        let (said, row) = Box::pin(ask(context, judge, question_at(router, &look.look()), None)).await;
        if let Some(row) = row {
            cost = row.cost;
            context.app.metrics.shadow_asked(&row);
        }
        votes.push(Vote { stage: Stage::Llm, said });
        step = Cascade(&shadow.classifying).step(&votes);
    }
    let (category, confidence) = meant(router, step);
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let classifier = shadow.classifying.kind.word();
    Some(ledger::Shadow { id: 0, classifier, category, confidence, cost, took_us })
}

/// What the stages inside the process say, read on a thread that serves no requests.
async fn inside(shadow: &Shadow, look: &OwnedLook) -> Option<Vec<Vote>> {
    let Some(bound) = shadow.bound.clone() else { return Some(Vec::new()) };
    let (classifying, look) = (shadow.classifying.clone(), look.clone());
    tokio::task::spawn_blocking(move || votes(&bound, &classifying, &look.look())).await.ok()
}

fn votes(bound: &Bound, classifying: &Classifying, look: &Look<'_>) -> Vec<Vote> {
    let mut votes = Vec::new();
    loop {
        let (stage, said) = match Cascade(classifying).step(&votes) {
            Step::Ask(stage @ Stage::Embedded) => (stage, bound.first(look)),
            Step::Ask(stage @ Stage::Encoder) => (stage, bound.encoded(look)),
            Step::Ask(Stage::Llm) | Step::Done { .. } => return votes,
        };
        votes.push(Vote { stage, said });
    }
}

/// The category that would have been the request's: what was said, or the default where it was said too unsurely. None
/// where nothing was said, because a model failed that was asked alone.
fn meant(router: &Router, step: Step) -> (Option<String>, Option<f32>) {
    let Step::Done { found, seen } = step else { return (None, None) };
    let category = found.map(|(_, category)| category).or_else(|| seen.as_ref().map(|_| router.default));
    let name = category.and_then(|category| router.category(category)).map(|category| category.name.clone());
    // A model's word has no confidence.
    let by_model = matches!(found, Some((Stage::Llm, _)));
    (name, seen.filter(|_| !by_model).map(|seen| seen.confidence))
}
