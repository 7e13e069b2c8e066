//! A stream on its way from an upstream to the client: the bytes as they come, read in passing.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::body::Incoming;
use routing::{Outcome, Usage};
use tokio::time::{Instant, Sleep, sleep_until};
use wire::anthropic::Translator;
use wire::{Chunk, Event, Events, Fate, Reader, UpstreamError};

use super::call::{Ask, Deadline};
use super::client::Connection;
use super::proceed::Proceed;
use crate::config::{Api, Endpoint, Provider};
use crate::request::record::Recorder;

/// Events that may come before the first useful one.
const MAX_PRELUDE: usize = 1_000;
/// Bytes of them that are held back.
const MAX_HELD: usize = 4 << 20;
/// The code of the error event that ends a stream which broke off.
const INTERRUPTED: &str = "upstream_interrupted";

/// What a stream began with.
#[derive(Debug)]
pub(super) enum Begun {
    /// Something for the client; nothing has been sent yet.
    Useful,
    /// An error object, read and as it came.
    Error(UpstreamError, Bytes),
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
    reader: Reader,
    /// Makes OpenAI's events of those of another protocol.
    translator: Option<Translator>,
    ready: VecDeque<Bytes>,
    endpoint: Endpoint,
    idle: Duration,
    /// When the upstream said something last.
    heard_at: Instant,
    /// Wakes when the upstream may have been silent for too long, or the whole request has taken too long.
    patience: Pin<Box<Sleep>>,
    deadline: Deadline,
    wants_usage: bool,
    seen: Seen,
}

/// What was read of the events in passing.
#[derive(Clone, Debug, Default)]
struct Seen {
    usage: Option<Usage>,
    text_bytes: usize,
    events: usize,
    malformed: u64,
    finished: bool,
    done: bool,
}

/// An error object that came as an event.
struct ErrorEvent {
    read: UpstreamError,
    body: Bytes,
}

