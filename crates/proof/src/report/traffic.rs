//! Cells of the ledger, added up the ways a report needs them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use routing::Tally;
use routing::tally::Pairs;

use super::trend::Points;

/// Of so many requests, one may be a fallback in a cell whose times tell of a model's speed: what failed before is in the
/// time of a fallback.
const STEADY: u64 = 50;

/// A sum of requests of one hour. Empty names stand for none.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// Hours since the Unix epoch.
    pub hour: i64,
    /// The router; empty for an override.
    pub router: &'a str,
    /// The key.
    pub key: &'a str,
    /// The category; empty for an override.
    pub category: &'a str,
    /// The model that answered; empty where none did.
    pub model: &'a str,
    /// The sums.
    pub tally: &'a Tally,
}

/// Which requests are reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Only of this router.
    pub router: Option<String>,
    /// Only of this key.
    pub key: Option<String>,
    /// Keys whose requests nobody waits for, besides those that say so themselves.
    pub batch_keys: BTreeSet<String>,
}

/// The cells of a period, added up.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Microseconds since the Unix epoch.
    pub(super) period: Range<i64>,
    pub(super) filter: Filter,
    /// By router.
    pub(super) parts: BTreeMap<String, Part>,
    /// How fast models were, by alias, then router and whether the filter lets these requests through.
    speeds: BTreeMap<String, BTreeMap<(String, bool), Timed>>,
}

/// The cells of a router.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// By category and model.
    pub(super) by: BTreeMap<(String, String), Tally>,
    /// Requests that nobody waits for.
    pub(super) batch: u64,
    pub(super) points: Points,
}

/// Times of a model's answers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Timed {
    /// (Output tokens, microseconds) of answered requests.
    pub(super) pairs: Pairs,
    /// Requests.
    requests: u64,
    /// Microseconds they took to be decided, together.
    decision_us: u128,
}

impl Timed {
    fn add(&mut self, other: &Self) {
        self.pairs.merge(&other.pairs);
        self.requests += other.requests;
        self.decision_us += other.decision_us;
    }

    /// What of the mean time is the decision's and not the model's, microseconds.
    pub(super) fn decision_us(&self) -> f64 {
        crate::speed::mean_of(self.decision_us, self.requests)
    }
}

impl Traffic {
    /// Of a period in microseconds since the Unix epoch, without cells yet.
    #[must_use]
    pub fn new(period: Range<i64>, filter: Filter) -> Self {
        Self { period, filter, parts: BTreeMap::new(), speeds: BTreeMap::new() }
    }

    /// Adds a cell. Those that the filter leaves out still tell how fast models are.
    pub fn add(&mut self, cell: &Cell<'_>) {
        let wanted = |asked: &Option<String>, name: &str| asked.as_deref().is_none_or(|asked| asked == name);
        let wanted = wanted(&self.filter.router, cell.router) && wanted(&self.filter.key, cell.key);
        if cell.tally.fallbacks * STEADY <= cell.tally.requests && !cell.model.is_empty() {
            let timed = Timed {
                pairs: cell.tally.speed,
                requests: cell.tally.requests,
                decision_us: cell.tally.decision.sum(),
            };
            let by_router = self.speeds.entry(cell.model.to_owned()).or_default();
            by_router.entry((cell.router.to_owned(), wanted)).or_default().add(&timed);
        }
        if !wanted {
            return;
        }
        let period = &self.period;
        let part = self.parts.entry(cell.router.to_owned()).or_insert_with(|| Part {
            by: BTreeMap::new(),
            batch: 0,
            points: Points::of(period),
        });
        let key = (cell.category.to_owned(), cell.model.to_owned());
        part.by.entry(key).or_default().merge(cell.tally);
        let batch = self.filter.batch_keys.contains(cell.key);
        part.batch += if batch { cell.tally.requests } else { cell.tally.batch };
        part.points.add(cell);
    }

    /// Requests that are reported.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.parts.values().flat_map(|part| part.by.values()).map(|tally| tally.requests).sum()
    }

    /// Whether marks of a request with this router and key are reported.
    #[must_use]
    pub fn wants(&self, router: Option<&str>, key: Option<&str>) -> bool {
        let wanted = |asked: &Option<String>, name: Option<&str>| {
            asked.as_deref().is_none_or(|asked| asked == name.unwrap_or_default())
        };
        wanted(&self.filter.router, router) && wanted(&self.filter.key, key)
    }

    /// Times of a model: those in the reported requests of a router, and all others.
    pub(super) fn timed(&self, model: &str, router: &str) -> (Timed, Timed) {
        let (mut own, mut others) = (Timed::default(), Timed::default());
        for ((known, wanted), timed) in self.speeds.get(model).into_iter().flatten() {
            if known == router && *wanted { own.add(timed) } else { others.add(timed) }
        }
        (own, others)
    }
}
