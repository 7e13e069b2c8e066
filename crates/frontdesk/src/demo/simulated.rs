//! Simulated models behind a real HTTP port: they take as long as their profiles say, compressed by the speed-up.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use routing::{Profile, Table};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::answer::{self, Asked, Meant};
use super::timer::Timer;

/// The largest request that is read, bytes.
const MOST: usize = 64 << 20;
/// Pieces of a stream that may wait for a slow reader.
const WAITING: usize = 16;
/// Tokens that come closer together than this are sent at once.
const TICK: Duration = Duration::from_millis(2);

/// The models of a configuration, by the provider's id.
#[derive(Debug)]
pub(super) struct Models {
    profiles: HashMap<String, Profile>,
    meant: Meant,
    speedup: f64,
    timer: Timer,
    tasks: TaskTracker,
}

impl Models {
    pub(super) fn new(table: &Table, meant: Meant, speedup: f64) -> std::io::Result<Arc<Self>> {
        let profiles = table.models.iter().filter_map(|model| Some((model.id.clone(), model.profile?))).collect();
        let (timer, tasks) = (Timer::start()?, TaskTracker::new());
        Ok(Arc::new(Self { profiles, meant, speedup, timer, tasks }))
    }

    /// Serves until the process ends.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                self.tasks.spawn(Arc::clone(&self).talk(stream));
            }
        }
    }

    async fn talk(self: Arc<Self>, stream: TcpStream) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let service = service_fn(move |request| {
            let models = Arc::clone(&self);
            async move { Ok::<_, Infallible>(models.answer(request).await) }
        });
        // A client that leaves is no failure.
        let _left = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Said> {
        let began = Instant::now();
        let Ok(body) = Limited::new(request.into_body(), MOST).collect().await else {
            return said("application/json", Said::Whole(Some(refusal("the body cannot be read"))), 400);
        };
        let Some(asked) = answer::read(&body.to_bytes(), &self.meant) else {
            return said("application/json", Said::Whole(Some(refusal("this is no chat request"))), 400);
        };
        let Some(profile) = self.profiles.get(&asked.model).copied() else {
            return said("application/json", Said::Whole(Some(refusal("this model is not simulated"))), 404);
        };
        let pace = Pace { began, profile, speedup: self.speedup };
        if asked.stream {
            let (sender, receiver) = mpsc::channel(WAITING);
            let models = Arc::clone(&self);
            self.tasks.spawn(async move { models.speak(&asked, pace, &sender).await });
            return said("text/event-stream", Said::Stream(receiver), 200);
        }
        self.timer.until(pace.at(asked.usage.output)).await;
        said("application/json", Said::Whole(Some(asked.whole().into())), 200)
    }

    /// Sends the tokens of a stream, each at its time.
    async fn speak(&self, asked: &Asked, pace: Pace, to: &mpsc::Sender<Bytes>) {
        let tokens = asked.usage.output;
        let mut sent = 0;
        // The first token of an answer comes by itself: that is the time to first token.
        let mut next = 1;
        while sent < tokens {
            let next_at = if sent == 0 { pace.at(0) } else { pace.at(next) };
            self.timer.until(next_at).await;
            if to.send(asked.events(sent, next).into()).await.is_err() {
                return;
            }
            sent = next;
            next = pace.due(Instant::now() + TICK).clamp(sent + 1, tokens.max(sent + 1));
        }
    }
}

/// When the tokens of an answer come.
#[derive(Clone, Copy, Debug)]
struct Pace {
    began: Instant,
    profile: Profile,
    speedup: f64,
}

impl Pace {
    /// When so many tokens are there.
    fn at(&self, tokens: u64) -> Instant {
        self.began + Duration::from_secs_f64(self.profile.answer_ms(tokens) / 1e3 / self.speedup)
    }

    /// How many tokens are there at a moment.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number, clamped at zero")]
    fn due(&self, moment: Instant) -> u64 {
        let model_time = moment.saturating_duration_since(self.began).as_secs_f64() * self.speedup;
        let speaking = model_time - self.profile.first_token.as_secs_f64();
        (speaking * self.profile.tokens_per_second).max(0.0) as u64
    }
}

fn refusal(message: &str) -> Bytes {
    wire::error_body(message, "invalid_request_error", None, "simulated").into()
}

fn said(kind: &'static str, body: Said, status: u16) -> Response<Said> {
    let mut response = Response::new(body);
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The body of an answer.
enum Said {
    Whole(Option<Bytes>),
    Stream(mpsc::Receiver<Bytes>),
}

impl Body for Said {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take()),
            Self::Stream(receiver) => receiver.poll_recv(context),
        };
        bytes.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
