//! The log: on stderr, as text or JSON, never with a prompt, a body or a secret in it.

use std::io::IsTerminal;

use routing::Record;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Log, Outside, env};

/// Starts the log.
///
/// # Errors
/// When it has been started before.
pub fn start(log: &Log, outside: &dyn Outside) -> Result<(), TryInitError> {
    let wanted = outside.variable(env::LOG).unwrap_or_else(|| log.level.clone());
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    if log.json { registry.with(lines.json().flatten_event(true)).try_init() } else { registry.with(lines).try_init() }
}

/// The line of a request.
pub(crate) fn request(record: &Record) {
    tracing::info!(
        id = %uuid::Uuid::from_u128(record.id),
        router = record.router,
        category = record.category,
        decided_by = record.decided_by.map(routing::DecidedBy::word),
        model = record.model,
        attempts = record.attempts.len(),
        fallback = record.fallback,
        status = record.status,
        error = record.error,
        cost_usd = %record.cost,
        total_us = record.total_us,
        "a request was answered"
    );
}
