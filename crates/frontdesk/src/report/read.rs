//! From a ledger to a report.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ledger::{LedgerError, Origin, Reader};
use proof::report::{Cell, Feedback, Filter, Judged, Label, Marks, Report, Shadowed, Traffic, instant, report};
use routing::{Table, Usage};

use super::accuracy::Strata;
use super::period::When;
use super::setup::setup;
use crate::names::near;

/// The most requests with a shadow that are read, the newest.
const MOST_SHADOWS: usize = 100_000;
const HOUR_US: i64 = 3_600_000_000;
/// An id may be this much older than the time in its row.
const SLACK_US: i64 = 1_000_000;
/// The seed of the intervals: the same ledger gives the same report.
const SEED: u64 = 1;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The period's begin; `None`: the first request.
    pub since: Option<When>,
    /// The period's end; `None`: the last request.
    pub until: Option<When>,
    /// Only this router's requests.
    pub router: Option<String>,
    /// Only this key's requests.
    pub key: Option<String>,
    /// Keys whose requests nobody waits for.
    pub batch_keys: Vec<String>,
}

/// Why there is no report, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The ledger is not kept.
    #[error("the ledger is in memory and gone with the gateway: name a file, [ledger] url = \"sqlite:frontdesk.db\"")]
    InMemory,
    /// There is no file.
    #[error("there is no ledger at {}: `frontdesk serve` writes it", .0.display())]
    Missing(PathBuf),
    /// It cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It cannot be read to its end.
    #[error("the ledger cannot be read: {0}")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It has no rows.
    #[error("the ledger {} has no request yet: send some through `frontdesk serve`, then ask again", .0.display())]
    Empty(PathBuf),
    /// The period has none.
    #[error("there is no request from {since} to {until}; the ledger has some from {first} to {last}")]
    NoRows {
        /// The period asked for.
        since: String,
        /// Its end.
        until: String,
        /// The first request there is.
        first: String,
        /// The last.
        last: String,
    },
    /// The period has none of this name.
    #[error("no request of this period is of the {what} `{name}`: {help}")]
    NoneOf {
        /// `router` or `key`.
        what: &'static str,
        /// The name asked for.
        name: String,
        /// Names nearby.
        help: String,
    },
    /// A router that is there has none.
    #[error("no request of this period went through the router `{router}`: clients send its name as `model`")]
    Unused {
        /// The router asked for.
        router: String,
    },
    /// The period has some of both names, but none of both at once.
    #[error("no request of this period is of the router `{router}` and of the key `{key}`: leave one of them out")]
    NoneOfBoth {
        /// The router asked for.
        router: String,
        /// The key asked for.
        key: String,
    },
}

