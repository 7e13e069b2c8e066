//! Calling the models of a chain until one answers.

pub mod client;
pub(crate) mod call;
mod proceed;
pub mod relay;

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use routing::{Decision, ModelId, Next, Outcome, Policy, next};
use tokio::time::Instant;
use wire::{ChatRequest, Invalid};

use super::body::ClientBody;
use super::classify::Speculation;
use super::record::Recorder;
use super::{Context, Operation};
use crate::error::ApiError;
use call::{Ask, Called, Callee, Deadline, call};
use proceed::Proceed;
use relay::Relay;

/// When to come back where no model of the chain says.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);

/// What a chain came to.
#[derive(Debug)]
pub(super) enum Answer {
    /// A whole answer (or an upstream's error) as it came.
    Whole {
        /// The upstream's status and headers that may pass, with its body.
        response: Response<Bytes>,
    },
    /// A stream whose first useful event has come.
    Stream {
        /// Head to send.
        response: Response<()>,
        /// What follows.
        relay: Box<Relay>,
    },
}

impl Answer {
    /// The client's answer. The recorder goes with a stream, so that whatever drops the stream records it.
    pub(super) fn into_response(self, mut recorder: Recorder) -> Response<ClientBody> {
        match self {
            Self::Whole { response } => {
                let mut response = response.map(ClientBody::whole);
                recorder.write_headers(response.headers_mut());
                response
            }
            Self::Stream { response, mut relay } => {
                let (mut head, ()) = response.into_parts();
                recorder.write_headers(&mut head.headers);
                relay.with_recorder(recorder);
                Response::from_parts(head, ClientBody::Stream(relay))
            }
        }
    }
}

/// What is asked of the models: the operation, the client's body, and the view of it.
pub(super) type Asked<'a> = (Operation, &'a Bytes, &'a ChatRequest<'a>);

/// What the models of a chain have come to so far.
#[derive(Default)]
struct Tried {
    /// A conversation was too long for this much context.
    least_context: u64,
    /// The newest error that could be the client's answer.
    refusal: Option<Response<Bytes>>,
    /// What a provider's protocol has no place for.
    unfit: Option<Invalid>,
    /// An answer of the chain's first model that was begun already.
    begun: Option<Speculation>,
}

/// Tries the models of the decision's chain in order; nothing goes on after the client's `deadline`.
pub(super) async fn forward(
    context: &Context,
    asked: Asked<'_>,
    (decision, begun): (&Decision, Option<Speculation>),
    deadline: Option<Instant>,
    recorder: &mut Recorder,
) -> Result<Answer, ApiError> {
    let begun = begun.filter(|begun| recorder.speculated(begun, decision.chain.first()));
    let mut tried = Tried { begun, ..Tried::default() };
    for (position, model) in decision.chain.iter().enumerate() {
        let Some(callee) = Callee::of(&context.snapshot.config, *model) else {
            continue;
        };
        if callee.context() <= tried.least_context || context.snapshot.admits(*model, context.app.now()).is_err() {
            continue;
        }
        let latest = Deadline::within(recorder.began() + callee.provider.timeouts.total, deadline);
        match attempt(context, asked, *model, latest, &mut tried, recorder).await {
            Step::Answered(Answer::Stream { response, mut relay }) => {
                let left = decision.chain.get(position + 1..).unwrap_or_default();
                relay.with_proceed(Proceed::prepare(context, decision, left, asked));
                return Ok(Answer::Stream { response, relay });
            }
            Step::Answered(answer) => return Ok(answer),
            Step::Stop => return as_it_came(tried.refusal, recorder),
            Step::OutOfTime => return Err(ApiError::timed_out()),
            Step::Onward => {}
        }
    }
    if tried.refusal.is_some() && tried.least_context > 0 {
        return as_it_came(tried.refusal, recorder);
    }
    Err(exhausted(context, decision, recorder, tried.unfit))
}

