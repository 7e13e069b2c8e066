//! One question to one model, asked again where a failure may pass.

use bytes::Bytes;
use routing::{Attempt, Fault, ModelId, NanoUsd, Next, Outcome, Policy, Usage, cost, next, prompt::estimate_tokens};
use serde_json::Value;
use tokio::time::Instant;
use wire::ChatRequest;

use crate::request::forward::call::{Ask, Called, Callee, Deadline, Failure, call};
use crate::request::forward::client::Client;
use crate::request::operation::Operation;

/// The most that is shown of what an upstream says of a request it refuses, characters.
const MOST_SHOWN: usize = 160;

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Its text.
    pub(super) text: String,
    /// Output tokens, as reported or estimated.
    pub(super) output: u64,
    /// What it cost.
    pub(super) cost: NanoUsd,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// Which model, and what happened.
    pub(super) why: String,
    /// It will happen to every other question too.
    pub(super) for_all: bool,
}

/// Asks a model, as often as its provider's `retries` allow.
pub(super) async fn ask(client: &Client, callee: &Callee<'_>, body: &Bytes, created: u64) -> Result<Said, Failed> {
    let until = Instant::now() + callee.provider.timeouts.total;
    let mut attempts = Vec::new();
    loop {
        let failure = match once(client, callee, body, (until, created)).await? {
            Ok(said) => return Ok(said),
            Err(failure) => failure,
        };
        attempts.push(Attempt { outcome: failure.outcome.clone(), ..Attempt::begun(ModelId(0)) });
        let policy = Policy {
            retries: callee.provider.retries,
            patience: callee.provider.patience,
            time_left: until.saturating_duration_since(Instant::now()),
        };
        match next(&attempts, &policy, created) {
            Next::Again(pause) => tokio::time::sleep(pause).await,
            Next::Onward { .. } | Next::Stop => return Err(told(callee, &failure)),
        }
    }
}

/// One call. Outside: the question cannot be put to this model at all.
async fn once(
    client: &Client,
    callee: &Callee<'_>,
    body: &Bytes,
    (until, created): (Instant, u64),
) -> Result<Result<Said, Failure>, Failed> {
    let pieces = ChatRequest::read(body).and_then(|ours| callee.outgoing(body, &ours, None, false));
    let unfit = |invalid: wire::Invalid| Failed {
        why: format!("`{}` cannot be asked this: {invalid}", callee.model.alias),
        for_all: false,
    };
    let pieces = pieces.map_err(unfit)?;
    let deadline = Deadline::within(until, None);
    let ask = Ask { operation: Operation::Chat, pieces, stream: false, wants_usage: true, deadline, created };
    Ok(match call(client, callee, ask).await {
        Called::Whole { response, delta } => {
            let estimated = || Usage {
                input: estimate_tokens(body.len()),
                output: estimate_tokens(delta.text_bytes),
                ..Usage::default()
            };
            let usage = delta.usage.unwrap_or_else(estimated);
            let cost = callee.model.price.map_or(NanoUsd::ZERO, |price| cost(&price, &usage));
            let text = wire::chunk::text_of(response.body()).unwrap_or_default();
            Ok(Said { text, output: usage.output, cost })
        }
        // Nobody asked for a stream.
        Called::Stream { .. } => Err(Outcome::Nonsense.into()),
        Called::Failed(failure) => Err(failure),
    })
}

/// A failure in words.
fn told(callee: &Callee<'_>, failure: &Failure) -> Failed {
    let (model, provider) = (&callee.model.alias, &callee.provider.name);
    let what = match &failure.outcome {
        Outcome::Refused { status, fault: Fault::Credential, .. } => {
            let why = format!("the provider `{provider}` refuses our credential ({status}): check its api_key");
            return Failed { why, for_all: true };
        }
        Outcome::Refused { status, fault: Fault::RateLimited, .. } => format!("is asked too often ({status})"),
        Outcome::Refused { status, fault: Fault::ContextLength, .. } => {
            format!("has too small a context for it ({status})")
        }
        Outcome::Refused { status, fault: Fault::Upstream, .. } => format!("failed ({status})"),
        Outcome::Refused { status, fault: Fault::Caller, .. } => {
            let said = failure.response.as_ref().and_then(|response| message(response.body()));
            let said = said.map_or_else(String::new, |said| format!(": {said}"));
            format!("refused the question ({status}{said})")
        }
        Outcome::Unreachable | Outcome::Broken | Outcome::Abandoned => "cannot be reached".to_owned(),
        Outcome::TimedOut | Outcome::OutOfTime => "did not answer in time".to_owned(),
        Outcome::Nonsense | Outcome::Answered => "gave no readable answer".to_owned(),
    };
    Failed { why: format!("`{model}` {what}"), for_all: false }
}

/// What an error object says, harmless for a terminal.
fn message(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let said = body.pointer("/error/message").or_else(|| body.get("message"))?.as_str()?;
    let printable = said.chars().map(|c| if c.is_control() { ' ' } else { c });
    Some(printable.take(MOST_SHOWN).collect())
}
