//! Training of the embedded classifier: a linear layer by stochastic gradient descent, the same for the same seed.
//!
//! Features are read and scored on all cores, a batch at a time; updates are made in order, so that the number of
//! threads changes nothing. Steps follow Adagrad (Duchi et al., 2011).

mod augment;
mod calibrate;

use std::collections::HashMap;

use fastrand::Rng;
use rayon::prelude::*;

use crate::dataset::Example;
use crate::embedded::{Embedded, LANES, MOST_LABELS, softmax};
use crate::features::{BITS, GROUPS, features};
use crate::look::Look;

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The same seed and rows give the same weights, byte for byte.
    pub seed: u64,
    /// How often every row is learned from.
    pub epochs: usize,
    /// The length of the first steps.
    pub rate: f32,
    /// How strongly weights are drawn to zero at each step.
    pub decay: f32,
    /// The share of the label's probability that is spread over the others.
    pub smoothing: f32,
    /// How much of what is learned of a row is its teacher's opinion, where it has one; the rest is its label.
    pub taught: f32,
    /// Whether rows are also learned from with typing errors, other case, greetings and cut ends.
    pub augment: bool,
    /// Parts that the sources are divided into to calibrate on sources never trained on; below two: as trained.
    pub folds: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, epochs: 6, rate: 0.5, decay: 1e-6, smoothing: 0.05, taught: 0.6, augment: true, folds: 3 }
    }
}

/// How far training has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Rows learned from so far, calibration included.
    pub rows: usize,
    /// Rows to learn from altogether.
    pub total: usize,
    /// Mean loss of the newest rows, nats.
    pub loss: f32,
}

/// Why there is nothing to train.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrainable {
    /// Fewer than two labels.
    #[error("the rows have {0} label(s): a classifier needs at least two")]
    OneLabel(usize),
    /// More labels than a model holds.
    #[error("the rows have {0} labels: at most {MOST_LABELS} are possible")]
    TooManyLabels(usize),
}

/// Trains on rows; tells `progress` now and then.
///
/// # Errors
/// When the labels of the rows make no classifier.
pub fn train(
    examples: &[Example],
    options: &Options,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Embedded, Untrainable> {
    let mut labels: Vec<String> = examples.iter().map(|example| example.label.clone()).collect();
    labels.sort_by_key(|label| (order(label), label.clone()));
    labels.dedup();
    if labels.len() < 2 {
        return Err(Untrainable::OneLabel(labels.len()));
    }
    if labels.len() > MOST_LABELS {
        return Err(Untrainable::TooManyLabels(labels.len()));
    }
    let rows = weighted(examples, &labels);
    let folds = if options.folds < 2 { 0 } else { options.folds };
    let held_out = rows.len() * options.epochs * folds.saturating_sub(1);
    let total = rows.len() * options.epochs + held_out;
    let temperature = calibrate::temperature(&rows, labels.len(), options, folds, &|done: Progress| {
        progress(Progress { total, ..done });
    });
    let learned = learn(&rows, labels.len(), options, &|done| {
        progress(Progress { rows: done.rows + held_out, total, ..done });
    });
    Ok(learned.quantized(labels, temperature))
}

/// The contract's categories in its order, others behind them by name.
fn order(label: &str) -> usize {
    let known = ["simple", "general", "reasoning", "code", "agent"];
    known.iter().position(|known| *known == label).unwrap_or(known.len())
}

/// A row with what it counts.
#[derive(Clone, Debug)]
struct Row<'a> {
    example: &'a Example,
    label: usize,
    taught: Option<Vec<f32>>,
    weight: f32,
}

impl Row<'_> {
    /// What the probabilities of the labels should be.
    #[expect(clippy::cast_precision_loss, reason = "a count of labels")]
    fn target(&self, width: usize, options: &Options) -> Vec<f32> {
        let mut target = vec![options.smoothing / width as f32; width];
        if let Some(own) = target.get_mut(self.label) {
            *own += 1.0 - options.smoothing;
        }
        if let Some(taught) = &self.taught {
            for (target, taught) in target.iter_mut().zip(taught) {
                *target += options.taught * (taught - *target);
            }
        }
        target
    }
}

/// A teacher's probabilities in the order of the labels; `None`: it was not asked, or about other labels.
fn taught(example: &Example, labels: &[String]) -> Option<Vec<f32>> {
    let of = |label: &String| example.taught.iter().find(|(name, _)| name == label).map(|(_, taught)| *taught);
    let taught: Vec<f32> = labels.iter().map(of).collect::<Option<_>>()?;
    let sum: f32 = taught.iter().sum();
    (sum > 0.0).then(|| taught.iter().map(|taught| taught / sum).collect())
}

