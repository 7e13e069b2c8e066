//! What a period of traffic came to, what routing saved of it, and whether it pays.
//!
//! [`Traffic`] adds up cells of the ledger, [`Marks`] are what people, judges and shadows said of single requests,
//! [`Setup`] is what the configuration says today. [`report`] makes of them what is shown, the same for people and machines.

mod day;
pub mod words;
mod setup;
mod traffic;
mod figures;
mod marks;
mod savings;
mod shadow;
mod trend;
mod notes;
mod verdict;
mod making;

pub use day::{day, instant};
pub use figures::{Figures, Group, Overall, Side, Spread, Tokens};
pub use making::report;
pub use marks::{Accuracy, Feedback, Judged, Label, Marks, Opinion, Right, Shadowed};
pub use savings::Savings;
pub use setup::{ModelSetup, RouterSetup, Setup};
pub use shadow::{Differing, Shadow};
pub use traffic::{Cell, Filter, Traffic};
pub use trend::{Point, Trend};
pub use verdict::{Answer, Case, Check, Evidence, Says, Verdict, verdict};

use std::collections::BTreeMap;

use serde::Serialize;

use crate::quality::Quality;

/// The whole report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The period it is of, RFC 3339 in UTC; as asked for, and no longer than the ledger's rows reach.
    pub since: String,
    /// Its end, exclusive.
    pub until: String,
    /// Its length in days, at least 1: a busy hour says little of a day.
    pub days: f64,
    /// The key whose requests it is of, where one was asked for.
    pub key: Option<String>,
    /// Requests of all parts.
    pub requests: u64,
    /// One part a router that has requests, by name; those without a router come last.
    pub routers: Vec<RouterReport>,
}

/// The part of a router.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RouterReport {
    /// The router; `None`: requests that named a model themselves, or failed before a router was found.
    pub router: Option<String>,
    /// The single model that everything is compared with, as the configuration names it today.
    pub baseline: Option<String>,
    /// What has to be known to read the figures, whole sentences.
    pub notes: Vec<String>,
    /// All its requests. The cost includes the classifier's.
    pub total: Group,
    /// By the category they were given; `-` is none. Costs include the classifier's.
    pub per_category: BTreeMap<String, Group>,
    /// By the model that answered; `-` is none. Costs are of all calls of these requests, without the classifier's.
    pub per_model: BTreeMap<String, Group>,
    /// The requests both ways.
    pub overall: Overall,
    /// What routing saved.
    pub savings: Savings,
    /// Comparisons with the baseline's answers.
    pub quality: Option<Quality>,
    /// How often the category is what people say it should be.
    pub accuracy: Option<Accuracy>,
    /// What another classifier would have said.
    pub shadow: Option<Shadow>,
    /// Over time.
    pub trend: Trend,
    /// Whether routing pays; `None` for requests without a router.
    pub verdict: Option<Verdict>,
}
