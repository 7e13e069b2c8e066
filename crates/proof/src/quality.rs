//! How good a route's answers are beside the baseline's, by pairwise comparison.
//!
//! A judge sees both answers twice, once in each order. Judges favour a place: who wins only where it stands first has
//! not won. So a route wins or loses where both orders say so, and ties where they disagree (as Zheng et al., 2023, do).
//!
//! What a category's win rate is among: the comparisons that were decided. A share of ties stands beside it, because a
//! win rate of a half among two decided of a hundred means that nobody can tell the answers apart, and so does the share
//! that is not worse, which is what has to be high for a cheaper model to be worth taking. Over all categories each
//! counts by its requests, not by how many of them were drawn.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::share::{Share, count};

/// What a comparison came to, for the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its answer was preferred in both orders.
    Win,
    /// Both were as good, or the orders disagree.
    Tie,
    /// The baseline's answer was preferred in both orders.
    Loss,
}

impl Outcome {
    /// Of the verdicts with the route's answer first and second: above 0.5 it is better, below worse.
    #[must_use]
    pub fn of(first: f64, second: f64) -> Self {
        if first > 0.5 && second > 0.5 {
            Self::Win
        } else if first < 0.5 && second < 0.5 {
            Self::Loss
        } else {
            Self::Tie
        }
    }
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared<'a> {
    /// The category of the request.
    pub category: &'a str,
    /// With the route's answer first: 1 it is better, 0.5 as good, 0 worse; `None`: the judge's answer was nonsense.
    pub first: Option<f64>,
    /// With the baseline's answer first, on the same scale.
    pub second: Option<f64>,
}

/// How many comparisons came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// The route's answer was better.
    pub wins: u64,
    /// Neither was.
    pub ties: u64,
    /// The baseline's answer was better.
    pub losses: u64,
    /// The judge's answer was nonsense at least once, so that it counts for nothing.
    pub nonsense: u64,
}

impl Outcomes {
    /// Adds a comparison.
    pub fn add(&mut self, first: Option<f64>, second: Option<f64>) {
        match first.zip(second).map(|(first, second)| Outcome::of(first, second)) {
            Some(Outcome::Win) => self.wins += 1,
            Some(Outcome::Tie) => self.ties += 1,
            Some(Outcome::Loss) => self.losses += 1,
            None => self.nonsense += 1,
        }
    }

    /// Comparisons that came to something.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.wins + self.ties + self.losses
    }
}

/// How a route stands beside the baseline. Shares are `None` where nothing was judged, or nothing decided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The comparisons.
    #[serde(flatten)]
    pub outcomes: Outcomes,
    /// Wins among the decided: wins and losses.
    pub win_rate: Option<Share>,
    /// Ties among the judged.
    pub tie_share: Option<Share>,
    /// Wins and ties among the judged.
    pub not_worse: Option<Share>,
}

/// How often a judge preferred the answer that stood first. A half is fair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Position {
    /// Verdicts for the answer that stood first.
    pub first_won: u64,
    /// Verdicts for either answer.
    pub decided: u64,
    /// Their share.
    pub first_share: Option<Share>,
    /// Answers of the judge that were no verdict.
    pub nonsense: u64,
    /// All verdicts, nonsense and ties included: two a comparison.
    pub verdicts: u64,
}

/// What a set of comparisons says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// By category.
    pub per_category: BTreeMap<String, Standing>,
    /// Over all categories that have a comparison, each counting by its requests.
    pub overall: Standing,
    /// The share of the requests that those categories hold, 0 to 1.
    pub covered: f64,
    /// The judge's liking for a place.
    pub position: Position,
}

