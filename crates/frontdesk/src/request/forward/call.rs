//! One call of one model, up to the point where its answer may go to the client.

use std::time::{Duration, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use routing::{Fault, Model, ModelId, Outcome};
use tokio::time::{Instant, timeout_at};
use wire::answer::{Answer, read_answer, read_other};
use wire::chunk::Delta;
use wire::splice::{Changes, splice};
use wire::{ChatRequest, Invalid, UpstreamError, anthropic};

use super::client::{Client, Connection, Pieces, Unsent};
use super::relay::{Begun, Relay};
use crate::config::{Api, Config, Endpoint, Provider};
use crate::request::Operation;

/// The largest answer that is taken in whole.
const MAX_ANSWER: usize = 64 << 20;
/// The version of Anthropic's protocol that is spoken.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// How a call went.
#[derive(Debug)]
pub(crate) enum Called {
    /// A whole answer.
    Whole { response: Response<Bytes>, delta: Delta },
    /// A stream whose first useful event has come.
    Stream { response: Response<()>, relay: Box<Relay> },
    /// Nothing for the client.
    Failed(Failure),
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) outcome: Outcome,
    /// The upstream's error, where it could be the client's answer.
    pub(crate) response: Option<Response<Bytes>>,
}

impl From<Outcome> for Failure {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, response: None }
    }
}

/// Who is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callee<'a> {
    pub(crate) model: &'a Model,
    pub(crate) provider: &'a Provider,
}

impl<'a> Callee<'a> {
    /// The model of an id with its provider.
    pub(crate) fn of(config: &'a Config, id: ModelId) -> Option<Self> {
        let model = config.table.model(id)?;
        let provider = config.providers.get(model.provider.index())?;
        Some(Self { model, provider })
    }

    /// The client's request as this model takes it.
    ///
    /// # Errors
    /// When the provider's protocol has no place for something in it.
    pub(crate) fn outgoing(
        &self,
        body: &Bytes,
        request: &ChatRequest<'_>,
        prefill: Option<&str>,
        include_usage: bool,
    ) -> Result<Pieces, Invalid> {
        let changes = Changes { model: &self.model.id, include_usage, prefill };
        match self.provider.api {
            Api::OpenAi => Ok(splice(body, request, &changes).into()),
            Api::Anthropic => Ok(vec![anthropic::messages_request(body, &changes)?.into()].into()),
        }
    }

    /// The most tokens of a conversation.
    pub(crate) fn context(&self) -> u64 {
        self.model.context.unwrap_or(u64::MAX)
    }
}

/// What is asked of it.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) operation: Operation,
    /// The body.
    pub(crate) pieces: Pieces,
    pub(crate) stream: bool,
    /// Whether the client asked for an event of usage itself.
    pub(crate) wants_usage: bool,
    /// Nothing goes on after it.
    pub(crate) deadline: Deadline,
    /// When the request came in, seconds since the Unix epoch: `created` of answers whose protocol has none.
    pub(crate) created: u64,
}

/// When the whole request must be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
}

impl Deadline {
    /// Our own bound, or the client's where that is sooner.
    pub(crate) fn within(own: Instant, clients: Option<Instant>) -> Self {
        Self { at: clients.map_or(own, |clients| clients.min(own)) }
    }

    pub(crate) fn is_over(self) -> bool {
        self.at <= Instant::now()
    }

    /// What it means that a wait ended without an answer: the model's fault, unless the whole time is over.
    fn outcome(self) -> Outcome {
        if self.is_over() { Outcome::OutOfTime } else { Outcome::TimedOut }
    }
}

/// Calls a model. The head of its answer, and the first useful event of a stream, must come within `first_token`.
pub(crate) async fn call(client: &Client, callee: &Callee<'_>, ask: Ask) -> Called {
    let deadline = ask.deadline;
    let first = deadline.at.min(Instant::now() + callee.provider.timeouts.first_token);
    // A whole answer takes as long as it takes to arrive; only a stream has a first event to wait for.
    let until = if ask.stream { first } else { deadline.at };
    match timeout_at(until, answer(client, callee, ask, first)).await {
        Ok(Ok(called)) => called,
        Ok(Err(failure)) => Called::Failed(failure),
        Err(_) => Called::Failed(deadline.outcome().into()),
    }
}

async fn answer(client: &Client, callee: &Callee<'_>, ask: Ask, first: Instant) -> Result<Called, Failure> {
    let provider = callee.provider;
    let sending = send(client, provider, &ask);
    let (connection, response) = timeout_at(first, sending).await.map_err(|_| ask.deadline.outcome())??;
    let (head, incoming) = response.into_parts();
    let is_stream =
        head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if head.status.is_success() && is_stream {
        let mut relay = Box::new(Relay::new(connection, incoming, provider, &ask));
        return match relay.first_useful().await {
            Begun::Useful => Ok(Called::Stream { response: passed(head.status, &head.headers), relay }),
            Begun::Error(error, body) => Err(error_inside(&error, body)),
            Begun::Nonsense => Err(Outcome::Nonsense.into()),
        };
    }
    let whole = collect(connection, incoming, client, &provider.endpoint).await?;
    let whole = spoken_as_openai(provider.api, head.status.is_success(), whole, ask.created);
    let whole = whole.ok_or(Outcome::Nonsense)?;
    let response = passed(head.status, &head.headers).map(|()| whole.clone());
    if !head.status.is_success() {
        let rest = retry_after(&head.headers, ask.created);
        return Err(failure(refused(head.status.as_u16(), rest, &UpstreamError::read(&whole)), response));
    }
    let read = if ask.operation == Operation::Embeddings { read_other } else { read_answer };
    match read(&whole) {
        Answer::Whole(delta) => Ok(Called::Whole { response, delta }),
        Answer::Error(error) => Err(error_inside(&error, whole)),
        Answer::Nonsense => Err(Outcome::Nonsense.into()),
    }
}

