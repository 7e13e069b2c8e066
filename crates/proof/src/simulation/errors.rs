//! What a classifier that errs more or less would do to time and money.
//!
//! Of the requests that were said to be of a category, some are of others: the posterior, from labels. To err less is to
//! move a share of those to where they belong; to err more is to move requests that were right to where its errors go, in
//! the proportions of the errors that there are. What a request takes where it moves to follows from the sums of its
//! category's tokens.

use std::collections::BTreeMap;

use routing::{CategoryId, Then, Usage};
use serde::Serialize;

use super::run::{Cell, CellKey, Simulation};
use super::scenario::Unable;
use crate::comparison::saved;

/// The factors that the error rate is tried with.
const FACTORS: [f64; 4] = [0.0, 0.5, 1.0, 2.0];
/// Steps towards the mix of requests that explains what was said; it moves by less than a millionth long before.
const STEPS: usize = 500;

/// How often a category (meant) was said to be another (said).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    counts: BTreeMap<(CategoryId, CategoryId), u64>,
}

/// Where a classifier's errors are known from.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence<'a> {
    /// Labels of the very requests, or of a sample of them.
    Labels(&'a Confusion),
    /// An evaluation on other prompts, whose mix may be another.
    Evaluation(&'a Confusion),
    /// This share of whatever was said is wrong, and all other categories are as likely.
    Rate(f64),
}

/// Time and money over the classifier's error rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// `labels`, `evaluation` or `rate`.
    pub source: &'static str,
    /// Labels that it is from.
    pub labels: u64,
    /// The share of classified requests that is thought to be in a wrong category.
    pub error_rate: f64,
    /// From no errors to twice as many; all requests, as they are routed.
    pub points: Vec<Point>,
}

/// Time and money at an error rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// So many times the errors that there are.
    pub factor: f64,
    /// The error rate; less than `factor` times the measured one where a category has nothing left to err with.
    pub error_rate: f64,
    /// Mean time, milliseconds. Waiting does not change with the errors here.
    pub mean_latency_ms: f64,
    /// Cost of all requests.
    pub cost_usd: f64,
    /// What routing then saves of the baseline's time and cost.
    pub savings: crate::comparison::Savings,
}

impl Confusion {
    /// Notes a request of a category that was said to be another, or the same.
    pub fn note(&mut self, meant: CategoryId, said: CategoryId) {
        self.add(meant, said, 1);
    }

    /// The same for so many.
    pub fn add(&mut self, meant: CategoryId, said: CategoryId, requests: u64) {
        *self.counts.entry((meant, said)).or_default() += requests;
    }

    /// How many were noted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of labels")]
    fn matrix(&self, width: usize) -> Matrix {
        let mut matrix = zeros(width);
        for ((meant, said), count) in &self.counts {
            if let Some(cell) = matrix.get_mut(meant.index()).and_then(|row| row.get_mut(said.index())) {
                *cell = *count as f64;
            }
        }
        matrix
    }
}

/// By what was meant, then by what was said.
type Matrix = Vec<Vec<f64>>;

fn zeros(width: usize) -> Matrix {
    vec![vec![0.0; width]; width]
}

fn at(matrix: &Matrix, row: usize, column: usize) -> f64 {
    matrix.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0.0)
}