/// What one model came to.
enum Step {
    Answered(Answer),
    Onward,
    OutOfTime,
    Stop,
}

/// Calls one model, again where that makes sense.
async fn attempt(
    context: &Context,
    (operation, body, request): Asked<'_>,
    model: ModelId,
    deadline: Deadline,
    tried: &mut Tried,
    recorder: &mut Recorder,
) -> Step {
    let Some(callee) = Callee::of(&context.snapshot.config, model) else {
        return Step::Onward;
    };
    let pieces = match callee.outgoing(body, request, None, operation != Operation::Embeddings) {
        Ok(pieces) => pieces,
        Err(unfit) => {
            tried.unfit = Some(unfit);
            return Step::Onward;
        }
    };
    let (stream, wants_usage, created) = (request.stream, request.wants_usage, recorder.created());
    loop {
        if deadline.is_over() {
            return Step::OutOfTime;
        }
        let begun = tried.begun.take().filter(|begun| begun.model == model);
        recorder.calling(model, begun.as_ref().map(|begun| begun.began));
        let ask = Ask { operation, pieces: pieces.clone(), stream, wants_usage, deadline, created };
        let called = match begun {
            Some(begun) => begun.answer().await,
            None => call(&context.app.client, &callee, ask).await,
        };
        let failure = match called {
            Called::Whole { response, delta } => {
                recorder.first_token();
                recorder.called(&Outcome::Answered);
                recorder.used(delta.usage, delta.text_bytes);
                recorder.said(|| wire::chunk::text_of(response.body()));
                recorder.ended(response.status().as_u16(), None);
                return Step::Answered(Answer::Whole { response });
            }
            Called::Stream { response, relay } => {
                recorder.first_token();
                return Step::Answered(Answer::Stream { response, relay });
            }
            Called::Failed(failure) => failure,
        };
        recorder.called(&failure.outcome);
        if failure.outcome == Outcome::OutOfTime {
            return Step::OutOfTime;
        }
        tried.refusal = failure.response.or(tried.refusal.take());
        let policy = Policy {
            retries: callee.provider.retries,
            patience: callee.provider.patience,
            time_left: deadline.at.saturating_duration_since(Instant::now()),
        };
        match next(&recorder.attempts(), &policy, recorder.chance()) {
            Next::Again(pause) => {
                tokio::time::sleep(pause).await;
                recorder.paused(pause);
            }
            Next::Onward { larger_context } => {
                if larger_context {
                    tried.least_context = callee.context();
                }
                return Step::Onward;
            }
            Next::Stop => return Step::Stop,
        }
    }
}

/// Every model failed: 504 where the last one was too slow, 502 where it talked nonsense or refused us, 400 where no
/// model's protocol has a place for the request, else 503 with the time when one of them may be asked again.
fn exhausted(context: &Context, decision: &Decision, recorder: &Recorder, unfit: Option<Invalid>) -> ApiError {
    match (recorder.attempts().last().map(|attempt| &attempt.outcome), unfit) {
        (None, Some(unfit)) => ApiError::invalid(&unfit),
        (Some(Outcome::TimedOut), _) => ApiError::timed_out(),
        (Some(Outcome::Nonsense | Outcome::Refused { fault: routing::Fault::Credential, .. }), _) => {
            ApiError::bad_upstream()
        }
        (None | Some(_), _) => {
            let now = context.app.now();
            let waits = decision.chain.iter().filter_map(|model| context.snapshot.available_in(*model, now));
            ApiError::unavailable(waits.min().unwrap_or(DEFAULT_WAIT))
        }
    }
}

/// An upstream's error that is the client's answer.
fn as_it_came(refusal: Option<Response<Bytes>>, recorder: &mut Recorder) -> Result<Answer, ApiError> {
    let response = refusal.ok_or_else(ApiError::bad_upstream)?;
    recorder.ended(response.status().as_u16(), Some("upstream_refused"));
    Ok(Answer::Whole { response })
}
