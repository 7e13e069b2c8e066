//! The people of the demonstration: so many at once, each sends a request, reads the answer to its end, and goes on.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, Uri};
use indicatif::ProgressBar;

use super::workload::Item;
use crate::config::Endpoint;
use crate::request::forward::client::{Client, Connection};
use crate::request::forward::relay::next_data;

/// How long a visitor waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How every whole stream ends.
const END: &[u8] = b"data: [DONE]\n\n";

/// What is sent to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// The gateway.
    pub(super) gateway: &'a Endpoint,
    /// Router or model that is asked for.
    pub(super) model: &'a str,
    /// What the ledger's rows are found by.
    pub(super) name: &'a str,
}

/// Sends every item, `at_once` of them at a time; how many were answered whole.
pub(super) async fn visit(client: &Client, part: Part<'_>, items: &[Item], at_once: usize, bar: &ProgressBar) -> usize {
    let (next, whole) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let visitor = async || {
        let mut connection = None;
        loop {
            let number = next.fetch_add(1, Relaxed);
            let Some(item) = items.get(number) else {
                return;
            };
            if answered(client, part, item.body(part.model, part.name, number), &mut connection).await {
                whole.fetch_add(1, Relaxed);
            }
            bar.inc(1);
        }
    };
    let all: Vec<_> = (0..at_once.max(1)).map(|_| Box::pin(visitor())).collect();
    join_all(all).await;
    whole.load(Relaxed)
}

/// Polls all until all are done.
async fn join_all<F: Future<Output = ()> + Unpin>(all: Vec<F>) {
    let mut running = futures_util::stream::FuturesUnordered::from_iter(all);
    while futures_util::StreamExt::next(&mut running).await.is_some() {}
}

/// Sends one request; whether its answer came to its end.
async fn answered(client: &Client, part: Part<'_>, body: String, kept: &mut Option<Connection>) -> bool {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => match client.connect(part.gateway, PATIENCE).await {
            Ok(connection) => connection,
            Err(_) => return false,
        },
    };
    let mut request = Request::new(vec![body.into()].into());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("/v1/chat/completions");
    request.headers_mut().insert(HOST, HeaderValue::from_static("frontdesk"));
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let Ok(response) = connection.send(request).await else {
        return false;
    };
    let good = response.status().is_success();
    let mut incoming = response.into_body();
    let mut end = Vec::new();
    while let Some(data) = next_data(&mut connection, &mut incoming).await {
        let Ok(data) = data else {
            return false;
        };
        end.extend_from_slice(&data);
        end.drain(..end.len().saturating_sub(END.len()));
    }
    *kept = Some(connection);
    good && end == END
}