/// How many requests are thought to be of each category (row) among those said to be of each (column).
fn joint(evidence: &Evidence<'_>, said: &[f64]) -> Matrix {
    let width = said.len();
    match evidence {
        Evidence::Rate(rate) => uniform(*rate, said),
        Evidence::Labels(confusion) => by_labels(&confusion.matrix(width), said),
        Evidence::Evaluation(confusion) => by_evaluation(&confusion.matrix(width), said),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of categories")]
fn uniform(rate: f64, said: &[f64]) -> Matrix {
    let others = said.len().saturating_sub(1).max(1) as f64;
    let share = |same: bool| if same { 1.0 - rate } else { rate / others };
    let row = |meant: usize| said.iter().enumerate().map(|(column, n)| n * share(column == meant)).collect();
    (0..said.len()).map(row).collect()
}

/// The labels of what was said to be of a category tell what that category holds, whatever share of it has labels. A
/// category without labels is thought to be as wrong as all together.
fn by_labels(counts: &Matrix, said: &[f64]) -> Matrix {
    let width = said.len();
    let right: f64 = (0..width).map(|place| at(counts, place, place)).sum();
    let all: f64 = counts.iter().flatten().sum();
    let pooled = uniform(if all > 0.0 { 1.0 - right / all } else { 0.0 }, said);
    let mut joint = zeros(width);
    for (column, requests) in said.iter().enumerate() {
        let labelled: f64 = (0..width).map(|row| at(counts, row, column)).sum();
        for (place, row) in joint.iter_mut().enumerate() {
            if let Some(cell) = row.get_mut(column) {
                let known = labelled > 0.0;
                *cell =
                    if known { requests * at(counts, place, column) / labelled } else { at(&pooled, place, column) };
            }
        }
    }
    joint
}

/// An evaluation tells how a category is taken for others, not how frequent it is in this traffic: the mix that best
/// explains what was said is found step by step (Saerens, Latinne and Decaestecker 2002).
fn by_evaluation(counts: &Matrix, said: &[f64]) -> Matrix {
    let width = said.len();
    let mut likely = counts.clone();
    for (place, row) in likely.iter_mut().enumerate() {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|cell| *cell /= sum);
        } else if let Some(cell) = row.get_mut(place) {
            // A category that the evaluation lacks is thought never to be mistaken.
            *cell = 1.0;
        }
    }
    let mut mix = said.to_vec();
    let mut joint = zeros(width);
    for _ in 0..STEPS {
        for (column, requests) in said.iter().enumerate() {
            let explained: f64 = mix.iter().enumerate().map(|(row, share)| share * at(&likely, row, column)).sum();
            for (row, cells) in joint.iter_mut().enumerate() {
                let share = mix.get(row).copied().unwrap_or(0.0) * at(&likely, row, column);
                // What nothing explains is thought to be right.
                let unexplained = if row == column { *requests } else { 0.0 };
                if let Some(cell) = cells.get_mut(column) {
                    *cell = if explained > 0.0 { requests * share / explained } else { unexplained };
                }
            }
        }
        mix = joint.iter().map(|row| row.iter().sum()).collect();
    }
    joint
}

/// Mean time (milliseconds) and cost (nano-dollars) of a request.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    latency_ms: f64,
    cost: f64,
}

