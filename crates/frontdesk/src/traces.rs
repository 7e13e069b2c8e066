//! Traces over OTLP: a span for each request and one for each call of a model, made from its record when it has ended.
//!
//! Names follow OpenTelemetry's semantic conventions for generative AI; what is ours begins with `frontdesk.`.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use routing::Record;
use routing::record::AttemptRow;
use tokio::runtime::Handle;

use crate::config::{Endpoint, Outside, endpoint, env};
use crate::request::Operation;
use crate::request::forward::client::Client;

/// How long the collector is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer of a collector that is read.
const MOST: usize = 64 << 10;

/// Sends traces. Spans wait in a bounded queue; what comes on top is dropped by the library.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Starts sending where `OTEL_EXPORTER_OTLP_ENDPOINT` is set; `None`: it is not.
    ///
    /// # Errors
    /// When the variable is no URL.
    pub fn start(outside: &dyn Outside) -> anyhow::Result<Option<Self>> {
        let Some(base) = outside.variable(env::OTLP_ENDPOINT).filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        let collector =
            endpoint(&base).with_context(|| format!("{} is not an http or https URL", env::OTLP_ENDPOINT))?;
        let service = outside.variable(env::OTEL_SERVICE).unwrap_or_else(|| "frontdesk".into());
        let sender = Sender { client: Arc::new(Client::new()?), collector, runtime: Handle::current() };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(sender)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", base.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()?;
        let resource = Resource::builder().with_service_name(service).build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        let tracer = provider.tracer("frontdesk");
        Ok(Some(Self { provider, tracer }))
    }

    /// Queues the spans of a request that has ended. `parent` is the caller's `traceparent`, where it sent one.
    pub(crate) fn record(&self, record: &Record, operation: Operation, parent: Option<&str>) {
        let began = UNIX_EPOCH + Duration::from_micros(record.time_us.unsigned_abs());
        let around = parent.and_then(caller).map(|caller| Context::new().with_remote_span_context(caller));
        let around = around.unwrap_or_default();
        let name = format!("{} {}", operation.name(), record.requested_model);
        let builder = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Server)
            .with_start_time(began)
            .with_attributes(attributes(record, operation));
        let mut span = builder.start_with_context(&self.tracer, &around);
        if let Some(error) = &record.error {
            span.set_status(Status::error(error.clone()));
        }
        let ended = began + Duration::from_micros(record.total_us);
        let within = around.with_remote_span_context(span.span_context().clone());
        // Calls follow one another; the last one ends with the request.
        let mut from = ended - Duration::from_micros(record.attempts.iter().map(|row| row.attempt.total_us).sum());
        for row in &record.attempts {
            from = self.call(row, from, operation, &within);
        }
        span.end_with_timestamp(ended);
    }

    /// The span of a call; returns when it ended.
    fn call(&self, row: &AttemptRow, began: SystemTime, operation: Operation, within: &Context) -> SystemTime {
        let attempt = &row.attempt;
        let mut span = SpanBuilder::from_name(format!("{} {}", operation.name(), row.model))
            .with_kind(SpanKind::Client)
            .with_start_time(began)
            .with_attributes([
                KeyValue::new("gen_ai.operation.name", operation.name()),
                KeyValue::new("gen_ai.request.model", row.model.clone()),
                KeyValue::new("gen_ai.usage.input_tokens", signed(attempt.usage.input)),
                KeyValue::new("gen_ai.usage.output_tokens", signed(attempt.usage.output)),
                KeyValue::new("frontdesk.outcome", attempt.outcome.word()),
            ])
            .start_with_context(&self.tracer, within);
        if attempt.outcome.is_failure() {
            span.set_status(Status::error(attempt.outcome.word()));
        }
        let ended = began + Duration::from_micros(attempt.total_us);
        span.end_with_timestamp(ended);
        ended
    }

    /// Sends what waits.
    pub(crate) fn flush(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

fn attributes(record: &Record, operation: Operation) -> Vec<KeyValue> {
    let mut all = vec![
        KeyValue::new("gen_ai.operation.name", operation.name()),
        KeyValue::new("gen_ai.request.model", record.requested_model.clone()),
        KeyValue::new("gen_ai.usage.input_tokens", signed(record.usage.input)),
        KeyValue::new("gen_ai.usage.output_tokens", signed(record.usage.output)),
        KeyValue::new("http.response.status_code", i64::from(record.status)),
        KeyValue::new("frontdesk.request.id", uuid::Uuid::from_u128(record.id).to_string()),
        KeyValue::new("frontdesk.fallback", record.fallback),
        KeyValue::new("frontdesk.cost_usd", record.cost.as_usd()),
        KeyValue::new("frontdesk.decision_us", signed(record.decision_us)),
    ];
    let named = [
        ("gen_ai.response.model", &record.model),
        ("frontdesk.router", &record.router),
        ("frontdesk.category", &record.category),
        ("error.type", &record.error),
    ];
    all.extend(named.into_iter().filter_map(|(name, value)| Some(KeyValue::new(name, value.clone()?))));
    all.extend(record.decided_by.map(|by| KeyValue::new("frontdesk.decided_by", by.word())));
    all
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The caller's span of a `traceparent` header (W3C Trace Context, version 00).
fn caller(header: &str) -> Option<SpanContext> {
    let mut parts = header.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version != "00" || trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

/// Sends to the collector with the gateway's own client: the exporter's thread waits for a task of the runtime.
#[derive(Clone, Debug)]
struct Sender {
    client: Arc<Client>,
    collector: Endpoint,
    runtime: Handle,
}

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sender = self.clone();
        let task = self.runtime.spawn(async move { tokio::time::timeout(PATIENCE, sender.send(request)).await });
        task.await??
    }
}

impl Sender {
    async fn send(self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (mut head, body) = request.into_parts();
        let host = format!("{}:{}", self.collector.host, self.collector.port);
        head.headers.insert(http::header::HOST, host.parse()?);
        head.uri = head.uri.path().parse()?;
        let mut connection = self.client.connect(&self.collector, PATIENCE).await?;
        let response = connection.send(Request::from_parts(head, vec![body].into())).await?;
        let (head, incoming) = response.into_parts();
        let mut body = std::pin::pin!(Limited::new(incoming, MOST).collect());
        let whole = std::future::poll_fn(|context| {
            connection.poll_drive(context);
            body.as_mut().poll(context)
        });
        Ok(Response::from_parts(head, whole.await?.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_span_is_read_and_anything_else_is_not() {
        let known = caller("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(known.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert!(known.is_sampled() && known.is_remote());
        for odd in ["", "00", "00-0-0-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "é-é-é-é"] {
            assert!(caller(odd).is_none(), "{odd}");
        }
    }
}