/// Rows of a large source count less each, and labels count alike, so that no source and no label drowns the others.
#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn weighted<'a>(examples: &'a [Example], labels: &[String]) -> Vec<Row<'a>> {
    let label = |example: &Example| labels.iter().position(|label| *label == example.label).unwrap_or(0);
    let mut sizes: HashMap<(&str, &str), f32> = HashMap::new();
    for example in examples {
        *sizes.entry((&example.source, &example.label)).or_default() += 1.0;
    }
    let size = |example: &Example| sizes.get(&(&*example.source, &*example.label)).copied().unwrap_or(1.0);
    let mut rows: Vec<Row<'a>> = examples
        .iter()
        .map(|example| Row {
            example,
            label: label(example),
            taught: taught(example, labels),
            weight: size(example).sqrt().recip(),
        })
        .collect();
    let mut sums = vec![0.0_f32; labels.len()];
    for row in &rows {
        if let Some(sum) = sums.get_mut(row.label) {
            *sum += row.weight;
        }
    }
    let share = rows.len() as f32 / labels.len() as f32;
    for row in &mut rows {
        row.weight *= share / sums.get(row.label).copied().unwrap_or(1.0);
        // A row that stands nearly alone for its source must not shake everything.
        row.weight = row.weight.min(6.0);
    }
    rows
}

/// Weights while they are learned.
#[derive(Debug)]
struct Learned {
    width: usize,
    weights: Vec<f32>,
    squares: Vec<f32>,
    bias: Vec<f32>,
}

