//! What is counted, for Prometheus. Every label comes from the configuration or a closed set, never from a client, so
//! that the number of series is bounded.
//!
//! Where OpenTelemetry's semantic conventions for generative AI have a name, it is that one with underscores.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use routing::record::ClassifierRow;
use routing::{ModelId, Record};

use crate::app::App;

/// Bounds of OpenTelemetry's duration histograms, seconds.
const SECONDS: [f64; 14] = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Bounds for what happens inside the process, seconds.
const SMALL_SECONDS: [f64; 12] = [10e-6, 20e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 20e-3, 100e-3, 1.0];

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    router: String,
    category: String,
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    router: String,
    category: String,
    model: String,
    decided_by: &'static str,
    http_response_status_code: u16,
    error_type: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tokens {
    gen_ai_response_model: String,
    gen_ai_token_type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    model: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decided {
    decided_by: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Gave {
    gave: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfModel {
    model: String,
}

/// A histogram for each set of labels.
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;
/// A sum of dollars for each set of labels.
type Dollars<L> = Family<L, Counter<f64, AtomicU64>>;

/// Everything that is counted by requests.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<Ended, Counter>,
    fallbacks: Family<Route, Counter>,
    attempts: Family<Called, Counter>,
    tokens: Family<Tokens, Counter>,
    cost: Dollars<Route>,
    baseline_cost: Dollars<Route>,
    classifier_cost: Dollars<OfModel>,
    first_token: Histograms<Route>,
    duration: Histograms<Route>,
    decision: Histograms<Decided>,
    overhead: Histogram,
    feedback: Family<Gave, Counter>,
    shadow_calls: Family<Called, Counter>,
    shadow_cost: Dollars<OfModel>,
    /// Requests that another classifier should have been asked about, while too many waited for that.
    pub(crate) shadow_skipped: Counter,
    /// Events of streams that could not be read and were left out.
    pub(crate) malformed_events: Counter,
    /// Prompts that the encoder should have read and had no time for.
    pub(crate) encoder_busy: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            fallbacks: Family::default(),
            attempts: Family::default(),
            tokens: Family::default(),
            cost: Family::default(),
            baseline_cost: Family::default(),
            classifier_cost: Family::default(),
            first_token: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            duration: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            decision: Family::new_with_constructor(|| Histogram::new(SMALL_SECONDS)),
            overhead: Histogram::new(SMALL_SECONDS),
            feedback: Family::default(),
            shadow_calls: Family::default(),
            shadow_cost: Family::default(),
            shadow_skipped: Counter::default(),
            malformed_events: Counter::default(),
            encoder_busy: Counter::default(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

impl Metrics {
    /// Counts a request that has ended.
    pub(crate) fn count(&self, record: &Record) {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let route =
            Route { router: name(&record.router), category: name(&record.category), model: name(&record.model) };
        let decided_by = record.decided_by.map_or("", routing::DecidedBy::word);
        self.first_token_and_rest(record, &route, decided_by);
        for row in &record.attempts {
            self.attempts
                .get_or_create(&Called { model: row.model.clone(), outcome: row.attempt.outcome.word() })
                .inc();
        }
        let usage = record.usage;
        for (kind, tokens) in [("input", usage.input), ("output", usage.output)] {
            if tokens > 0 {
                let labels = Tokens { gen_ai_response_model: route.model.clone(), gen_ai_token_type: kind };
                self.tokens.get_or_create(&labels).inc_by(tokens);
            }
        }
        self.cost.get_or_create(&route).inc_by(record.cost.as_usd());
        if let Some(cost) = record.baseline_cost {
            self.baseline_cost.get_or_create(&route).inc_by(cost.as_usd());
        }
        if let Some(judge) = &record.classifier {
            self.classifier_cost.get_or_create(&OfModel { model: judge.model.clone() }).inc_by(judge.cost.as_usd());
        }
        let Route { router, category, model } = route;
        let ended = Ended {
            router,
            category,
            model,
            decided_by,
            http_response_status_code: record.status,
            error_type: name(&record.error),
        };
        self.requests.get_or_create(&ended).inc();
    }

    /// Counts the call of a model that was asked besides.
    pub(crate) fn shadow_asked(&self, row: &ClassifierRow) {
        self.shadow_calls.get_or_create(&Called { model: row.model.clone(), outcome: row.outcome }).inc();
        self.shadow_cost.get_or_create(&OfModel { model: row.model.clone() }).inc_by(row.cost.as_usd());
    }

    /// Counts what callers say of requests: `score`, `label`, `comment`.
    pub(crate) fn gave(&self, fields: impl IntoIterator<Item = &'static str>) {
        for gave in fields {
            self.feedback.get_or_create(&Gave { gave }).inc();
        }
    }

    fn first_token_and_rest(&self, record: &Record, route: &Route, decided_by: &'static str) {
        if let Some(first) = record.first_token_us {
            self.first_token.get_or_create(route).observe(seconds(first));
            self.overhead.observe(seconds(record.overhead_us));
        }
        self.duration.get_or_create(route).observe(seconds(record.total_us));
        if record.decided_by.is_some() {
            self.decision.get_or_create(&Decided { decided_by }).observe(seconds(record.decision_us));
        }
        if record.fallback && record.model.is_some() {
            self.fallbacks.get_or_create(route).inc();
        }
    }
}

/// Everything in Prometheus' text format (`OpenMetrics`).
#[must_use]
pub fn text(app: &App) -> String {
    let mut registry = Registry::default();
    let metrics = &app.metrics;
    registry.register("frontdesk_requests", "Requests that have ended", metrics.requests.clone());
    registry.register(
        "frontdesk_fallbacks",
        "Requests answered by another model than the first of their chain",
        metrics.fallbacks.clone(),
    );
    registry.register("frontdesk_attempts", "Calls of models, by how they ended", metrics.attempts.clone());
    registry.register(
        "gen_ai_client_token_usage",
        "Tokens of answered calls, cached input included",
        metrics.tokens.clone(),
    );
    registry.register("frontdesk_cost_usd", "What requests cost, the classifier's calls apart", metrics.cost.clone());
    registry.register(
        "frontdesk_baseline_cost_usd",
        "What they would have cost on the router's baseline",
        metrics.baseline_cost.clone(),
    );
    registry.register(
        "frontdesk_classifier_cost_usd",
        "What the calls of asked models cost",
        metrics.classifier_cost.clone(),
    );
    let first = metrics.first_token.clone();
    registry.register_with_unit(
        "gen_ai_server_time_to_first_token",
        "From a request to its first useful byte",
        Unit::Seconds,
        first,
    );
    let duration = metrics.duration.clone();
    registry.register_with_unit("gen_ai_server_request_duration", "From a request to its end", Unit::Seconds, duration);
    registry.register_with_unit(
        "frontdesk_decision",
        "To find a category and a chain",
        Unit::Seconds,
        metrics.decision.clone(),
    );
    registry.register_with_unit(
        "frontdesk_overhead",
        "Spent in this process before the first byte",
        Unit::Seconds,
        metrics.overhead.clone(),
    );
    registry.register(
        "frontdesk_malformed_events",
        "Events of streams that could not be read and were left out",
        metrics.malformed_events.clone(),
    );
    registry.register(
        "frontdesk_encoder_busy",
        "Prompts that the encoder should have read and had no time for",
        metrics.encoder_busy.clone(),
    );
    register_marks(metrics, &mut registry);
    register_moment(app, &mut registry);
    let mut text = String::new();
    if encode(&mut text, &registry).is_err() {
        tracing::error!("the metrics cannot be written");
    }
    text
}

/// What is said of requests besides their answers.
fn register_marks(metrics: &Metrics, registry: &mut Registry) {
    registry.register("frontdesk_feedback", "What callers said of requests", metrics.feedback.clone());
    registry.register(
        "frontdesk_shadow_calls",
        "Calls of models that shadows ask, by how they ended",
        metrics.shadow_calls.clone(),
    );
    registry.register("frontdesk_shadow_cost_usd", "What these calls cost", metrics.shadow_cost.clone());
    registry.register(
        "frontdesk_shadow_skipped",
        "Requests that a shadow should have been asked about while too many waited",
        metrics.shadow_skipped.clone(),
    );
}

/// What is read off at the moment rather than counted.
fn register_moment(app: &App, registry: &mut Registry) {
    let states = Family::<OfModel, prometheus_client::metrics::gauge::Gauge>::default();
    let (snapshot, now) = (app.snapshot(), app.now());
    for (position, model) in snapshot.config.table.models.iter().enumerate() {
        let state = snapshot.state(ModelId::at(position), now);
        states.get_or_create(&OfModel { model: model.alias.clone() }).set(state.into());
    }
    registry.register(
        "frontdesk_breaker_state",
        "0 the model is called, 1 it cools down, 2 its breaker is open",
        states,
    );
    let (written, dropped) = (ConstCounter::new(app.ledger.written()), ConstCounter::new(app.ledger.dropped()));
    register(registry, "frontdesk_ledger_rows_written", "Rows on disk", written);
    register(registry, "frontdesk_ledger_rows_dropped", "Rows lost because too many waited", dropped);
    let pending = i64::try_from(app.ledger.pending()).unwrap_or(i64::MAX);
    register(registry, "frontdesk_ledger_rows_pending", "Rows that wait for the disk", ConstGauge::new(pending));
}

/// Registers a number that is read at the moment.
fn register(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
    metric: impl EncodeMetric + std::fmt::Debug + Send + Sync + 'static,
) {
    registry.register(name, help, metric);
}
