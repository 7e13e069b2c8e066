//! Calling the models of a chain until one answers.

pub mod client;
mod call;
pub mod relay;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use routing::{Decision, ModelId, Next, Outcome, Policy, next};
use tokio::time::Instant;
use wire::ChatRequest;

use super::body::ClientBody;
use super::record::Recorder;
use crate::app::App;
use crate::config::Provider;
use crate::error::ApiError;
use call::{Called, call};
use relay::Relay;

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
    pub(super) fn into_response(self, recorder: Recorder) -> Response<ClientBody> {
        match self {
            Self::Whole { response } => {
                let mut response = response.map(ClientBody::whole);
                recorder.write_headers(response.headers_mut());
                response
            }
            Self::Stream {
                response,
                mut relay,
            } => {
                let (mut head, ()) = response.into_parts();
                recorder.write_headers(&mut head.headers);
                relay.recorder = Some(recorder);
                Response::from_parts(head, ClientBody::Stream(relay))
            }
        }
    }
}

/// Tries the models of the decision's chain in order.
pub(super) async fn forward(
    app: &Arc<App>,
    body: &Bytes,
    request: &ChatRequest<'_>,
    decision: &Decision,
    recorder: &mut Recorder,
) -> Result<Answer, ApiError> {
    let began = Instant::now();
    let mut least_context = 0;
    let mut soonest: Option<Duration> = None;
    let mut refusal = None;
    let mut timed_out = false;
    for model in &decision.chain {
        let Some((provider, context)) = provider(app, *model) else {
            continue;
        };
        if context <= least_context {
            continue;
        }
        if let Err(cooling) = app.admits(*model) {
            soonest =
                Some(soonest.map_or(cooling.retry_in, |soonest| soonest.min(cooling.retry_in)));
            continue;
        }
        loop {
            let deadline = began + provider.timeouts.total;
            recorder.calling(*model);
            let started = Instant::now();
            let called = call(app, *model, provider, body, request, deadline).await;
            let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
            let failure = match called {
                Called::Whole { response, delta } => {
                    recorder.called(&Outcome::Answered, took);
                    recorder.first_token();
                    recorder.used(delta.usage, delta.text_bytes);
                    recorder.ended(response.status().as_u16(), None);
                    return Ok(Answer::Whole { response });
                }
                Called::Stream { response, relay } => {
                    recorder.first_token();
                    return Ok(Answer::Stream { response, relay });
                }
                Called::Failed(failure) => failure,
            };
            recorder.called(&failure.outcome, took);
            timed_out = failure.outcome == Outcome::TimedOut;
            refusal = failure.response.or(refusal);
            let time_left = deadline.saturating_duration_since(Instant::now());
            let policy = Policy {
                retries: provider.retries,
                patience: provider.patience,
                time_left,
            };
            match next(&recorder.attempts(), &policy, took) {
                Next::Again(pause) => tokio::time::sleep(pause).await,
                Next::Onward { larger_context } => {
                    least_context = if larger_context {
                        context
                    } else {
                        least_context
                    };
                    break;
                }
                Next::Stop => return as_it_came(refusal, recorder),
            }
        }
    }
    match (refusal, soonest, timed_out) {
        (refusal @ Some(_), _, _) if least_context > 0 => as_it_came(refusal, recorder),
        (_, Some(soonest), false) if recorder.attempts().is_empty() => {
            Err(ApiError::unavailable(soonest))
        }
        (_, _, true) => Err(ApiError::timed_out()),
        (_, soonest, false) => Err(exhausted(&recorder.attempts(), soonest)),
    }
}

/// Every model failed: 502 where the last one talked nonsense or refused us, else 503.
fn exhausted(attempts: &[routing::Attempt], soonest: Option<Duration>) -> ApiError {
    match attempts.last().map(|attempt| &attempt.outcome) {
        Some(
            Outcome::Nonsense
            | Outcome::Refused {
                fault: routing::Fault::Credential,
                ..
            },
        ) => ApiError::bad_upstream(),
        _ => ApiError::unavailable(soonest.unwrap_or(Duration::from_secs(1))),
    }
}

/// An upstream's error that is the client's answer.
fn as_it_came(
    refusal: Option<Response<Bytes>>,
    recorder: &mut Recorder,
) -> Result<Answer, ApiError> {
    let response = refusal.ok_or_else(ApiError::bad_upstream)?;
    recorder.ended(response.status().as_u16(), Some("upstream_refused"));
    Ok(Answer::Whole { response })
}

fn provider(app: &App, model: ModelId) -> Option<(&Provider, u64)> {
    let model = app.config.table.model(model)?;
    let provider = app.config.providers.get(model.provider.index())?;
    Some((provider, model.context.unwrap_or(u64::MAX)))
}
