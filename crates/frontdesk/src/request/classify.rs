//! What the request is about: override, hint, rule, classifier, and what its conversation had before.

pub(crate) mod encoder;
pub(crate) mod judge;
mod speculation;

use classify::judge::question;
use http::HeaderMap;
use routing::decision::{Finding, settled};
use routing::record::ClassifierRow;
use routing::rule::Surroundings;
use routing::{
    Cascade, CategoryId, Choice, Classification, Classifier, DecidedBy, Prompt, Router, RouterId, Stage, Step, Then,
    Vote, session,
};
use tokio::time::Instant;

use super::Context;
use super::forward::Asked;
use crate::error::ApiError;
pub(crate) use speculation::Speculation;

/// The header that names a category.
const HINT: &str = "x-frontdesk-category";
/// The header that names the conversation.
pub(crate) const SESSION: &str = "x-session-id";

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Category or model, and by what.
    pub(crate) finding: Finding,
    /// The call of the model that was asked, where one was.
    pub(crate) judge: Option<ClassifierRow>,
    /// When looking for it began.
    pub(crate) began: Instant,
    /// The answer that was begun while the judge judged.
    pub(crate) speculation: Option<Speculation>,
}

/// What rules may look at besides the conversation.
#[derive(Debug, Default)]
pub(crate) struct Around<'a> {
    headers: Option<&'a HeaderMap>,
    metadata: serde_json::Map<String, serde_json::Value>,
}

impl Surroundings for Around<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers?.get(name)?.to_str().ok()
    }

    fn metadata(&self, name: &str) -> Option<&str> {
        self.metadata.get(name)?.as_str()
    }

    fn key(&self) -> Option<&str> {
        None
    }
}

/// Finds the category of a request.
pub(super) async fn find(
    context: &Context,
    choice: &Choice,
    prompt: &Prompt<'_>,
    asked: Asked<'_>,
    (headers, deadline): (&HeaderMap, Option<Instant>),
) -> Result<Found, ApiError> {
    let began = Instant::now();
    let without_judge = |finding| Found { finding, judge: None, began, speculation: None };
    let (_, _, request) = asked;
    let Choice::Router(id) = choice else {
        // What is found does not matter to an override.
        return Ok(without_judge(Finding::sure(Then::Category(CategoryId(0)), DecidedBy::Override)));
    };
    let router = context.snapshot.config.table.routers.get(id.index()).ok_or_else(ApiError::bad_upstream)?;
    let hint = hint(router, headers)?;
    let metadata = request.metadata.filter(|_| !router.rules.is_empty());
    let metadata = metadata.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
    let settled = settled(router, hint, prompt, &Around { headers: Some(headers), metadata });
    let looping = prompt.needs.tools.then(|| context.app.sessions.of_loop(&prompt.turns));
    let in_loop = looping.as_deref().filter(|_| session::in_tool_loop(&prompt.turns));
    let going_on = in_loop.and_then(|key| known(context, router, key));
    let found = match (settled, going_on) {
        (Some(finding), begun) if hint.is_some() || begun.is_none_or(|begun| finding.then == Then::Category(begun)) => {
            without_judge(finding)
        }
        // What began the loop goes on with it, whatever rules or classifiers would say of its later turns.
        (_, Some(begun)) => without_judge(Finding::sure(Then::Category(begun), DecidedBy::Session)),
        (_, None) => {
            let begin = || Speculation::begin(context, router, asked, &prompt.needs, deadline);
            kept(context, router, headers, classified(context, *id, prompt, deadline, &begin).await)
        }
    };
    for key in [conversation(router, headers), looping.as_deref()].into_iter().flatten() {
        remember(context, router, key, &found.finding);
    }
    Ok(Found { began, ..found })
}

fn hint(router: &Router, headers: &HeaderMap) -> Result<Option<CategoryId>, ApiError> {
    let Some(value) = headers.get(HINT) else {
        return Ok(None);
    };
    let known = router.find(value.to_str().unwrap_or_default().trim());
    let unknown = || ApiError::unfit("the header x-frontdesk-category names no category of this router");
    known.map(Some).ok_or_else(unknown)
}

