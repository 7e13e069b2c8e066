//! One call of one model, up to the point where its answer may go to the client.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use routing::{Fault, ModelId, Outcome};
use tokio::time::{Instant, timeout_at};
use wire::answer::{Answer, read_answer};
use wire::chunk::Delta;
use wire::splice::{Changes, splice};
use wire::{ChatRequest, UpstreamError};

use super::client::{Connection, Pieces};
use super::relay::{Begun, Relay};
use crate::app::App;
use crate::config::{Endpoint, Provider};

/// The largest answer that is taken in whole.
const MAX_ANSWER: usize = 64 << 20;

/// How a call went.
#[derive(Debug)]
pub(super) enum Called {
    /// A whole answer.
    Whole {
        response: Response<Bytes>,
        delta: Delta,
    },
    /// A stream whose first useful event has come.
    Stream {
        response: Response<()>,
        relay: Box<Relay>,
    },
    /// Nothing for the client.
    Failed(Failure),
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) outcome: Outcome,
    /// The upstream's error, where it could be the client's answer.
    pub(super) response: Option<Response<Bytes>>,
}

impl From<Outcome> for Failure {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            response: None,
        }
    }
}

/// Calls a model; nothing takes longer than its `first_token`, and nothing goes on after `deadline`.
pub(super) async fn call(
    app: &App,
    model: ModelId,
    provider: &Provider,
    body: &Bytes,
    request: &ChatRequest<'_>,
    deadline: Instant,
) -> Called {
    let first = deadline.min(Instant::now() + provider.timeouts.first_token);
    // A whole answer takes as long as it takes to write; only a stream has a first token to wait for.
    let until = if request.stream { first } else { deadline };
    let work = answer(app, model, provider, body, request, (first, deadline));
    match timeout_at(until, work).await {
        Ok(Ok(called)) => called,
        Ok(Err(failure)) => Called::Failed(failure),
        Err(_) => Called::Failed(Outcome::TimedOut.into()),
    }
}

async fn answer(
    app: &App,
    model: ModelId,
    provider: &Provider,
    body: &Bytes,
    request: &ChatRequest<'_>,
    (first, deadline): (Instant, Instant),
) -> Result<Called, Failure> {
    let id = app
        .config
        .table
        .model(model)
        .map_or("", |model| model.id.as_str());
    let pieces = splice(
        body,
        request,
        &Changes {
            model: id,
            include_usage: true,
        },
    );
    let (connection, response) = timeout_at(first, send(app, provider, &pieces))
        .await
        .map_err(|_| Outcome::TimedOut)??;
    let (head, incoming) = response.into_parts();
    let is_stream = head
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if head.status.is_success() && is_stream {
        let mut relay = Box::new(Relay::new(
            connection,
            incoming,
            provider,
            deadline,
            request.wants_usage,
        ));
        return match relay.first_useful().await {
            Begun::Useful => Ok(Called::Stream {
                response: passed(head.status, &head.headers),
                relay,
            }),
            Begun::Error(error) => Err(refused(error.status.unwrap_or(500), None, &error).into()),
            Begun::Nonsense => Err(Outcome::Nonsense.into()),
        };
    }
    let whole = collect(connection, incoming, app, &provider.endpoint).await?;
    let response = passed(head.status, &head.headers).map(|()| whole.clone());
    if !head.status.is_success() {
        let outcome = refused(
            head.status.as_u16(),
            retry_after(&head.headers),
            &UpstreamError::read(&whole),
        );
        let caller = matches!(
            outcome,
            Outcome::Refused {
                fault: Fault::Caller | Fault::ContextLength,
                ..
            }
        );
        return Err(Failure {
            outcome,
            response: Some(response).filter(|_| caller),
        });
    }
    match read_answer(&whole) {
        Answer::Whole(delta) => Ok(Called::Whole { response, delta }),
        Answer::Error(error) => Err(refused(error.status.unwrap_or(500), None, &error).into()),
        Answer::Nonsense => Err(Outcome::Nonsense.into()),
    }
}

/// Sends on an idle connection, or on a new one where that turns out to have been closed meanwhile.
async fn send(
    app: &App,
    provider: &Provider,
    pieces: &[Bytes],
) -> Result<(Connection, Response<Incoming>), Failure> {
    let unreachable = || Failure::from(Outcome::Unreachable);
    let endpoint = &provider.endpoint;
    if let Some(mut connection) = app.client.reuse(endpoint)
        && let Ok(response) = connection
            .send(head(provider, pieces).ok_or_else(unreachable)?)
            .await
    {
        return Ok((connection, response));
    }
    let mut connection = app
        .client
        .connect(endpoint, provider.timeouts.connect)
        .await
        .map_err(|_| unreachable())?;
    let request = head(provider, pieces).ok_or_else(unreachable)?;
    let response = connection.send(request).await.map_err(|_| unreachable())?;
    Ok((connection, response))
}

fn head(provider: &Provider, pieces: &[Bytes]) -> Option<Request<Pieces>> {
    let Endpoint {
        host, port, prefix, ..
    } = &provider.endpoint;
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("{prefix}/chat/completions"))
        .header(HOST, format!("{host}:{port}"))
        .header(CONTENT_TYPE, "application/json");
    if let Some(key) = &provider.api_key {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.reveal())).ok()?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(Pieces::from(pieces.to_vec())).ok()
}

async fn collect(
    mut connection: Connection,
    mut incoming: Incoming,
    app: &App,
    endpoint: &Endpoint,
) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    loop {
        match super::relay::next_data(&mut connection, &mut incoming).await {
            None => break,
            Some(Ok(data)) if whole.len() + data.len() <= MAX_ANSWER => {
                whole.extend_from_slice(&data);
            }
            Some(Ok(_)) => return Err(Outcome::Nonsense.into()),
            Some(Err(_)) => return Err(Outcome::Unreachable.into()),
        }
    }
    drop(incoming);
    app.client.give_back(endpoint, connection);
    Ok(whole.freeze())
}

/// The upstream's status and those of its headers that say something to the client.
fn passed(status: http::StatusCode, headers: &HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    for (name, value) in headers {
        let kept =
            *name == CONTENT_TYPE || name.as_str().starts_with("openai-") || *name == RETRY_AFTER;
        if kept && *name != CONTENT_LENGTH {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let milliseconds =
        number("retry-after-ms").or_else(|| Some(number(RETRY_AFTER.as_str())? * 1_000.0))?;
    Duration::try_from_secs_f64(milliseconds / 1_000.0).ok()
}

fn refused(status: u16, retry_after: Option<Duration>, error: &UpstreamError) -> Outcome {
    let fault = match status {
        429 => Fault::RateLimited,
        401 | 403 => Fault::Credential,
        408 | 409 | 500.. => Fault::Upstream,
        400 | 413 if error.context_length => Fault::ContextLength,
        _ => Fault::Caller,
    };
    Outcome::Refused {
        status,
        retry_after,
        fault,
    }
}
