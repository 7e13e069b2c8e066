//! The ledger as commands see it: the one that a configuration names, and the labelled requests in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use classify::sample::Stratum;
use classify::{Example, Logged, read_examples};
use ledger::{Reader, Routed};
use serde_json::{Value, json};

use super::Configured;
use super::files::{self, Labelled};
use crate::config::Config;

/// The configuration where none is named.
pub(super) const CONFIG: &str = "frontdesk.toml";

/// The configuration that was named, or the one of this folder.
pub(super) fn configuration(configured: &Configured) -> PathBuf {
    configured.config.clone().unwrap_or_else(|| CONFIG.into())
}

/// The file of the ledger that a configuration names.
///
/// # Errors
/// When it is in memory, or not there.
pub(super) fn path(config: &Config) -> anyhow::Result<&Path> {
    let path = Path::new(&config.ledger.path);
    if config.ledger.path == ":memory:" {
        bail!("the ledger is in memory and gone with the gateway: name a file, [ledger] url = \"sqlite:frontdesk.db\"");
    }
    if !path.exists() {
        bail!("there is no ledger at {}: `frontdesk serve` writes it", path.display());
    }
    Ok(path)
}

/// Opens the ledger that a configuration names, to read.
///
/// # Errors
/// When there is none, or it cannot be read.
pub(super) fn open(config: &Config) -> anyhow::Result<Reader> {
    Ok(Reader::open(path(config)?)?)
}

/// The earliest time that counts, microseconds since the Unix epoch.
pub(super) fn since_us(since: Option<Duration>) -> i64 {
    let since = since.and_then(|since| i64::try_from(since.as_micros()).ok());
    since.map_or(0, |since| now_us().saturating_sub(since))
}

/// The wall clock, microseconds since the Unix epoch.
pub(super) fn now_us() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// The requests of the configured ledger that have a label and a prompt; those that have none stand as so many of their
/// stratum, so that what is measured is of the whole traffic of the router.
///
/// # Errors
/// When the ledger cannot be read, or has no such request.
pub(super) fn labelled(configured: &Configured, since: Option<Duration>) -> anyhow::Result<Labelled> {
    let file = configuration(configured);
    let config = files::offline(&file)?;
    let router = &files::router(&config, &file, configured.router.as_deref())?.name;
    let reader = open(&config)?;
    let since_us = since_us(since);
    let labels = labels(&reader, router, since_us)?;
    let mut open: BTreeMap<Stratum, Logged> = BTreeMap::new();
    let mut all = Labelled { of: "requests", ..Labelled::default() };
    let mut each = |request: Routed| {
        let mut logged = logged(&request);
        let label = labels.get(&request.id).filter(|_| request.kept);
        match label.map(|label| example(&reader, request.id, label, &mut logged)) {
            Some(Ok(example)) => {
                all.examples.push(example);
                all.logged.push(Some(logged));
            }
            Some(Err(error)) => {
                anstream::eprintln!("request {}: {error:#}", uuid::Uuid::from_u128(request.id));
                all.broken += 1;
            }
            None => {
                all.open += 1;
                open.entry(logged.stratum()).and_modify(|stratum| stratum.weight += 1.0).or_insert(logged);
            }
        }
    };
    reader.routed_since(router, since_us, &mut each).context("the ledger cannot be read")?;
    all.unlabelled = open.into_values().collect();
    if all.examples.is_empty() {
        let when = if since.is_some() { " in that time" } else { "" };
        bail!(
            "no request of `{router}` in {} has a label{when}: `frontdesk sample --out FILE`, then `frontdesk label FILE`",
            config.ledger.path
        );
    }
    Ok(all)
}

/// The labels of a router's requests, by request.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn labels(reader: &Reader, router: &str, since_us: i64) -> anyhow::Result<BTreeMap<u128, String>> {
    let mut labels = BTreeMap::new();
    let mut each = |row: ledger::Labelled| {
        if row.router == router {
            labels.insert(row.id, row.label);
        }
    };
    reader.labels(&(since_us..i64::MAX), &mut each).context("the ledger cannot be read")?;
    Ok(labels)
}

/// What the gateway said of a request, which stands for itself.
fn logged(request: &Routed) -> Logged {
    let said = request.category.clone();
    Logged { said, confidence: request.confidence, weight: 1.0, decision_us: 0.0 }
}

/// A labelled request as a labelled prompt.
fn example(reader: &Reader, id: u128, label: &str, logged: &mut Logged) -> anyhow::Result<Example> {
    let kept = reader.kept(id).context("the ledger cannot be read")?.context("its prompt is gone")?;
    let messages: Value = serde_json::from_str(&kept.prompt).context("its prompt is damaged")?;
    let (tools, source) = (kept.tools.unwrap_or(false), kept.decided_by);
    let row = json!({"messages": messages, "tools": tools, "label": label, "source": source}).to_string();
    logged.decision_us = f64::from(u32::try_from(kept.decision_us).unwrap_or(u32::MAX));
    let (mut examples, mut bad) = read_examples(&row);
    match (examples.pop(), bad.pop()) {
        (Some(example), _) => Ok(example),
        (None, why) => bail!("its prompt is damaged: {}", why.map(|bad| bad.message).unwrap_or_default()),
    }
}
