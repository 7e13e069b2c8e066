//! The listener: connections in, requests to their endpoints.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::error::ApiError;
use crate::request::{self, Operation, REQUEST_ID, body::ClientBody, id_value};
use crate::{admin, endpoints, metrics};

/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The largest head of a request that is answered; the HTTP library closes the connection above 400 KB. Its buffer is
/// not made smaller, because bodies are read with it too.
const MAX_HEAD: usize = 64 * 1024;
/// Connections at the same time; more have to wait to be accepted.
const MAX_CONNECTIONS: usize = 16_384;

/// Serves until `stop` is cancelled, then lets running requests end within the configured grace.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepting = async {
            // The semaphore is never closed.
            let place = Arc::clone(&room).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepting => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (app, stop) = (Arc::clone(&app), stop.clone());
                tasks.spawn(async move {
                    connection(app, stream, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: without a pause this would spin.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // Who comes now is refused at once instead of waiting for a process that ends.
    drop(listener);
    tasks.close();
    // Only once no request can begin another one.
    let asked = async {
        tasks.wait().await;
        app.shadows.tasks.close();
        app.shadows.tasks.wait().await;
    };
    if tokio::time::timeout(app.snapshot().config.server.shutdown_grace, asked).await.is_err() {
        let (left, shadows) = (tasks.len(), app.shadows.tasks.len());
        tracing::warn!(left, shadows, "requests were still running when the grace was over");
    }
}

async fn connection(app: Arc<App>, stream: TcpStream, stop: CancellationToken) {
    if let Err(error) = talk(app, stream, stop).await {
        tracing::debug!(%error, "a client's connection ended early");
    }
}

async fn talk(app: Arc<App>, stream: TcpStream, stop: CancellationToken) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&asked);
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        asks.store(true, Ordering::Relaxed);
        async move { Ok::<_, Infallible>(identified(route(app, request).await)) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        ended = serving.as_mut() => return ended.map_err(io::Error::other),
        () = stop.cancelled() => {
            // Half a head is no request that could be waited for.
            if !asked.load(Ordering::Relaxed) {
                return Ok(());
            }
            serving.as_mut().graceful_shutdown();
        }
    }
    serving.await.map_err(io::Error::other)
}

async fn route(app: Arc<App>, request: Request<Incoming>) -> Response<ClientBody> {
    let (head, body) = request.into_parts();
    let size = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    if size + head.uri.path().len() > MAX_HEAD {
        return ApiError::head_too_large(MAX_HEAD).response();
    }
    let operation = match head.uri.path() {
        "/v1/chat/completions" => Some(Operation::Chat),
        "/v1/completions" => Some(Operation::Completions),
        "/v1/embeddings" => Some(Operation::Embeddings),
        _ => None,
    };
    match (head.uri.path(), &head.method, operation) {
        (_, &Method::POST, Some(operation)) => request::serve(app, operation, head, body).await,
        ("/v1/classify", &Method::POST, _) => endpoints::classify::serve(app, head, body).await,
        ("/v1/feedback", &Method::POST, _) => endpoints::feedback::serve(app, head, body).await,
        ("/v1/models", &Method::GET, _) => endpoints::models(&app),
        (path, _, _) if path.starts_with(admin::PREFIX) => admin::serve(app, head, body).await,
        ("/healthz", &Method::GET, _) => text("ok\n"),
        ("/readyz", &Method::GET, _) if app.ledger.healthy() => text("ready\n"),
        ("/readyz", &Method::GET, _) => ApiError::not_ready().response(),
        ("/metrics", &Method::GET, _) => openmetrics(&app),
        ("/v1/classify" | "/v1/feedback" | "/v1/models" | "/healthz" | "/readyz" | "/metrics", _, _)
        | (_, _, Some(_)) => ApiError::wrong_method().response(),
        _ => ApiError::no_such_path().response(),
    }
}

/// Every answer has an id; those that call a model have the one of their row already.
fn identified(mut response: Response<ClientBody>) -> Response<ClientBody> {
    response.headers_mut().entry(REQUEST_ID).or_insert_with(|| id_value(uuid::Uuid::now_v7()));
    response
}

fn text(text: &'static str) -> Response<ClientBody> {
    let mut response = Response::new(ClientBody::whole(Bytes::from_static(text.as_bytes())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn openmetrics(app: &App) -> Response<ClientBody> {
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    let mut response = Response::new(ClientBody::whole(Bytes::from(metrics::text(app))));
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