impl Quality {
    /// Adds comparisons up. `requests` says how many requests of each category they are a sample of; where it does not
    /// know one, the category counts by its comparisons.
    #[must_use]
    pub fn of<'a>(comparisons: impl IntoIterator<Item = Compared<'a>>, requests: &BTreeMap<String, u64>) -> Self {
        let mut by_category: BTreeMap<String, Outcomes> = BTreeMap::new();
        let mut position = Position::default();
        for Compared { category, first, second } in comparisons {
            by_category.entry(category.to_owned()).or_default().add(first, second);
            // Second verdicts are for the route too, and what stood first then was the baseline's answer.
            position.add(first);
            position.add(second.map(|score| 1.0 - score));
        }
        position.first_share = Share::of(position.first_won, position.decided);
        let size = |category: &str, judged: u64| requests.get(category).copied().unwrap_or(0).max(judged);
        let parts: Vec<(Outcomes, f64)> = by_category
            .iter()
            .filter(|(_, outcomes)| outcomes.judged() > 0)
            .map(|(category, outcomes)| (*outcomes, count(size(category, outcomes.judged()))))
            .collect();
        let all = requests.keys().chain(by_category.keys().filter(|category| !requests.contains_key(*category)));
        let judged = |category: &str| by_category.get(category).map_or(0, Outcomes::judged);
        let whole: f64 = all.map(|category| count(size(category, judged(category)))).sum();
        let known: f64 = parts.iter().map(|(_, size)| size).sum();
        let nonsense = by_category.values().map(|outcomes| outcomes.nonsense).sum();
        Self {
            per_category: by_category.into_iter().map(|(category, outcomes)| (category, plain(outcomes))).collect(),
            overall: weighted(&parts, nonsense),
            covered: if whole > 0.0 { known / whole } else { 0.0 },
            position,
        }
    }
}

impl Position {
    /// Adds a verdict on the answer that stood first: above 0.5 it is better.
    fn add(&mut self, verdict: Option<f64>) {
        self.verdicts += 1;
        match verdict {
            None => self.nonsense += 1,
            Some(score) => {
                self.first_won += u64::from(score > 0.5);
                self.decided += u64::from((score - 0.5).abs() > 0.0);
            }
        }
    }

    /// Whether more than a third of the judge's answers were no verdict, so that the judge is not one.
    #[must_use]
    pub fn is_nonsense(&self) -> bool {
        self.nonsense * 3 > self.verdicts
    }
}

/// Of comparisons that are a plain sample.
fn plain(outcomes: Outcomes) -> Standing {
    let Outcomes { wins, ties, losses, .. } = outcomes;
    Standing {
        outcomes,
        win_rate: Share::of(wins, wins + losses),
        tie_share: Share::of(ties, outcomes.judged()),
        not_worse: Share::of(wins + ties, outcomes.judged()),
    }
}

/// Of categories, each with its size: shares are means weighted by size, as sure as those of so many rows of a plain
/// sample as Kish (1965) says, the square of the sum of weights by the sum of their squares.
fn weighted(parts: &[(Outcomes, f64)], nonsense: u64) -> Standing {
    let mut outcomes = Outcomes { nonsense, ..Outcomes::default() };
    for (part, _) in parts {
        outcomes.wins += part.wins;
        outcomes.ties += part.ties;
        outcomes.losses += part.losses;
    }
    let size: f64 = parts.iter().map(|(_, size)| size).sum();
    let mean = |of: &dyn Fn(&Outcomes) -> u64| -> f64 {
        parts.iter().map(|(part, own)| own / size * count(of(part)) / count(part.judged())).sum()
    };
    let rows = 1.0 / parts.iter().map(|(part, own)| (own / size).powi(2) / count(part.judged())).sum::<f64>();
    let (wins, losses) = (mean(&|part| part.wins), mean(&|part| part.losses));
    let share = |share: f64| if parts.is_empty() { None } else { Share::estimated(share.clamp(0.0, 1.0), rows) };
    Standing {
        outcomes,
        win_rate: Share::estimated(wins / (wins + losses), rows * (wins + losses)),
        tie_share: share(mean(&|part| part.ties)),
        not_worse: share(mean(&|part| part.wins + part.ties)),
    }
}

#[cfg(test)]
#[path = "quality_tests.rs"]
mod tests;
