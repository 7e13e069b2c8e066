//! The listener: connections in, requests to their endpoints.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::error::ApiError;
use crate::request::{self, body::ClientBody};

/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The largest head of a request.
const MAX_HEAD: usize = 64 * 1024;

/// Serves until `stop` is cancelled, then lets running requests end within the configured grace.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(connection(Arc::clone(&app), stream, stop.clone()));
            }
            Err(error) => {
                // Out of file descriptors, mostly: without a pause this would spin.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    tasks.close();
    if tokio::time::timeout(app.config.server.shutdown_grace, tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            left = tasks.len(),
            "requests were still running when the grace was over"
        );
    }
}

async fn connection(app: Arc<App>, stream: TcpStream, stop: CancellationToken) {
    if let Err(error) = talk(app, stream, stop).await {
        tracing::debug!(%error, "a client's connection ended early");
    }
}

async fn talk(app: Arc<App>, stream: TcpStream, stop: CancellationToken) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(route(app, request).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        ended = serving.as_mut() => return ended.map_err(io::Error::other),
        () = stop.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    serving.await.map_err(io::Error::other)
}

async fn route(app: Arc<App>, request: Request<Incoming>) -> Response<ClientBody> {
    let (head, body) = request.into_parts();
    match (head.uri.path(), &head.method) {
        ("/v1/chat/completions", &Method::POST) => request::chat(app, head, body).await,
        ("/v1/models", &Method::GET) => models(&app),
        ("/healthz", &Method::GET) => text("ok"),
        ("/readyz", &Method::GET) if app.ledger.healthy() => text("ready"),
        ("/readyz", &Method::GET) => ApiError::unavailable(Duration::from_secs(5)).response(),
        ("/v1/chat/completions" | "/v1/models" | "/healthz" | "/readyz", _) => {
            ApiError::wrong_method().response()
        }
        _ => ApiError::no_such_path().response(),
    }
}

fn text(text: &'static str) -> Response<ClientBody> {
    Response::new(ClientBody::whole(Bytes::from_static(text.as_bytes())))
}

/// Routers first, then models, with what is known of them.
fn models(app: &App) -> Response<ClientBody> {
    let table = &app.config.table;
    let routers = table.routers.iter().map(|router| {
        let categories: Vec<_> = router.categories.iter().map(|category| &category.name).collect();
        serde_json::json!({"id": router.name, "object": "model", "owned_by": "frontdesk", "created": 0, "categories": categories})
    });
    let models = table.models.iter().map(|model| {
        let price = model.price.map(|price| {
            serde_json::json!({"input": price.input.as_usd(), "cached_input": price.cached_input.as_usd(), "output": price.output.as_usd()})
        });
        let known = routing::Capability::ALL.into_iter().filter(|(capability, _)| model.can(*capability));
        let capabilities: Vec<_> = known.map(|(_, word)| word).collect();
        let owner = table.providers.get(model.provider.index());
        serde_json::json!({"id": model.alias, "object": "model", "owned_by": owner, "created": 0, "context": model.context, "price": price, "capabilities": capabilities})
    });
    let list: Vec<_> = routers.chain(models).collect();
    let body = serde_json::json!({"object": "list", "data": list}).to_string();
    let mut response = Response::new(ClientBody::whole(Bytes::from(body)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
