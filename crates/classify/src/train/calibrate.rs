//! How sure the model may be: measured on sources that were held out whole, because on rows like its training rows
//! every model is surer than it should be.

use std::collections::BTreeMap;

use super::{Learned, Options, Progress, Row, inputs, learn};
use crate::embedded::softmax;
use crate::look::Look;

/// The temperature with the least loss on rows whose source took no part in learning; 1 where there are too few
/// sources to hold any out.
pub(super) fn temperature(
    rows: &[Row<'_>],
    width: usize,
    options: &Options,
    folds: usize,
    progress: &dyn Fn(Progress),
) -> f32 {
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *sources.entry(&row.example.source).or_default() += 1;
    }
    if folds < 2 || sources.len() < 2 * folds {
        return 1.0;
    }
    // The largest sources first, each to the fold with the fewest rows.
    let mut by_size: Vec<(&str, usize)> = sources.into_iter().collect();
    by_size.sort_by_key(|(name, size)| (std::cmp::Reverse(*size), *name));
    let mut sizes = vec![0; folds];
    let mut fold_of = BTreeMap::new();
    for (name, size) in by_size {
        let Some((fold, least)) = sizes.iter_mut().enumerate().min_by_key(|(_, size)| **size) else {
            continue;
        };
        *least += size;
        fold_of.insert(name, fold);
    }
    let mut judged = Vec::new();
    let mut done = 0;
    for fold in 0..folds {
        let within = |row: &&Row<'_>| fold_of.get(&*row.example.source) == Some(&fold);
        let (held, kept): (Vec<_>, Vec<_>) = rows.iter().partition(within);
        let kept: Vec<Row<'_>> = kept.into_iter().cloned().collect();
        let learned = learn(&kept, width, options, &|progressed| {
            progress(Progress { rows: done + progressed.rows, ..progressed });
        });
        done += kept.len() * options.epochs;
        judged.extend(held.into_iter().filter_map(|row| judge(&learned, row)));
    }
    best(&judged)
}

/// The scores of a held-out row, its label and weight.
struct JudgedRow {
    scores: Vec<f32>,
    label: usize,
    weight: f32,
}

fn judge(learned: &Learned, row: &Row<'_>) -> Option<JudgedRow> {
    let prompt = row.example.prompt();
    let scores = learned.scores(&inputs(&Look::at(&prompt)?));
    Some(JudgedRow { scores, label: row.label, weight: row.weight })
}

fn best(judged: &[JudgedRow]) -> f32 {
    let candidates = (0..60_u8).map(|step| 0.4 * 1.06_f32.powi(i32::from(step)));
    let scored = candidates.map(|temperature| (temperature, loss(judged, temperature)));
    scored.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1.0, |(temperature, _)| temperature)
}

fn loss(judged: &[JudgedRow], temperature: f32) -> f32 {
    let one = |row: &JudgedRow| {
        let mut probabilities = row.scores.clone();
        softmax(&mut probabilities, temperature);
        -row.weight * probabilities.get(row.label).copied().unwrap_or(0.0).max(1e-9).ln()
    };
    judged.iter().map(one).sum()
}
