//! A stream on its way from an upstream to the client: the bytes as they come, read in passing.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use routing::{Outcome, Usage};
use tokio::time::{Instant, Sleep, sleep_until};
use wire::{Chunk, Events, UpstreamError};

use super::client::Connection;
use crate::config::Provider;
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
    pub(super) recorder: Option<Recorder>,
    upstream: Option<(Connection, Incoming)>,
    events: Events,
    ready: VecDeque<Bytes>,
    idle: Duration,
    /// When the upstream has been silent for too long, or the whole request has taken too long.
    patience: Pin<Box<Sleep>>,
    deadline: Instant,
    wants_usage: bool,
    usage: Option<Usage>,
    text_bytes: usize,
    began: Instant,
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
            upstream: Some((connection, incoming)),
            events: Events::default(),
            ready: VecDeque::new(),
            idle,
            patience: Box::pin(sleep_until(deadline.min(Instant::now() + idle))),
            deadline,
            wants_usage,
            usage: None,
            text_bytes: 0,
            began: Instant::now(),
            finished: false,
            done: false,
        }
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
        self.patience
            .as_mut()
            .reset(self.deadline.min(Instant::now() + self.idle));
        Begun::Useful
    }

    /// The next bytes for the client; `None` at the end.
    pub(in crate::request) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Bytes>> {
        loop {
            if !self.ready.is_empty() {
                let pieces = std::mem::take(&mut self.ready);
                return Poll::Ready(Some(joined(pieces)));
            }
            let Some((connection, incoming)) = &mut self.upstream else {
                // The row is written here and not when the connection is let go.
                self.recorder = None;
                return Poll::Ready(None);
            };
            match poll_data(connection, incoming, context) {
                Poll::Ready(Some(Ok(data))) => {
                    self.patience
                        .as_mut()
                        .reset(self.deadline.min(Instant::now() + self.idle));
                    let broken = self.events.push(&data).is_err() || self.take_events().is_some();
                    if broken {
                        self.interrupted();
                    } else if self.done {
                        self.complete();
                    }
                }
                Poll::Ready(Some(Err(_)) | None) => {
                    if let Some(last) = self.events.finish() {
                        let _error = self.take(last);
                    }
                    if self.finished {
                        self.complete();
                    } else {
                        self.interrupted();
                    }
                }
                Poll::Pending => {
                    ready!(self.patience.as_mut().poll(context));
                    if self.finished {
                        self.complete();
                    } else {
                        self.interrupted();
                    }
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
                if self.wants_usage || !delta.only_usage {
                    self.ready.push_back(event.raw);
                }
            }
        }
        None
    }

    /// The answer is whole: say so, and keep what is known of it.
    fn complete(&mut self) {
        self.ready
            .push_back(Bytes::from_static(b"data: [DONE]\n\n"));
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
        self.ready
            .push_back(Bytes::from(format!("data: {body}\n\n")));
        self.settle(&Outcome::Broken, 200, Some("upstream_interrupted"));
    }

    fn settle(&mut self, outcome: &Outcome, status: u16, error: Option<&'static str>) {
        self.upstream = None;
        if let Some(recorder) = &mut self.recorder {
            let took = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
            recorder.called(outcome, took);
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

/// One write for all that is ready.
fn joined(mut pieces: VecDeque<Bytes>) -> Bytes {
    match pieces.pop_front() {
        Some(only) if pieces.is_empty() => only,
        first => first.into_iter().chain(pieces).flatten().collect(),
    }
}
