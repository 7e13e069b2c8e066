//! What people, judges and other classifiers said of single requests.

use std::collections::BTreeMap;

use routing::{NanoUsd, Usage};
use serde::Serialize;

use crate::share::{Share, count};

/// All of it, of a period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// What callers said.
    pub feedback: Vec<Feedback>,
    /// What judges said.
    pub judgements: Vec<Judged>,
    /// What other classifiers would have said.
    pub shadows: Vec<Shadowed>,
    /// Labels of people.
    pub labels: Vec<Label>,
    /// What the labels say of each router's traffic.
    pub accuracy: BTreeMap<String, Accuracy>,
}

/// What a caller said of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feedback {
    /// The router.
    pub router: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// The category that it was given.
    pub category: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// How good the answer was, 0 to 1.
    pub score: Option<f64>,
    /// What the category should have been.
    pub label: Option<String>,
}

/// A comparison of a route's answer with the baseline's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// The request's router.
    pub router: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// The category that it was given.
    pub category: String,
    /// The route's model.
    pub model: String,
    /// With the route's answer first: 1 it is better, 0.5 as good, 0 worse; `None`: nonsense.
    pub first: Option<f64>,
    /// With the baseline's answer first, on the same scale.
    pub second: Option<f64>,
}

/// A label that a person gave a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Label {
    /// The request's id.
    pub id: u128,
    /// The label.
    pub label: String,
}

/// What another classifier would have said of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shadowed {
    /// The request's id.
    pub id: u128,
    /// Its router.
    pub router: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// The category that it was given.
    pub category: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Its tokens.
    pub usage: Usage,
    /// What it cost.
    pub cost: NanoUsd,
    /// How long it took, microseconds.
    pub total_us: u64,
    /// Whether its client got its whole answer.
    pub answered: bool,
    /// The other classifier.
    pub classifier: String,
    /// What that one would have said; `None`: nothing.
    pub said: Option<String>,
    /// What asking it cost.
    pub shadow_cost: NanoUsd,
    /// How long it took, microseconds.
    pub took_us: u64,
}

/// What callers said of a group of requests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Opinion {
    /// Requests with a score.
    pub scored: u64,
    /// The mean score, 0 to 1. Its interval is that of a share: scores between 0 and 1 vary less than a yes or no with
    /// the same mean, so it is rather too wide.
    pub score: Option<Share>,
    /// Requests whose caller named a category.
    pub labelled: u64,
    /// Of them, those where it was another.
    pub corrected: u64,
}

/// How often a router's categories are right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Accuracy {
    /// Over all its requests of the period, from labels of a sample.
    #[serde(flatten)]
    pub right: Right,
    /// The share of the traffic that is of a kind with a label, 0 to 1; the interval takes the rest for unknown.
    pub covered: f64,
    /// When the first of the labels was given, RFC 3339.
    pub since: String,
    /// When the last was.
    pub until: String,
    /// By the category that was said.
    pub per_category: BTreeMap<String, Right>,
}

/// How often something is right.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Right {
    /// Labels.
    pub labels: u64,
    /// The share that is right.
    pub accuracy: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
}

impl Opinion {
    /// What some callers said; `None`: nothing.
    pub(super) fn of<'a>(all: impl Iterator<Item = &'a Feedback>) -> Option<Self> {
        let (mut scored, mut sum, mut labelled, mut corrected) = (0, 0.0, 0, 0);
        for feedback in all {
            if let Some(score) = feedback.score {
                scored += 1;
                sum += score;
            }
            labelled += u64::from(feedback.label.is_some());
            corrected += u64::from(feedback.label.is_some() && feedback.label != feedback.category);
        }
        let score = Share::estimated(sum / count(scored), count(scored));
        (scored + labelled > 0).then_some(Self { scored, score, labelled, corrected })
    }
}
