//! The guide that the demonstration follows: its mix of requests, and the figures it gives for them.

use proof::comparison::Comparison;
use serde_json::{Value, json};

/// A category of the guide's workload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Its name.
    pub category: &'static str,
    /// How many of the guide's thousand requests are of it.
    pub requests: usize,
    /// What the guide says an answer takes when it is routed, milliseconds.
    pub latency_ms: f64,
}

/// The workload: a thousand requests.
pub const MIX: [Share; 4] = [
    Share { category: "simple", requests: 600, latency_ms: 1_200.0 },
    Share { category: "general", requests: 300, latency_ms: 4_700.0 },
    Share { category: "reasoning", requests: 70, latency_ms: 9_000.0 },
    Share { category: "code", requests: 30, latency_ms: 3_500.0 },
];
/// What the guide says an answer takes on the one large model, milliseconds.
pub const BASELINE_MS: f64 = 4_500.0;
/// Input tokens of each request.
pub const INPUT_TOKENS: u64 = 500;
/// Output tokens of each answer.
pub const OUTPUT_TOKENS: u64 = 200;

/// The mean over the guide's own rows, milliseconds: 2.87 s, where its text says "about 2.7 s".
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
pub fn mean_ms() -> f64 {
    let requests: usize = MIX.iter().map(|share| share.requests).sum();
    MIX.iter().map(|share| share.latency_ms * share.requests as f64).sum::<f64>() / requests as f64
}

/// What the guide says for a category; `None`: the guide's workload has none of it.
#[must_use]
pub fn latency_ms(category: &str) -> Option<f64> {
    MIX.iter().find(|share| share.category == category).map(|share| share.latency_ms)
}

/// Where a category stands in the guide; others behind.
#[must_use]
pub fn place(category: &str) -> usize {
    MIX.iter().position(|share| share.category == category).unwrap_or(MIX.len())
}

/// A comparison for machines, with what the guide says of each category.
#[must_use]
pub fn beside(comparison: &Comparison) -> Value {
    let mut shown = serde_json::to_value(comparison.shown()).unwrap_or_default();
    for (name, category) in shown.get_mut("per_category").and_then(Value::as_object_mut).into_iter().flatten() {
        if let Some(fields) = category.as_object_mut() {
            fields.insert("guide_latency_ms".into(), json!(latency_ms(name)));
        }
    }
    shown
}