/// The next data of an answer, while its connection is driven.
pub(crate) async fn next_data(
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
    pub(super) fn new(connection: Connection, incoming: Incoming, provider: &Provider, ask: &Ask) -> Self {
        let now = Instant::now();
        let idle = provider.timeouts.idle;
        let translator = match provider.api {
            Api::OpenAi => None,
            Api::Anthropic => Some(Translator::new(ask.created)),
        };
        Self {
            recorder: None,
            proceed: None,
            upstream: Some((connection, incoming)),
            events: Events::default(),
            reader: Reader::default(),
            translator,
            ready: VecDeque::new(),
            endpoint: provider.endpoint.clone(),
            idle,
            heard_at: now,
            patience: Box::pin(sleep_until(ask.deadline.at.min(now + idle))),
            deadline: ask.deadline,
            wants_usage: ask.wants_usage,
            seen: Seen::default(),
        }
    }

    /// Takes what goes on where the upstream breaks off, and tells it what has come already.
    pub(super) fn with_proceed(&mut self, mut proceed: Option<Proceed>) {
        if let Some(proceed) = &mut proceed {
            each_event(&self.ready, &mut |data| {
                if let Chunk::Delta(delta) = Chunk::read(Some(data)) {
                    proceed.heard(&delta, Some(data));
                }
            });
        }
        self.proceed = proceed;
    }

    /// Takes the recorder, and tells it what has come already.
    pub(super) fn with_recorder(&mut self, mut recorder: Recorder) {
        if recorder.keeps_answer() {
            each_event(&self.ready, &mut |data| recorder.said(|| wire::chunk::text_of(data)));
        }
        self.recorder = Some(recorder);
    }

    /// Reads up to the first useful event.
    pub(super) async fn first_useful(&mut self) -> Begun {
        while self.seen.text_bytes == 0 && !self.seen.finished {
            let Some((connection, incoming)) = &mut self.upstream else {
                return Begun::Nonsense;
            };
            let Some(Ok(data)) = next_data(connection, incoming).await else {
                return Begun::Nonsense;
            };
            let held: usize = self.ready.iter().map(Bytes::len).sum();
            if self.seen.events > MAX_PRELUDE || held > MAX_HELD || self.events.push(data).is_err() {
                return Begun::Nonsense;
            }
            if let Some(error) = self.take_events() {
                return Begun::Error(error.read, error.body);
            }
        }
        self.heard_at = Instant::now();
        Begun::Useful
    }

    /// The next bytes for the client; `None` at the end.
    pub(in crate::request) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if !self.ready.is_empty() {
                let under_way = self.proceed.as_ref().is_some_and(Proceed::is_under_way);
                if self.upstream.is_none() && !under_way {
                    // These are the last: the row is on its way before the client can know that, and say something of it.
                    self.recorder = None;
                }
                let pieces = std::mem::take(&mut self.ready);
                return Poll::Ready(Some(joined(pieces)));
            }
            if let Some(proceed) = &mut self.proceed
                && proceed.is_under_way()
            {
                let next = ready!(proceed.poll(self.recorder.as_mut(), context));
                match next {
                    Some(next) => self.continue_with(*next),
                    // Both calls are accounted for already.
                    None => self.give_up(),
                }
                continue;
            }
            let Some((connection, incoming)) = &mut self.upstream else {
                return Poll::Ready(None);
            };
            match poll_data(connection, incoming, context) {
                Poll::Ready(Some(Ok(data))) => {
                    self.heard_at = Instant::now();
                    let broken = self.events.push(data).is_err() || self.take_events().is_some();
                    if broken {
                        self.broke();
                    } else if self.seen.done {
                        self.complete();
                    }
                }
                Poll::Ready(Some(Err(_)) | None) => {
                    self.take_last_event();
                    self.broke();
                }
                Poll::Pending => {
                    ready!(self.patience.as_mut().poll(context));
                    let silent_at = self.deadline.at.min(self.heard_at + self.idle);
                    if silent_at <= Instant::now() {
                        self.broke();
                    } else {
                        // Something was said meanwhile: the timer is moved only now, not at every event.
                        self.patience.as_mut().reset(silent_at);
                    }
                }
            }
        }
    }

    /// Reads the events that have come and queues what is meant for the client; an error object ends it.
    fn take_events(&mut self) -> Option<ErrorEvent> {
        let mut events = std::mem::take(&mut self.events);
        let mut ready = std::mem::take(&mut self.ready);
        let mut error = None;
        events.take(|event| self.look(event, &mut error), |piece| ready.push_back(piece));
        (self.events, self.ready) = (events, ready);
        error
    }

    /// The event that lacks its empty line, where the stream ends without.
    fn take_last_event(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        let mut ready = std::mem::take(&mut self.ready);
        let mut error = None;
        events.finish(|event| self.look(event, &mut error), |piece| ready.push_back(piece));
        self.ready = ready;
    }

    fn look(&mut self, event: Event<'_>, error: &mut Option<ErrorEvent>) -> Fate {
        let Some(translator) = &mut self.translator else {
            return self.read(event, error);
        };
        let mut passed = Vec::new();
        for piece in translator.translate(event) {
            match self.read(Event { raw: &piece }, error) {
                Fate::Pass => passed.extend_from_slice(&piece),
                Fate::Stop => return Fate::Stop,
                Fate::Drop | Fate::Replace(_) => {}
            }
        }
        if passed.is_empty() { Fate::Drop } else { Fate::Replace(passed.into()) }
    }

    /// Reads an event in passing; what becomes of it.
    fn read(&mut self, event: Event<'_>, error: &mut Option<ErrorEvent>) -> Fate {
        self.seen.events += 1;
        let data = event.data();
        match self.reader.read(data.as_deref()) {
            Chunk::Error(read) => {
                let body = Bytes::copy_from_slice(data.as_deref().unwrap_or_default());
                *error = Some(ErrorEvent { read, body });
                Fate::Stop
            }
            Chunk::Done => {
                self.seen.done = true;
                Fate::Drop
            }
            // A comment keeps the client's connection alive as it did ours.
            Chunk::Nothing => Fate::Pass,
            Chunk::Malformed => {
                self.seen.malformed += 1;
                Fate::Drop
            }
            Chunk::Delta(delta) => {
                self.seen.finished |= delta.finished;
                self.seen.usage = delta.usage.or(self.seen.usage);
                self.seen.text_bytes = self.seen.text_bytes.saturating_add(delta.text_bytes);
                if let Some(proceed) = &mut self.proceed {
                    proceed.heard(&delta, data.as_deref());
                }
                if let Some(recorder) = &mut self.recorder {
                    recorder.said(|| wire::chunk::text_of(&data?));
                }
                if self.wants_usage || !delta.only_usage { Fate::Pass } else { Fate::Drop }
            }
        }
    }

    /// The upstream is at its end or silent: a success where it had finished, else another goes on or nobody does.
    fn broke(&mut self) {
        if self.seen.finished {
            self.complete();
        } else if self.proceed.as_mut().is_some_and(|proceed| proceed.start(self.wants_usage, self.deadline)) {
            self.upstream = None;
            self.settle(&Outcome::Broken);
        } else {
            self.interrupted();
        }
    }

    /// Goes on with the stream of another model.
    fn continue_with(&mut self, mut next: Self) {
        std::mem::swap(&mut self.upstream, &mut next.upstream);
        std::mem::swap(&mut self.events, &mut next.events);
        std::mem::swap(&mut self.translator, &mut next.translator);
        std::mem::swap(&mut self.endpoint, &mut next.endpoint);
        self.ready.append(&mut next.ready);
        self.idle = next.idle;
        self.seen = std::mem::take(&mut next.seen);
        self.heard_at = Instant::now();
        self.patience.as_mut().reset(self.deadline.at.min(self.heard_at + self.idle));
    }

    /// The answer is whole: say so, and keep what is known of it.
    fn complete(&mut self) {
        self.ready.push_back(Bytes::from_static(b"data: [DONE]\n\n"));
        self.keep_connection();
        self.settle(&Outcome::Answered);
        self.end(None);
    }

    /// The upstream broke off after bytes went out: say that, and never that it is whole. Where only the client's own
    /// time is over, the model is not to blame.
    fn interrupted(&mut self) {
        self.settle(&if self.deadline.is_over() { Outcome::OutOfTime } else { Outcome::Broken });
        self.give_up();
    }

    /// Tells the client that the answer is not whole.
    fn give_up(&mut self) {
        let body = wire::error_body("the model stopped in the middle of its answer", "api_error", None, INTERRUPTED);
        self.ready.push_back(Bytes::from(format!("data: {body}\n\n")));
        self.end(Some(INTERRUPTED));
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

    /// Accounts for the call that feeds this stream.
    fn settle(&mut self, outcome: &Outcome) {
        if let Some(recorder) = &mut self.recorder {
            recorder.called(outcome);
            recorder.used(self.seen.usage, self.seen.text_bytes);
        }
    }

    fn end(&mut self, error: Option<&'static str>) {
        self.upstream = None;
        if let Some(recorder) = &mut self.recorder {
            recorder.dropped_events(self.seen.malformed);
            recorder.ended(200, error);
        }
    }
}

