//! What every request shares.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ledger::Ledger;
use parking_lot::Mutex;
use routing::{Breaker, Cooling, ModelId, Moment, Outcome};
use tokio::time::Instant;

use crate::config::Config;
use crate::request::forward::client::Client;

/// The gateway: configuration, connections, ledger and how each model has been doing.
#[derive(Debug)]
pub struct App {
    /// The configuration.
    pub config: Config,
    /// Connections to the providers.
    pub client: Client,
    /// The record of requests.
    pub ledger: Ledger,
    /// One breaker a model, in the table's order.
    breakers: Vec<Mutex<Breaker>>,
    began: Instant,
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(config: Config, client: Client, ledger: Ledger) -> Arc<Self> {
        let breakers = config
            .table
            .models
            .iter()
            .map(|_| Mutex::default())
            .collect();
        Arc::new(Self {
            config,
            client,
            ledger,
            breakers,
            began: Instant::now(),
        })
    }

    /// The moment for everything that decides.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.began.elapsed()
    }

    /// The wall clock, microseconds since the Unix epoch.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the wall clock"
    )]
    pub fn wall_us(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    /// Asks a model's breaker for a call that will be made.
    ///
    /// # Errors
    /// How long to stay away.
    pub fn admits(&self, model: ModelId) -> Result<(), Cooling> {
        let now = self.now();
        self.breakers
            .get(model.index())
            .map_or(Ok(()), |breaker| breaker.lock().admits(now))
    }

    /// Tells a model's breaker how a call ended.
    pub fn ended(&self, model: ModelId, outcome: &Outcome) {
        let now = self.now();
        if let Some(breaker) = self.breakers.get(model.index()) {
            breaker.lock().after(outcome, now);
        }
    }
}