impl Simulation<'_> {
    /// Time and money with no errors, half, as many, and twice as many as the evidence says; `None` where no request was
    /// classified, or the evidence has no label.
    ///
    /// # Errors
    /// When nobody knows how fast a model is that requests would move to.
    pub fn error_curve(&self, evidence: &Evidence<'_>) -> Result<Option<Curve>, Unable> {
        let said = self.said()?;
        let classified: f64 = said.iter().sum();
        let (source, labels) = match evidence {
            Evidence::Labels(confusion) => ("labels", confusion.total()),
            Evidence::Evaluation(confusion) => ("evaluation", confusion.total()),
            Evidence::Rate(_) => ("rate", 0),
        };
        if classified <= 0.0 || (labels == 0 && source != "rate") {
            return Ok(None);
        }
        let joint = joint(evidence, &said);
        let means = self.means(&said)?;
        let points: Vec<Point> = FACTORS.iter().map(|factor| self.point(*factor, &joint, &means, classified)).collect();
        let error_rate = errors(&joint) / classified;
        Ok(Some(Curve { source, labels, error_rate, points }))
    }

    /// How many requests a classifier said to be of each category.
    #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
    fn said(&self) -> Result<Vec<f64>, Unable> {
        let mut said = vec![0.0; self.scenario.the_router()?.categories.len()];
        for ((category, _, _), cell) in &self.cells {
            if let Some(sum) = said.get_mut(category.index()) {
                *sum += cell.requests as f64;
            }
        }
        Ok(said)
    }

    /// What a request that was said to be of one category (row) takes where those of another (column) go.
    #[expect(clippy::cast_precision_loss, reason = "sums of tokens")]
    fn means(&self, said: &[f64]) -> Result<Vec<Vec<Mean>>, Unable> {
        let width = said.len();
        let mut means = vec![vec![Mean::default(); width]; width];
        for (key @ (from, _, _), cell) in &self.cells {
            let requests = said.get(from.index()).copied().unwrap_or(1.0).max(1.0);
            for to in 0..width {
                let Some(mean) = means.get_mut(from.index()).and_then(|row| row.get_mut(to)) else { continue };
                let Some((latency_us, cost)) = self.elsewhere(key, cell, CategoryId::at(to))? else { continue };
                mean.latency_ms += latency_us / 1e3 / requests;
                mean.cost += cost as f64 / requests;
            }
        }
        Ok(means)
    }

    /// Time (microseconds) and cost of a cell's requests together on the model of a category; `None`: it has none that can.
    #[expect(clippy::cast_precision_loss, reason = "sums of tokens")]
    fn elsewhere(&self, key: &CellKey, cell: &Cell, to: CategoryId) -> Result<Option<(f64, u64)>, Unable> {
        let (_, class, wrote) = key;
        let Ok(model) = self.heads.look_up(&self.scenario, Then::Category(to), *class) else { return Ok(None) };
        let output =
            super::history::Estimated::default().tokens(&self.ratios, *wrote, cell.usage.output, model.index());
        let spent = self.scenario.spent(model, &Usage { output, ..cell.usage })?;
        let first =
            self.scenario.speeds.get(model.index()).copied().flatten().map_or(0.0, |speed| speed.first_token_us);
        // The sum was taken for one long answer: each of the requests waits for a first token.
        let latency_us = spent.latency_us as f64 + first * (cell.requests as f64 - 1.0);
        Ok(Some((latency_us, spent.cost.0)))
    }

    #[expect(clippy::cast_precision_loss, reason = "what would be, for people")]
    fn point(&self, factor: f64, joint: &Matrix, means: &[Vec<Mean>], classified: f64) -> Point {
        let moved = moved(factor, joint);
        let overall = &self.outcome.comparison.overall;
        let requests = overall.routed.requests.max(1) as f64;
        let mut latency_ms = overall.routed.mean_latency_ms();
        let mut cost = overall.routed.cost.0 as f64;
        for (from, row) in moved.iter().enumerate() {
            for (to, count) in row.iter().enumerate() {
                let mean = |to: usize| means.get(from).and_then(|row| row.get(to)).copied().unwrap_or_default();
                latency_ms += count * (mean(to).latency_ms - mean(from).latency_ms) / requests;
                cost += count * (mean(to).cost - mean(from).cost);
            }
        }
        let wrong =
            if factor <= 1.0 { factor * errors(joint) } else { errors(joint) + moved.iter().flatten().sum::<f64>() };
        let (baseline_ms, baseline_cost) = (overall.baseline.mean_latency_ms(), overall.baseline.cost.0 as f64);
        Point {
            factor,
            error_rate: wrong / classified,
            mean_latency_ms: latency_ms,
            cost_usd: cost / 1e9,
            savings: crate::comparison::Savings {
                latency: saved(latency_ms, baseline_ms),
                cost: saved(cost, baseline_cost),
            },
        }
    }
}

fn errors(joint: &Matrix) -> f64 {
    let wrong = |(row, cells): (usize, &Vec<f64>)| {
        cells.iter().enumerate().filter(|(column, _)| *column != row).map(|(_, requests)| requests).sum::<f64>()
    };
    joint.iter().enumerate().map(wrong).sum()
}

/// How many requests move from where they were said to be (row) to where they would be said to be (column).
fn moved(factor: f64, joint: &Matrix) -> Matrix {
    let width = joint.len();
    let mut moved = zeros(width);
    for meant in 0..width {
        let right = at(joint, meant, meant);
        let wrong: f64 = (0..width).filter(|said| *said != meant).map(|said| at(joint, meant, said)).sum();
        // No more can go wrong than what was right.
        let more = (factor - 1.0).min(if wrong > 0.0 { right / wrong } else { 0.0 });
        for said in (0..width).filter(|said| *said != meant) {
            let requests = at(joint, meant, said);
            let (from, to, count) =
                if factor < 1.0 { (said, meant, (1.0 - factor) * requests) } else { (meant, said, more * requests) };
            if let Some(cell) = moved.get_mut(from).and_then(|row| row.get_mut(to)) {
                *cell += count;
            }
        }
    }
    moved
}

#[cfg(test)]
#[path = "errors_tests.rs"]
mod tests;