impl Drop for Relay {
    /// A client that leaves has still used what came.
    fn drop(&mut self) {
        if let (Some(recorder), Some(_)) = (&mut self.recorder, &self.upstream) {
            recorder.used(self.seen.usage, self.seen.text_bytes);
        }
    }
}

/// Shows the data of every event that waits for the client.
fn each_event(ready: &VecDeque<Bytes>, show: &mut dyn FnMut(&[u8])) {
    let look = |event: Event<'_>, show: &mut dyn FnMut(&[u8])| {
        if let Some(data) = event.data() {
            show(&data);
        }
        Fate::Drop
    };
    for piece in ready {
        let mut events = Events::default();
        // What waits is made of whole events, each within its bound.
        if events.push(piece.clone()).is_ok() {
            events.take(|event| look(event, show), |_| ());
        }
    }
}

/// One write for all that is ready.
fn joined(mut pieces: VecDeque<Bytes>) -> Bytes {
    match pieces.pop_front() {
        Some(only) if pieces.is_empty() => only,
        first => {
            let mut whole = BytesMut::with_capacity(first.iter().chain(&pieces).map(Bytes::len).sum());
            first.iter().chain(&pieces).for_each(|piece| whole.extend_from_slice(piece));
            whole.freeze()
        }
    }
}
