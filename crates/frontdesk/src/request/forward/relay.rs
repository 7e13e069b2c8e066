//! A stream on its way from an upstream to the client: the bytes as they come, read in passing.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use routing::{Outcome, Usage};
use tokio::time::{Instant, Sleep, sleep_until};
use wire::{Chunk, Events, UpstreamError};

use super::client::Connection;
use super::proceed::Proceed;
use crate::config::{Endpoint, Provider};
use crate::request::record::Recorder;

/// Events that may come before the first useful one.
const MAX_PRELUDE: usize = 1_000;

/// What a stream began with.
#[derive(Debug)]
pub(super) enum Begun {
    /// Something for the client; nothing has been sent yet.
    Useful,
    /// An error object.
    Error(UpstreamError),
    /// It ended, broke or never said anything.
    Nonsense,
}

/// The stream. Owns the upstream connection, so dropping it cancels the call, and the recorder, so dropping it records.
#[derive(Debug)]
pub struct Relay {
    recorder: Option<Recorder>,
    /// What goes on with the answer where this upstream breaks off.
    proceed: Option<Proceed>,
    upstream: Option<(Connection, Incoming)>,
    events: Events,
    ready: VecDeque<Bytes>,
    endpoint: Endpoint,
    idle: Duration,
    /// When the upstream has been silent for too long, or the whole request has taken too long.
    patience: Pin<Box<Sleep>>,
    deadline: Instant,
    wants_usage: bool,
    usage: Option<Usage>,
    text_bytes: usize,
    finished: bool,
    done: bool,
}

/// The next data of an answer, while its connection is driven.
pub(super) async fn next_data(
    connection: &mut Connection,
    incoming: &mut Incoming,
) -> Option<Result<Bytes, hyper::Error>> {
    poll_fn(|context| poll_data(connection, incoming, context)).await
}

fn poll_data(
    connection: &mut Connection,
    incoming: &mut Incoming,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, hyper::Error>>> {
    loop {
        connection.poll_drive(context);
        match ready!(Pin::new(&mut *incoming).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => return Poll::Ready(Some(Ok(data))),
                Err(_trailers) => {}
            },
        }
    }
}

impl Relay {
    pub(super) fn new(
        connection: Connection,
        incoming: Incoming,
        provider: &Provider,
        deadline: Instant,
        wants_usage: bool,
    ) -> Self {
        let idle = provider.timeouts.idle;
        Self {
            recorder: None,
            proceed: None,
            upstream: Some((connection, incoming)),
            events: Events::default(),
            ready: VecDeque::new(),
            endpoint: provider.endpoint.clone(),
            idle,
            patience: Box::pin(sleep_until(deadline.min(Instant::now() + idle))),
            deadline,
            wants_usage,
            usage: None,
            text_bytes: 0,
            finished: false,
            done: false,
        }
    }

    /// Takes what goes on where the upstream breaks off, and tells it what has come already.
    pub(super) fn with_proceed(&mut self, mut proceed: Option<Proceed>) {
        for data in self.ready.iter().filter_map(data_of) {
            if let (Some(proceed), Chunk::Delta(delta)) = (&mut proceed, Chunk::read(Some(&data))) {
                proceed.heard(&delta, Some(&data));
            }
        }
        self.proceed = proceed;
    }

    /// Takes the recorder, and tells it what has come already.
    pub(super) fn with_recorder(&mut self, mut recorder: Recorder) {
        for piece in &self.ready {
            recorder.said(|| wire::chunk::text_of(&data_of(piece)?));
        }
        self.recorder = Some(recorder);
    }

    /// Reads up to the first useful event.
    pub(super) async fn first_useful(&mut self) -> Begun {
        while self.text_bytes == 0 && !self.finished {
            let Some((connection, incoming)) = &mut self.upstream else {
                return Begun::Nonsense;
            };
            let Some(Ok(data)) = next_data(connection, incoming).await else {
                return Begun::Nonsense;
            };
            if self.ready.len() > MAX_PRELUDE || self.events.push(&data).is_err() {
                return Begun::Nonsense;
            }
            if let Some(error) = self.take_events() {
                return Begun::Error(error);
            }
        }
        self.patience.as_mut().reset(self.deadline.min(Instant::now() + self.idle));
        Begun::Useful
    }