/// Asks the router's classifier, stage by stage; no model is waited for beyond `deadline`. `begin` begins an answer where a
/// judge is asked.
pub(crate) async fn classified(
    context: &Context,
    id: RouterId,
    prompt: &Prompt<'_>,
    deadline: Option<Instant>,
    begin: &(dyn Fn() -> Option<Speculation> + Sync),
) -> Found {
    let began = Instant::now();
    let config = &context.snapshot.config;
    let mut votes = Vec::new();
    let (mut judge, mut speculation) = (None, None);
    let Some(router) = config.table.routers.get(id.index()) else {
        let finding = Finding::sure(Then::Category(CategoryId(0)), DecidedBy::Default);
        return Found { finding, judge, began, speculation };
    };
    loop {
        match Cascade(&router.classifying).step(&votes) {
            Step::Ask(Stage::Embedded) => {
                let classifier = config.classifiers.get(id.index()).and_then(Option::as_ref);
                let said = classifier.and_then(|classifier| classifier.classify(prompt));
                votes.push(Vote { stage: Stage::Embedded, said });
            }
            Step::Ask(Stage::Encoder) => {
                let said = encoder::ask(context, id, prompt).await;
                votes.push(Vote { stage: Stage::Encoder, said });
            }
            Step::Ask(Stage::Llm) => {
                speculation = begin();
                // Boxed, so that requests which ask no judge do not carry its state.
                let asking = Box::pin(judged(context, (id, router), prompt, deadline));
                let (said, row) = match &mut speculation {
                    Some(speculation) => speculation.beside(asking).await,
                    None => asking.await,
                };
                judge = row;
                votes.push(Vote { stage: Stage::Llm, said });
            }
            Step::Done { found, seen } => {
                let finding = Finding::by_stages(router, found, seen);
                return Found { finding, judge, began, speculation };
            }
        }
    }
}

/// What the router's model says; nothing where there is nothing to judge.
async fn judged(
    context: &Context,
    (id, router): (RouterId, &Router),
    prompt: &Prompt<'_>,
    deadline: Option<Instant>,
) -> (Option<Classification>, Option<ClassifierRow>) {
    let (Some(question), Some(breaker)) = (question(router, prompt), context.snapshot.judge(id)) else {
        return (None, None);
    };
    let judge = judge::Judge { router, classifying: &router.classifying, breaker };
    judge::ask(context, judge, question, deadline).await
}

fn conversation<'a>(router: &Router, headers: &'a HeaderMap) -> Option<&'a str> {
    let session = headers.get(SESSION)?.to_str().ok().filter(|session| !session.is_empty());
    session.filter(|_| router.session.sticky != session::Sticky::Off)
}

/// The category that the conversation keeps, where it does.
fn kept(context: &Context, router: &Router, headers: &HeaderMap, mut found: Found) -> Found {
    let before = conversation(router, headers).and_then(|session| known(context, router, session));
    if let (Some(before), Then::Category(proposed)) = (before, found.finding.then) {
        let table = &context.snapshot.config.table;
        if let Some(category) = session::keep(table, router, before, proposed) {
            found.finding.then = Then::Category(category);
            found.finding.by = DecidedBy::Session;
        }
    }
    found
}

/// The category that a conversation had last.
fn known(context: &Context, router: &Router, session: &str) -> Option<CategoryId> {
    let name = context.app.sessions.category(&router.name, session, context.app.now())?;
    router.find(&name)
}

fn remember(context: &Context, router: &Router, session: &str, finding: &Finding) {
    let category = match finding.then {
        Then::Category(category) => router.category(category),
        Then::Model(_) => None,
    };
    if let Some(category) = category {
        let until = context.app.now() + router.session.ttl;
        context.app.sessions.remember(&router.name, session, &category.name, until);
    }
}