/// Rows scored at once; small enough that their steps hardly depend on one another.
const BATCH: usize = 64;

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn learn(rows: &[Row<'_>], width: usize, options: &Options, progress: &dyn Fn(Progress)) -> Learned {
    let mut learned = Learned {
        width,
        weights: vec![0.0; width << BITS],
        squares: vec![1e-2; width << BITS],
        bias: vec![0.0; width],
    };
    let mut rng = Rng::with_seed(options.seed);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let (mut done, total) = (0, rows.len() * options.epochs);
    for _epoch in 0..options.epochs {
        rng.shuffle(&mut order);
        for batch in order.chunks(BATCH) {
            let seeds: Vec<(usize, u64)> = batch.iter().map(|row| (*row, rng.u64(..))).collect();
            let scored: Vec<Scored> =
                seeds.par_iter().filter_map(|(row, seed)| learned.score(rows.get(*row)?, *seed, options)).collect();
            let rate = options.rate * (1.0 - 0.9 * done as f32 / total.max(1) as f32);
            let loss = scored.iter().map(|scored| scored.loss).sum::<f32>() / scored.len().max(1) as f32;
            for scored in &scored {
                learned.step(scored, rate, options.decay);
            }
            done += batch.len();
            progress(Progress { rows: done, total, loss });
        }
    }
    learned
}

/// The features of a row with their values, each once.
type Inputs = Vec<(u32, f32)>;

/// What a row says about the weights.
struct Scored {
    inputs: Inputs,
    /// Of the loss, by the score of each label.
    gradient: Vec<f32>,
    loss: f32,
}

#[expect(clippy::cast_precision_loss, reason = "counts of features")]
fn inputs(look: &Look<'_>) -> Inputs {
    let mut all: Vec<(u32, usize)> = Vec::with_capacity(4_096);
    let mut counts = [0_u32; GROUPS];
    features(look, &mut |group, number| {
        all.push((number, group));
        if let Some(count) = counts.get_mut(group) {
            *count += 1;
        }
    });
    all.sort_unstable();
    let mut inputs: Inputs = Vec::with_capacity(all.len());
    for (number, group) in all {
        let value = counts.get(group).map_or(0.0, |count| (*count as f32).sqrt().recip());
        match inputs.last_mut() {
            Some((last, sum)) if *last == number => *sum += value,
            _ => inputs.push((number, value)),
        }
    }
    inputs
}

impl Learned {
    fn row(&self, number: u32) -> &[f32] {
        let place = number as usize * self.width;
        self.weights.get(place..place + self.width).unwrap_or_default()
    }

    fn scores(&self, inputs: &Inputs) -> Vec<f32> {
        let mut scores = self.bias.clone();
        for (number, value) in inputs {
            for (score, weight) in scores.iter_mut().zip(self.row(*number)) {
                *score += value * weight;
            }
        }
        scores
    }

    fn score(&self, row: &Row<'_>, seed: u64, options: &Options) -> Option<Scored> {
        let augmented;
        let example = if options.augment {
            augmented = augment::augmented(row.example, &mut Rng::with_seed(seed));
            &augmented
        } else {
            row.example
        };
        let prompt = example.prompt();
        let inputs = inputs(&Look::at(&prompt)?);
        let mut gradient = self.scores(&inputs);
        softmax(&mut gradient, 1.0);
        let mut loss = 0.0;
        for (probability, target) in gradient.iter_mut().zip(row.target(self.width, options)) {
            loss -= target * probability.max(1e-9).ln();
            *probability = row.weight * (*probability - target);
        }
        Some(Scored { inputs, gradient, loss })
    }

    fn step(&mut self, scored: &Scored, rate: f32, decay: f32) {
        for (number, value) in &scored.inputs {
            let place = *number as usize * self.width;
            let weights = self.weights.get_mut(place..place + self.width).unwrap_or_default();
            let squares = self.squares.get_mut(place..place + self.width).unwrap_or_default();
            for ((weight, square), gradient) in weights.iter_mut().zip(squares).zip(&scored.gradient) {
                let gradient = gradient * value + decay * *weight;
                *square += gradient * gradient;
                *weight -= rate * gradient / square.sqrt();
            }
        }
        for (bias, gradient) in self.bias.iter_mut().zip(&scored.gradient) {
            *bias -= 0.01 * rate * gradient;
        }
    }

    /// One byte a weight: what is beyond the 99.99th percentile is cut to it.
    fn quantized(&self, labels: Vec<String>, temperature: f32) -> Embedded {
        let mut sizes: Vec<f32> = self.weights.iter().map(|weight| weight.abs()).filter(|size| *size > 0.0).collect();
        sizes.sort_unstable_by(f32::total_cmp);
        let most = sizes.get(sizes.len().saturating_sub(1 + sizes.len() / 10_000)).copied().unwrap_or(1.0);
        let scale = most / f32::from(i8::MAX);
        let lanes = self.width.div_ceil(LANES);
        let mut weights = vec![[0_i8; LANES]; lanes << BITS];
        for (feature, learned) in weights.chunks_mut(lanes).zip(self.weights.chunks(self.width)) {
            for (weight, learned) in feature.as_flattened_mut().iter_mut().zip(learned) {
                *weight = byte(learned / scale);
            }
        }
        Embedded { labels, weights, scales: [scale; GROUPS], bias: self.bias.clone(), temperature }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the number is clamped to a byte's range first")]
fn byte(number: f32) -> i8 {
    number.round().clamp(-127.0, 127.0) as i8
}

/// Rows of `evaluated` that are also among `trained`, by their normalized text: nothing may be judged on what it was
/// trained on.
#[must_use]
pub fn leaks(trained: &[Example], evaluated: &[Example]) -> usize {
    let known: std::collections::HashSet<String> = trained.iter().map(Example::normalized).collect();
    evaluated.iter().filter(|example| known.contains(&example.normalized())).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::read_examples;
    use crate::embedded::largest;
    use crate::weights;

    fn examples() -> Vec<Example> {
        let rows = [
            ("what is the capital of peru", "simple"),
            ("hello there", "simple"),
            ("thanks a lot", "simple"),
            ("fix this function in rust", "code"),
            ("why does my python loop crash", "code"),
            ("write a sql query", "code"),
        ];
        let line = |(text, label): &(&str, &str)| format!("{{\"text\":\"{text}\",\"label\":\"{label}\"}}\n");
        read_examples(&rows.iter().map(line).collect::<String>()).0
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
        let options = Options { epochs: 3, folds: 0, ..Options::default() };
        let bytes = |seed| weights::write(&train(&examples(), &Options { seed, ..options }, &|_| ()).unwrap());
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }

    #[test]
    fn what_was_learned_is_known() {
        let model = train(&examples(), &Options { epochs: 30, folds: 0, ..Options::default() }, &|_| ()).unwrap();
        assert_eq!(model.labels, ["simple", "code"]);
        for example in examples() {
            let (said, _) = largest(&model.probabilities(&example.prompt()).unwrap()).unwrap();
            assert_eq!(model.labels[said], example.label);
        }
    }

    #[test]
    fn rows_without_two_labels_are_refused() {
        assert_eq!(train(&examples()[..2], &Options::default(), &|_| ()), Err(Untrainable::OneLabel(1)));
        assert_eq!(train(&[], &Options::default(), &|_| ()), Err(Untrainable::OneLabel(0)));
    }

    #[test]
    fn a_leak_is_found_through_case_and_punctuation() {
        let (evaluated, _) =
            read_examples("{\"text\":\"Hello, THERE!\",\"label\":\"simple\"}\n{\"text\":\"new\",\"label\":\"code\"}");
        assert_eq!(leaks(&examples(), &evaluated), 1);
    }
}