    /// The next bytes for the client; `None` at the end.
    pub(in crate::request) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if !self.ready.is_empty() {
                let pieces = std::mem::take(&mut self.ready);
                return Poll::Ready(Some(joined(pieces)));
            }
            if let Some(proceed) = &mut self.proceed
                && proceed.is_under_way()
            {
                let next = ready!(proceed.poll(self.recorder.as_mut(), context));
                match next {
                    Some(next) => self.continue_with(*next),
                    None => self.interrupted(),
                }
                continue;
            }
            let Some((connection, incoming)) = &mut self.upstream else {
                // The row is written here and not when the connection is let go.
                self.recorder = None;
                return Poll::Ready(None);
            };
            match poll_data(connection, incoming, context) {
                Poll::Ready(Some(Ok(data))) => {
                    self.patience.as_mut().reset(self.deadline.min(Instant::now() + self.idle));
                    let broken = self.events.push(&data).is_err() || self.take_events().is_some();
                    if broken {
                        self.broke();
                    } else if self.done {
                        self.complete();
                    }
                }
                Poll::Ready(Some(Err(_)) | None) => {
                    if let Some(last) = self.events.finish() {
                        let _error = self.take(last);
                    }
                    self.broke();
                }
                Poll::Pending => {
                    ready!(self.patience.as_mut().poll(context));
                    self.broke();
                }
            }
        }
    }

    fn take_events(&mut self) -> Option<UpstreamError> {
        while let Some(event) = self.events.next_event() {
            if let Some(error) = self.take(event) {
                return Some(error);
            }
        }
        None
    }

    /// Reads an event and queues it for the client where it is meant for it.
    fn take(&mut self, event: wire::Event) -> Option<UpstreamError> {
        match Chunk::read(event.data().as_deref()) {
            Chunk::Error(error) => return Some(error),
            Chunk::Done => self.done = true,
            // A comment keeps the client's connection alive as it did ours.
            Chunk::Nothing => self.ready.push_back(event.raw),
            Chunk::Malformed => {
                tracing::debug!(bytes = event.raw.len(), "a malformed event was dropped");
            }
            Chunk::Delta(delta) => {
                self.finished |= delta.finished;
                self.usage = delta.usage.or(self.usage);
                self.text_bytes = self.text_bytes.saturating_add(delta.text_bytes);
                if let Some(proceed) = &mut self.proceed {
                    proceed.heard(&delta, event.data().as_deref());
                }
                if let Some(recorder) = &mut self.recorder {
                    recorder.said(|| wire::chunk::text_of(&event.data()?));
                }
                if self.wants_usage || !delta.only_usage {
                    self.ready.push_back(event.raw);
                }
            }
        }
        None
    }

    /// The upstream is at its end or silent: a success where it had finished, else another goes on or nobody does.
    fn broke(&mut self) {
        if self.finished {
            self.complete();
        } else if self.proceed.as_mut().is_some_and(|proceed| proceed.start(self.wants_usage, self.deadline)) {
            self.upstream = None;
            if let Some(recorder) = &mut self.recorder {
                recorder.called(&Outcome::Broken);
                recorder.used(self.usage.take(), self.text_bytes);
            }
        } else {
            self.interrupted();
        }
    }

    /// Goes on with the stream of another model.
    fn continue_with(&mut self, mut next: Self) {
        std::mem::swap(&mut self.upstream, &mut next.upstream);
        std::mem::swap(&mut self.events, &mut next.events);
        std::mem::swap(&mut self.endpoint, &mut next.endpoint);
        self.ready.append(&mut next.ready);
        self.idle = next.idle;
        self.usage = next.usage;
        self.text_bytes = next.text_bytes;
        self.finished = next.finished;
        self.done = next.done;
        self.patience.as_mut().reset(self.deadline.min(Instant::now() + self.idle));
    }

    /// The answer is whole: say so, and keep what is known of it.
    fn complete(&mut self) {
        self.ready.push_back(Bytes::from_static(b"data: [DONE]\n\n"));
        self.keep_connection();
        self.settle(&Outcome::Answered, 200, None);
    }

    /// The upstream broke off after bytes went out: say that, and never that it is whole.
    fn interrupted(&mut self) {
        let body = wire::error_body(
            "the model stopped in the middle of its answer",
            "api_error",
            None,
            "upstream_interrupted",
        );
        self.ready.push_back(Bytes::from(format!("data: {body}\n\n")));
        self.settle(&Outcome::Broken, 200, Some("upstream_interrupted"));
    }

    /// The connection serves another call where the upstream's answer is read to its end, which mostly comes together
    /// with its last event.
    fn keep_connection(&mut self) {
        let Some((mut connection, mut incoming)) = self.upstream.take() else {
            return;
        };
        let mut context = Context::from_waker(Waker::noop());
        let at_end = matches!(poll_data(&mut connection, &mut incoming, &mut context), Poll::Ready(None));
        if let (true, Some(recorder)) = (at_end, &self.recorder) {
            drop(incoming);
            recorder.client().give_back(&self.endpoint, connection);
        }
    }

    fn settle(&mut self, outcome: &Outcome, status: u16, error: Option<&'static str>) {
        self.upstream = None;
        if let Some(recorder) = &mut self.recorder {
            recorder.called(outcome);
            recorder.used(self.usage, self.text_bytes);
            recorder.ended(status, error);
        }
    }
}

impl Drop for Relay {
    /// A client that leaves has still used what came.
    fn drop(&mut self) {
        if let (Some(recorder), Some(_)) = (&mut self.recorder, &self.upstream) {
            recorder.used(self.usage, self.text_bytes);
        }
    }
}

/// The data of an event that waits for the client.
fn data_of(raw: &Bytes) -> Option<Vec<u8>> {
    let event = wire::Event { raw: raw.clone() };
    event.data().map(std::borrow::Cow::into_owned)
}

/// One write for all that is ready.
fn joined(mut pieces: VecDeque<Bytes>) -> Bytes {
    match pieces.pop_front() {
        Some(only) if pieces.is_empty() => only,
        first => first.into_iter().chain(pieces).flatten().collect(),
    }
}
