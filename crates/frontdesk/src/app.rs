//! What every request shares.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use ledger::Ledger;
use parking_lot::Mutex;
use routing::{Breaker, Cooling, Fault, ModelId, Moment, Outcome, RouterId};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::admin::report::Reports;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::request::classify::encoder::Known;
use crate::request::forward::client::Client;
use crate::request::shadow::Shadows;
use crate::sessions::Sessions;

/// The gateway: connections, ledger, metrics, conversations, and the configuration of the moment.
#[derive(Debug)]
pub struct App {
    snapshot: ArcSwap<Snapshot>,
    /// Connections to the providers.
    pub client: Client,
    /// The record of requests.
    pub ledger: Ledger,
    /// What is counted.
    pub metrics: Metrics,
    /// What conversations were answered with.
    pub sessions: Sessions,
    /// Where other classifiers are asked besides.
    pub shadows: Shadows,
    /// Places for prompts that the encoder reads, one a core.
    pub encoders: Arc<Semaphore>,
    /// Places for reports that are being made.
    pub(crate) reports: Reports,
    /// Where traces go, if anywhere.
    #[cfg(feature = "otlp")]
    pub traces: std::sync::OnceLock<crate::traces::Traces>,
    began: Instant,
}

/// A configuration with how each of its models has been doing. A request keeps the one it began with.
#[derive(Debug)]
pub struct Snapshot {
    /// The configuration.
    pub config: Config,
    /// One breaker a model, in the table's order.
    breakers: Vec<Arc<Mutex<Breaker>>>,
    /// One a router, for the model that it asks for categories: a judge that is too slow may still be a good answerer.
    judges: Vec<Arc<Mutex<Breaker>>>,
    /// One a router, for the model that its shadow asks.
    shadow_judges: Vec<Arc<Mutex<Breaker>>>,
    /// What the encoder said under this configuration.
    pub(crate) encoded: Known,
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(config: Config, client: Client, ledger: Ledger) -> Arc<Self> {
        let breakers = config.table.models.iter().map(|_| Arc::default()).collect();
        let fresh = || config.table.routers.iter().map(|_| Arc::default()).collect();
        let (judges, shadow_judges) = (fresh(), fresh());
        Arc::new(Self {
            snapshot: ArcSwap::from_pointee(Snapshot {
                config,
                breakers,
                judges,
                shadow_judges,
                encoded: Known::default(),
            }),
            client,
            ledger,
            metrics: Metrics::default(),
            sessions: Sessions::default(),
            shadows: Shadows::default(),
            encoders: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))),
            reports: Reports::default(),
            #[cfg(feature = "otlp")]
            traces: std::sync::OnceLock::new(),
            began: Instant::now(),
        })
    }

    /// The configuration of the moment.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Takes another configuration for the requests that come from now on. A model that both have, under the same
    /// provider, keeps its breaker.
    pub fn reload(&self, config: Config) {
        let before = self.snapshot();
        let same = |alias: &str, id: &str| {
            before.config.table.models.iter().position(|model| model.alias == alias && model.id == id)
        };
        let breakers = config.table.models.iter().map(|model| {
            let kept = same(&model.alias, &model.id).and_then(|position| before.breakers.get(position));
            kept.cloned().unwrap_or_default()
        });
        let breakers = breakers.collect();
        let kept = |breakers: &[Arc<Mutex<Breaker>>]| {
            let kept = config.table.routers.iter().map(|router| {
                let named = |known: &routing::Router| known.name == router.name;
                let kept = before.config.table.routers.iter().position(named);
                kept.and_then(|position| breakers.get(position)).cloned().unwrap_or_default()
            });
            kept.collect()
        };
        let (judges, shadow_judges) = (kept(&before.judges), kept(&before.shadow_judges));
        let snapshot = Snapshot { config, breakers, judges, shadow_judges, encoded: Known::default() };
        self.snapshot.store(Arc::new(snapshot));
    }

    /// The moment for everything that decides.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.began.elapsed()
    }

    /// The wall clock, microseconds since the Unix epoch.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn wall_us(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    /// The wall clock, whole seconds since the Unix epoch.
    #[must_use]
    pub fn wall_seconds(&self) -> u64 {
        self.wall_us().unsigned_abs() / 1_000_000
    }
}

impl Snapshot {
    /// Asks a model's breaker for a call that will be made.
    ///
    /// # Errors
    /// How long to stay away.
    pub fn admits(&self, model: ModelId, now: Moment) -> Result<(), Cooling> {
        self.breakers.get(model.index()).map_or(Ok(()), |breaker| breaker.lock().admits(now))
    }

    /// How long a model is to be left alone yet; `None`: it may be called.
    #[must_use]
    pub fn available_in(&self, model: ModelId, now: Moment) -> Option<std::time::Duration> {
        let breaker = self.breakers.get(model.index())?;
        breaker.lock().available(now).err().map(|cooling| cooling.retry_in)
    }

    /// The breaker of the model that a router asks.
    #[must_use]
    pub fn judge(&self, router: RouterId) -> Option<&Mutex<Breaker>> {
        self.judges.get(router.index()).map(Arc::as_ref)
    }

    /// The breaker of the model that a router's shadow asks.
    #[must_use]
    pub fn shadow_judge(&self, router: RouterId) -> Option<&Mutex<Breaker>> {
        self.shadow_judges.get(router.index()).map(Arc::as_ref)
    }

    /// Tells a model's breaker how a call ended.
    pub fn ended(&self, model: ModelId, outcome: &Outcome, now: Moment) {
        let Some(breaker) = self.breakers.get(model.index()) else {
            return;
        };
        let mut breaker = breaker.lock();
        let was_open = breaker.is_open();
        breaker.after(outcome, now);
        let is_open = breaker.is_open();
        drop(breaker);
        let alias = self.config.table.alias(model);
        if let Outcome::Refused { fault: Fault::Credential, status, .. } = outcome {
            let provider = self.config.table.model(model).map_or(0, |model| model.provider.index());
            let provider = self.config.table.providers.get(provider).map_or("", String::as_str);
            tracing::error!(provider, model = alias, status, "the provider refuses our credential: check its api_key");
        }
        match (was_open, is_open) {
            (false, true) => {
                tracing::warn!(model = alias, outcome = outcome.word(), "a model keeps failing and is left alone");
            }
            (true, false) => tracing::info!(model = alias, "a model answers again"),
            (true, true) | (false, false) => {}
        }
    }

    /// Whether a model is called now: 0 yes, 1 it cools down, 2 its breaker is open.
    #[must_use]
    pub fn state(&self, model: ModelId, now: Moment) -> u8 {
        let Some(breaker) = self.breakers.get(model.index()) else {
            return 0;
        };
        let breaker = breaker.lock();
        if breaker.is_open() { 2 } else { u8::from(breaker.available(now).is_err()) }
    }
}
