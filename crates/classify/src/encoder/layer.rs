//! One layer of the encoder: every position looks at every other, then each is transformed by itself
//! (Vaswani et al., 2017, "Attention Is All You Need"; the norm comes after, as in BERT).
//!
//! Sums are made in sixteen lanes and without fused multiplications, and `exp` is our own, so that every processor
//! comes to the same bits, whatever instructions it has.

use std::ops::Range;

use multiversion::multiversion;

use super::matrix::{Matrix, Rows};

/// Numbers that are worked on together.
const LANES: usize = 16;
/// Positions that are worked on together where each needs the same lanes.
const TOGETHER: usize = 4;

/// What a layer has learned.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) heads: usize,
    pub(super) query: Matrix,
    pub(super) key: Matrix,
    pub(super) value: Matrix,
    pub(super) mix: Matrix,
    pub(super) mixed_norm: Norm,
    pub(super) up: Matrix,
    pub(super) down: Matrix,
    pub(super) norm: Norm,
}

/// Brings each position to mean zero and variance one, then to what was learned.
#[derive(Debug)]
pub(super) struct Norm {
    pub(super) gamma: Vec<f32>,
    pub(super) beta: Vec<f32>,
    pub(super) eps: f32,
}

impl Layer {
    /// Transforms the states of all positions, one position after the other.
    pub(super) fn apply(&self, states: &mut [f32]) {
        let hidden = self.norm.gamma.len();
        let rows = Rows::new(states, hidden);
        let (query, key, value) = (self.query.times(&rows), self.key.times(&rows), self.value.times(&rows));
        let mut mixed = vec![0.0; states.len()];
        let width = hidden / self.heads;
        for head in 0..self.heads {
            let projected = Projected { query: &query, key: &key, value: &value, hidden };
            attend(&projected, head * width..(head + 1) * width, &mut mixed);
        }
        self.mixed_norm.apply(states, &self.mix.times(&Rows::new(&mixed, hidden)));

        let rows = Rows::new(states, hidden);
        let mut wide = self.up.times(&rows);
        let ffn = wide.len() / (states.len() / hidden);
        gelu(&mut wide);
        self.norm.apply(states, &self.down.times(&Rows::new(&wide, ffn)));
    }
}