/// A refusal, with the answer where it may be the client's.
fn failure(outcome: Outcome, response: Response<Bytes>) -> Failure {
    let caller = matches!(outcome, Outcome::Refused { fault: Fault::Caller | Fault::ContextLength, .. });
    Failure { outcome, response: Some(response).filter(|_| caller) }
}

/// An error object under a status of success, or as the first event of a stream: as if it had come as that status.
fn error_inside(error: &UpstreamError, body: Bytes) -> Failure {
    let status = error.status.unwrap_or(500);
    let mut response = Response::new(body);
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    failure(refused(status, None, error), response)
}

/// A whole answer in the client's protocol; `None`: it is none.
fn spoken_as_openai(api: Api, success: bool, whole: Bytes, created: u64) -> Option<Bytes> {
    match (api, success) {
        (Api::OpenAi, _) => Some(whole),
        (Api::Anthropic, true) => anthropic::chat_answer(&whole, created).map(Bytes::from),
        (Api::Anthropic, false) => Some(anthropic::error_answer(&whole).into()),
    }
}

/// Sends on an idle connection, or on a new one where that turns out to have been closed meanwhile.
async fn send(client: &Client, provider: &Provider, ask: &Ask) -> Result<(Connection, Response<Incoming>), Failure> {
    let unreachable = || Failure::from(Outcome::Unreachable);
    let endpoint = &provider.endpoint;
    if let Some(mut connection) = client.reuse(endpoint) {
        match connection.send(request(provider, ask).ok_or_else(unreachable)?).await {
            Ok(response) => return Ok((connection, response)),
            // What has been sent may have been taken up: whether to ask again is the retry policy's business.
            Err(Unsent::No) => return Err(unreachable()),
            Err(Unsent::Yes) => {}
        }
    }
    let connected = client.connect(endpoint, provider.timeouts.connect).await;
    let mut connection = connected.map_err(|_| unreachable())?;
    let request = request(provider, ask).ok_or_else(unreachable)?;
    let response = connection.send(request).await.map_err(|_| unreachable())?;
    Ok((connection, response))
}

fn request(provider: &Provider, ask: &Ask) -> Option<Request<Pieces>> {
    let uri = format!("{}{}", provider.endpoint.prefix, ask.operation.upstream_path(provider.api)?);
    let mut request = Request::new(ask.pieces.clone());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.parse().ok()?;
    let headers = request.headers_mut();
    headers.insert(HOST, provider.host.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let credential = match provider.api {
        Api::OpenAi => AUTHORIZATION,
        Api::Anthropic => {
            headers.insert("anthropic-version", HeaderValue::from_static(ANTHROPIC_VERSION));
            HeaderName::from_static("x-api-key")
        }
    };
    if let Some(value) = &provider.credential {
        headers.insert(credential, value.clone());
    }
    Some(request)
}

async fn collect(
    mut connection: Connection,
    mut incoming: Incoming,
    client: &Client,
    endpoint: &Endpoint,
) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    let mut first = Bytes::new();
    loop {
        match super::relay::next_data(&mut connection, &mut incoming).await {
            None => break,
            // Most answers come in one piece, which then needs no copy.
            Some(Ok(data)) if first.is_empty() => first = data,
            Some(Ok(data)) if first.len() + whole.len() + data.len() <= MAX_ANSWER => {
                whole.extend_from_slice(&data);
            }
            Some(Ok(_)) => return Err(Outcome::Nonsense.into()),
            Some(Err(_)) => return Err(Outcome::Unreachable.into()),
        }
    }
    drop(incoming);
    client.give_back(endpoint, connection);
    if whole.is_empty() {
        return Ok(first);
    }
    Ok([first, whole.freeze()].concat().into())
}

/// The upstream's status and those of its headers that say something to the client.
fn passed(status: http::StatusCode, headers: &HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    for (name, value) in headers {
        let kept = *name == CONTENT_TYPE || name.as_str().starts_with("openai-") || *name == RETRY_AFTER;
        if kept && *name != CONTENT_LENGTH {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response
}

/// How long the upstream asks to be left alone: in milliseconds, seconds, or until a date (RFC 9110, 10.2.3). `now` is in
/// seconds since the Unix epoch.
fn retry_after(headers: &HeaderMap, now: u64) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok();
    if let Some(seconds) = number("retry-after-ms").map(|ms| ms / 1_000.0).or_else(|| number(RETRY_AFTER.as_str())) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = httpdate::parse_http_date(text(RETRY_AFTER.as_str())?).ok()?;
    Some(until.duration_since(UNIX_EPOCH + Duration::from_secs(now)).unwrap_or(Duration::ZERO))
}

fn refused(status: u16, retry_after: Option<Duration>, error: &UpstreamError) -> Outcome {
    let fault = match status {
        429 => Fault::RateLimited,
        401 | 403 => Fault::Credential,
        500.. => Fault::Upstream,
        400 | 413 if error.context_length => Fault::ContextLength,
        _ => Fault::Caller,
    };
    Outcome::Refused { status, retry_after, fault }
}