/// Reads the ledger and makes the report.
///
/// # Errors
/// When there is nothing to report, or the ledger cannot be used.
pub fn make(path: &Path, table: &Table, asked: &Asked, now_us: i64) -> Result<Report, Refusal> {
    if path == Path::new(":memory:") {
        return Err(Refusal::InMemory);
    }
    if !path.exists() {
        return Err(Refusal::Missing(path.to_owned()));
    }
    let reader = Reader::open(path)?;
    let (first, last) = reader.span().map_err(unreadable)?.ok_or_else(|| Refusal::Empty(path.to_owned()))?;
    let since = asked.since.map_or(i64::MIN, |when| when.resolve(now_us));
    let until = asked.until.map_or(i64::MAX, |when| when.resolve(now_us));
    let shown = since.max(first)..until.min(last.saturating_add(1_000));
    let no_rows = || Refusal::NoRows {
        since: instant(if asked.since.is_some() { since } else { first }),
        until: instant(if asked.until.is_some() { until } else { now_us }),
        first: instant(first),
        last: instant(last),
    };
    if shown.start >= shown.end {
        return Err(no_rows());
    }
    // Whole hours where the ledger ends within the period, so that rollups are read instead of rows.
    let begin = if since <= first { (first - SLACK_US).div_euclid(HOUR_US) * HOUR_US } else { since };
    let end = if until > last { (last + SLACK_US).div_euclid(HOUR_US) * HOUR_US + HOUR_US } else { until };
    let period = begin..end;
    let (traffic, strata, names) = traffic(&reader, &period, shown, asked)?;
    if traffic.requests() == 0 {
        return Err(names.refusal(asked, table).unwrap_or_else(no_rows));
    }
    let marks = marks(&reader, &period, &strata, asked)?;
    Ok(report(&traffic, &marks, &setup(table), SEED))
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Refusal {
    Refusal::Read(Box::new(error))
}

/// What the names of a period are, and whether those asked for are among them.
#[derive(Debug, Default)]
struct Names {
    routers: BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Names {
    fn add(&mut self, origin: &Origin) {
        for (names, name) in [(&mut self.routers, &origin.router), (&mut self.keys, &origin.key)] {
            if !name.is_empty() && !names.contains(name) {
                names.insert(name.clone());
            }
        }
    }

    /// Why nothing was found, where something was asked for that is not there.
    fn refusal(mut self, asked: &Asked, table: &Table) -> Option<Refusal> {
        let none = |what, name: &Option<String>, names: &BTreeSet<String>| {
            let name = name.as_ref().filter(|name| !names.contains(*name))?.clone();
            let help = if names.is_empty() {
                format!("no request has a {what}")
            } else {
                near(&name, names.iter().map(String::as_str))
            };
            Some(Refusal::NoneOf { what, name, help })
        };
        if let Some(name) = asked.router.as_ref().filter(|name| !self.routers.contains(*name)) {
            if table.routers.iter().any(|router| router.name == *name) {
                return Some(Refusal::Unused { router: name.clone() });
            }
            self.routers.extend(table.routers.iter().map(|router| router.name.clone()));
        }
        none("router", &asked.router, &self.routers).or_else(|| none("key", &asked.key, &self.keys)).or_else(|| {
            let (router, key) = asked.router.clone().zip(asked.key.clone())?;
            Some(Refusal::NoneOfBoth { router, key })
        })
    }
}

fn traffic(
    reader: &Reader,
    period: &Range<i64>,
    shown: Range<i64>,
    asked: &Asked,
) -> Result<(Traffic, Strata, Names), Refusal> {
    let filter = Filter {
        router: asked.router.clone(),
        key: asked.key.clone(),
        batch_keys: asked.batch_keys.iter().cloned().collect(),
    };
    let (mut traffic, mut strata, mut names) = (Traffic::new(shown, filter), Strata::default(), Names::default());
    reader
        .tallies(period, &mut |cell, tally| {
            let origin = &cell.origin;
            names.add(origin);
            if traffic.wants(Some(&origin.router), Some(&origin.key)) {
                strata.add(&origin.router, &origin.category, tally.bands);
            }
            traffic.add(&Cell {
                hour: cell.hour,
                router: &origin.router,
                key: &origin.key,
                category: &origin.category,
                model: &origin.model,
                tally: &tally,
            });
        })
        .map_err(unreadable)?;
    Ok((traffic, strata, names))
}

fn marks(reader: &Reader, period: &Range<i64>, strata: &Strata, asked: &Asked) -> Result<Marks, Refusal> {
    let mut marks = Marks::default();
    reader
        .feedback(period, &mut |one| {
            marks.feedback.push(Feedback {
                router: one.router,
                key: one.key,
                category: one.category,
                model: one.model,
                score: one.score,
                label: one.label,
            });
        })
        .map_err(unreadable)?;
    reader
        .judged(period, &mut |router, key, one| {
            let ledger::Judgement { category, model, first, second, .. } = one;
            marks.judgements.push(Judged { router, key, category, model, first, second });
        })
        .map_err(unreadable)?;
    reader
        .shadows(period, MOST_SHADOWS, &mut |one| {
            marks.shadows.push(Shadowed {
                id: one.id,
                router: one.router,
                key: one.key,
                category: one.category,
                model: one.model,
                usage: Usage { input: one.input, cached: one.cached, output: one.output, reasoning: 0 },
                cost: one.cost,
                total_us: one.total_us,
                answered: one.answered,
                classifier: one.classifier,
                said: one.said,
                shadow_cost: one.shadow_cost,
                took_us: one.took_us,
            });
        })
        .map_err(unreadable)?;
    // Labels of earlier requests tell of these too.
    let mut labels = Vec::new();
    reader
        .labels(&(0..period.end), &mut |label| {
            if asked.key.is_none() || asked.key == label.key {
                labels.push(label);
            }
        })
        .map_err(unreadable)?;
    marks.accuracy = strata.accuracy(&labels);
    marks.labels = labels.into_iter().map(|label| Label { id: label.id, label: label.label }).collect();
    Ok(marks)
}