impl Norm {
    /// Adds to the states of all positions and norms each.
    pub(super) fn apply(&self, states: &mut [f32], added: &[f32]) {
        let width = self.gamma.len();
        for (state, added) in states.chunks_mut(width).zip(added.chunks(width)) {
            norm(self, state, added);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most sixteen bits")]
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vnni", "x86_64+avx2"))]
fn norm(norm: &Norm, state: &mut [f32], added: &[f32]) {
    for (state, added) in state.iter_mut().zip(added) {
        *state += added;
    }
    let count = state.len() as f32;
    let mean = sum(state, |number| number) / count;
    let variance = sum(state, |number| (number - mean) * (number - mean)) / count;
    let factor = 1.0 / (variance + norm.eps).sqrt();
    for ((state, gamma), beta) in state.iter_mut().zip(&norm.gamma).zip(&norm.beta) {
        *state = (*state - mean) * factor * gamma + beta;
    }
}

/// What the positions ask, what they answer to, and what they say, all heads beside each other.
struct Projected<'a> {
    query: &'a [f32],
    key: &'a [f32],
    value: &'a [f32],
    hidden: usize,
}

/// One head, which is at these columns: `mixed` becomes, for each position, what the positions it asks for say.
#[expect(clippy::cast_precision_loss, reason = "at most sixteen bits")]
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vnni", "x86_64+avx2"))]
fn attend(projected: &Projected<'_>, columns: Range<usize>, mixed: &mut [f32]) {
    let Projected { query, key, value, hidden } = *projected;
    let (width, count) = (columns.len(), key.len() / hidden);
    let blocks = count.div_ceil(LANES);
    let scale = 1.0 / (width as f32).sqrt();
    let keys = across::<LANES>(key, hidden, columns.clone());
    let values = lanes(value, hidden, columns.clone());
    let mut weights = vec![[0.0; LANES]; TOGETHER * blocks];
    for (query, mixed) in query.chunks(TOGETHER * hidden).zip(mixed.chunks_mut(TOGETHER * hidden)) {
        let asked = across::<TOGETHER>(query, hidden, columns.clone());
        for (block, keys) in keys.chunks(width).enumerate() {
            let lanes = weights.iter_mut().skip(block).step_by(blocks);
            for (weights, sums) in lanes.zip(products(&asked, keys)) {
                *weights = sums.map(|sum| sum * scale);
            }
        }
        for weights in weights.chunks_mut(blocks) {
            softmax(weights, count);
        }
        let shares = across::<TOGETHER>(weights.as_flattened(), blocks * LANES, 0..count);
        for (block, values) in values.chunks(count).enumerate() {
            let columns = columns.start + block * LANES..columns.end;
            for (mixed, sums) in mixed.chunks_mut(hidden).zip(products(&shares, values)) {
                let mixed = mixed.get_mut(columns.clone()).unwrap_or_default();
                for (mixed, sum) in mixed.iter_mut().zip(sums) {
                    *mixed = sum;
                }
            }
        }
    }
}

/// Rows turned, `N` of them beside each other: for each `N` rows, and each of the columns, their numbers.
#[inline(always)]
fn across<const N: usize>(rows: &[f32], width: usize, columns: Range<usize>) -> Vec<[f32; N]> {
    let mut turned = vec![[0.0; N]; (rows.len() / width).div_ceil(N) * columns.len()];
    for (rows, turned) in rows.chunks(N * width).zip(turned.chunks_mut(columns.len())) {
        for (place, row) in rows.chunks(width).enumerate() {
            for (numbers, number) in turned.iter_mut().zip(row.get(columns.clone()).unwrap_or_default()) {
                if let Some(to) = numbers.get_mut(place) {
                    *to = *number;
                }
            }
        }
    }
    turned
}

/// For each sixteen of the columns, those of every row.
#[inline(always)]
fn lanes(rows: &[f32], width: usize, columns: Range<usize>) -> Vec<[f32; LANES]> {
    let mut lanes = Vec::with_capacity(rows.len() / width * columns.len().div_ceil(LANES));
    for begin in columns.clone().step_by(LANES) {
        for row in rows.chunks(width) {
            let mut lane = [0.0; LANES];
            let row = row.get(begin..columns.end).unwrap_or_default();
            lane.iter_mut().zip(row).for_each(|(to, number)| *to = *number);
            lanes.push(lane);
        }
    }
    lanes
}

/// For each of the numbers beside each other the sum of its products with the lanes.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vnni", "x86_64+avx2"))]
fn products(numbers: &[[f32; TOGETHER]], lanes: &[[f32; LANES]]) -> [[f32; LANES]; TOGETHER] {
    let mut sums = [[0.0; LANES]; TOGETHER];
    for (numbers, lane) in numbers.iter().zip(lanes) {
        for (sums, number) in sums.iter_mut().zip(numbers) {
            for (sum, other) in sums.iter_mut().zip(lane) {
                *sum += number * other;
            }
        }
    }
    sums
}

/// The first `count` become parts of one, the rest zero.
#[inline(always)]
fn softmax(weights: &mut [[f32; LANES]], count: usize) {
    let beyond = |weights: &mut [[f32; LANES]], value| {
        weights.as_flattened_mut().get_mut(count..).unwrap_or_default().fill(value);
    };
    beyond(weights, f32::NEG_INFINITY);
    let larger = |most: f32, number: f32| if number > most { number } else { most };
    let mut most = [f32::NEG_INFINITY; LANES];
    for lane in weights.iter() {
        for (most, weight) in most.iter_mut().zip(lane) {
            *most = larger(*most, *weight);
        }
    }
    let most = most.into_iter().fold(f32::NEG_INFINITY, larger);
    for weight in weights.as_flattened_mut() {
        *weight = exp(*weight - most);
    }
    beyond(weights, 0.0);
    let share = 1.0 / sum(weights.as_flattened(), |weight| weight);
    for weight in weights.as_flattened_mut() {
        *weight *= share;
    }
}

/// The exact GELU, x times the normal distribution's share below x (Hendrycks and Gimpel, 2016), with the error
/// function by Abramowitz and Stegun, 7.1.26, which is off by at most 1.5e-7.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vnni", "x86_64+avx2"))]
fn gelu(numbers: &mut [f32]) {
    const POLYNOMIAL: [f32; 5] = [1.061_405_4, -1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6];
    for number in numbers {
        let x = number.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / (1.0 + 0.327_591_1 * x);
        let beyond = POLYNOMIAL.iter().fold(0.0, |sum, factor| sum * t + factor) * t * exp(-x * x);
        let below = if *number < 0.0 { beyond } else { 2.0 - beyond };
        *number *= 0.5 * below;
    }
}

/// `exp` to a relative error of 3e-7, between -87 and 88; below it is as good as zero.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Added to a small number it leaves that number, rounded, in the lowest bits.
    const ROUNDING: f32 = 12_582_912.0;
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    /// Of the series, the highest power first.
    const POLYNOMIAL: [f32; 7] = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUNDING;
    let twos = rounded - ROUNDING;
    let rest = x - twos * HIGH - twos * LOW;
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    POLYNOMIAL.iter().fold(0.0, |sum, factor| sum * rest + factor) * power
}

/// The sum of a function of numbers.
#[inline(always)]
fn sum(numbers: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (lanes, rest) = numbers.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for lane in lanes {
        for (sum, number) in sums.iter_mut().zip(lane) {
            *sum += of(*number);
        }
    }
    let rest = rest.iter().map(|number| of(*number));
    sums.into_iter().chain(rest).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_near_the_exact_one() {
        for step in -8_700_i16..=8_800 {
            let x = f32::from(step) / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 3e-7, "{x}: {} {exact}", exp(x));
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(-1e9) < 1e-37);
    }

    #[test]
    fn gelu_is_near_the_exact_one() {
        // From scipy: x * norm.cdf(x).
        let exact = [(-6.0, -5.919e-9), (-3.0, -0.004_049_694), (-1.0, -0.158_655_25), (0.0, 0.0), (0.5, 0.345_731_2)];
        for (x, expected) in exact.into_iter().chain([(1.0, 0.841_344_7), (3.0, 2.995_950_3), (20.0, 20.0)]) {
            let mut numbers = [x];
            gelu(&mut numbers);
            assert!((numbers[0] - expected).abs() < 1e-6, "{x}: {numbers:?} {expected}");
        }
    }

    #[test]
    fn weights_are_shares_however_large_they_were() {
        let mut weights = [[-1e30; LANES]; 2];
        (weights[0][3], weights[1][0]) = (1e4, 1e4);
        softmax(&mut weights, 17);
        assert_eq!((weights[0][3], weights[1][0], weights[1][1]), (0.5, 0.5, 0.0));
    }
}
