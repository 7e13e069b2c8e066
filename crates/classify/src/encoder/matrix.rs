//! A matrix of bytes times rows of numbers, in whole numbers, as fast as the processor allows.
//!
//! Weights stay the bytes of the file. Numbers become sixteen bits, by a scale for each row, so that two products fit
//! into one sum of 32 bits: the instruction `pmaddwd` of any x86, `vpdpwssd` of newer ones, twice and more as fast as
//! `f32`, and a hundred times as fine as bytes would be. Sums of whole numbers are the same in any order, so every
//! processor comes to the same bits.
//!
//! The processor is asked once which instructions it has (`multiversion`; AVX-512 is used from Ice Lake and Zen 4 on).
//! Measured on 2026-11-24, one thread of an AMD EPYC with VNNI, 40 rows of 384 numbers times 384 x 1536, the fastest of
//! 200, rows made whole included; `examples/encoder_speed.rs` measures the whole encoder.
//!
//! | way | 10^9 multiplications a second |
//! |---|---|
//! | compiled for any x86-64, as it stands in `plain` | 2.2 |
//! | the same, compiled for AVX2 | 20 |
//! | AVX2 by hand | 53 |
//! | AVX-512 VNNI by hand | 110 |
//! | `f32` by `ndarray` and `matrixmultiply`, AVX2 and FMA | 34 |

use multiversion::multiversion;

/// Outputs that are computed together; their weights make a panel.
const OUTPUTS: usize = 32;
/// Rows that are multiplied together; their numbers make a tile.
const ROWS: usize = 8;

/// Two inputs of one row.
type Pair = [i16; 2];
/// Two inputs of every row of a tile.
type Inputs = [Pair; ROWS];
/// The weights of two inputs for every output of a panel, in two halves.
type Weights = [[[i8; 2]; OUTPUTS / 2]; 2];
/// The sums of every output of a panel, in two halves, for every row of a tile.
type Sums = [[[i32; OUTPUTS / 2]; 2]; ROWS];

/// A linear layer: weights, bias, and what a weight of one stands for in each output.
#[derive(Debug)]
pub(super) struct Matrix {
    outputs: usize,
    panels: Vec<Panel>,
}

#[derive(Debug)]
struct Panel {
    /// One entry for two inputs.
    weights: Vec<Weights>,
    scales: [f32; OUTPUTS],
    bias: [f32; OUTPUTS],
}

/// Rows of numbers in sixteen bits each.
#[derive(Debug)]
pub(super) struct Rows {
    /// Half the inputs of a row.
    pairs: usize,
    tiles: Vec<Inputs>,
    /// What a number of one stands for, in each row.
    scales: Vec<f32>,
}

impl Matrix {
    /// Lays out the weights of each output with its scale, and its bias. Every output has `inputs` weights.
    pub(super) fn new(inputs: usize, outputs: &[(f32, &[u8])], bias: &[f32]) -> Self {
        let panel = |(outputs, biases): (&[(f32, &[u8])], &[f32])| {
            let mut panel = Panel {
                weights: vec![Weights::default(); inputs.div_ceil(2)],
                scales: [0.0; OUTPUTS],
                bias: [0.0; OUTPUTS],
            };
            for (place, ((scale, row), bias)) in outputs.iter().zip(biases).enumerate() {
                for (weights, pair) in panel.weights.iter_mut().zip(row.chunks(2)) {
                    let weights = weights.as_flattened_mut().get_mut(place).into_iter().flatten();
                    for (weight, byte) in weights.zip(pair) {
                        *weight = byte.cast_signed();
                    }
                }
                if let (Some(to_scale), Some(to_bias)) = (panel.scales.get_mut(place), panel.bias.get_mut(place)) {
                    (*to_scale, *to_bias) = (*scale, *bias);
                }
            }
            panel
        };
        let panels = outputs.chunks(OUTPUTS).zip(bias.chunks(OUTPUTS)).map(panel).collect();
        Self { outputs: outputs.len(), panels }
    }

    /// The outputs for each row, one row after the other.
    pub(super) fn times(&self, rows: &Rows) -> Vec<f32> {
        let mut all = vec![0.0; rows.scales.len() * self.outputs];
        for (at, panel) in self.panels.iter().enumerate() {
            let tiles = rows.tiles.chunks(rows.pairs).zip(rows.scales.chunks(ROWS));
            for ((tile, scales), out) in tiles.zip(all.chunks_mut(ROWS * self.outputs)) {
                let sums = sums(tile, &panel.weights);
                for ((sums, scale), out) in sums.iter().zip(scales).zip(out.chunks_mut(self.outputs)) {
                    finish(sums.as_flattened(), *scale, panel, out.get_mut(at * OUTPUTS..).unwrap_or_default());
                }
            }
        }
        all
    }
}

impl Rows {
    /// Rows of so many numbers each.
    pub(super) fn new(numbers: &[f32], width: usize) -> Self {
        let pairs = width.div_ceil(2);
        let count = numbers.len() / width;
        let mut tiles = vec![Inputs::default(); count.div_ceil(ROWS) * pairs];
        let mut scales = Vec::with_capacity(count);
        let mut whole = vec![Pair::default(); pairs];
        for (numbers, tile) in numbers.chunks(ROWS * width).zip(tiles.chunks_mut(pairs)) {
            for (place, numbers) in numbers.chunks(width).enumerate() {
                scales.push(quantise(numbers, most(width), whole.as_flattened_mut()));
                for (inputs, pair) in tile.iter_mut().zip(&whole) {
                    if let Some(input) = inputs.get_mut(place) {
                        *input = *pair;
                    }
                }
            }
        }
        Self { pairs, tiles, scales }
    }
}

/// The greatest number so that a sum of products with bytes cannot overflow.
#[expect(clippy::cast_precision_loss, reason = "at most sixteen bits")]
fn most(width: usize) -> f32 {
    (i32::MAX as usize / 128 / width).min(i16::MAX as usize) as f32
}

/// Makes numbers whole, the largest of them `most`; returns what a one stands for.
#[expect(clippy::cast_possible_truncation, reason = "the lowest bits are the whole number")]
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vnni", "x86_64+avx2"))]
fn quantise(numbers: &[f32], most: f32, whole: &mut [i16]) -> f32 {
    /// Added to a small number it leaves that number, rounded, in the lowest bits.
    const ROUNDING: f32 = 12_582_912.0;
    /// Stands for the largest of a row of zeros.
    const LEAST: f32 = 1e-30;
    let larger = |most: f32, number: &f32| if number.abs() > most { number.abs() } else { most };
    let mut largest = [0.0; 16];
    let (lanes, rest) = numbers.as_chunks::<16>();
    for lane in lanes {
        for (largest, number) in largest.iter_mut().zip(lane) {
            *largest = larger(*largest, number);
        }
    }
    let largest = largest.iter().chain(rest).fold(LEAST, larger);
    let factor = most / largest;
    for (whole, number) in whole.iter_mut().zip(numbers) {
        *whole = ((number * factor + ROUNDING).to_bits() as u16).cast_signed();
    }
    largest / most
}

/// Multiplies the rows of a tile with the outputs of a panel.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vnni", "x86_64+avx2"))]
fn sums(tile: &[Inputs], weights: &[Weights]) -> Sums {
    use multiversion::target::match_target;
    match_target! {
        "x86_64+avx512f+avx512bw+avx512vnni" => {
            use std::arch::x86_64 as cpu;
            let mut sums = [[cpu::_mm512_setzero_si512(); 2]; ROWS];
            for (inputs, [left, right]) in tile.iter().zip(weights) {
                let left = cpu::_mm512_cvtepi8_epi16(bytemuck::cast(*left));
                let right = cpu::_mm512_cvtepi8_epi16(bytemuck::cast(*right));
                for ([left_sum, right_sum], pair) in sums.iter_mut().zip(inputs) {
                    let pair = cpu::_mm512_set1_epi32(bytemuck::cast(*pair));
                    *left_sum = cpu::_mm512_dpwssd_epi32(*left_sum, left, pair);
                    *right_sum = cpu::_mm512_dpwssd_epi32(*right_sum, right, pair);
                }
            }
            bytemuck::cast(sums)
        },
        "x86_64+avx2" => {
            use std::arch::x86_64 as cpu;
            // Sixteen registers: four rows and half of the outputs at a time.
            const PART: usize = 4;
            let mut all = Sums::default();
            for half in 0..2 {
                for (part, all) in all.chunks_mut(PART).enumerate() {
                    let mut sums = [[cpu::_mm256_setzero_si256(); 2]; PART];
                    for (inputs, weights) in tile.iter().zip(weights) {
                        let inputs = inputs.as_chunks::<PART>().0.get(part).into_iter().flatten();
                        let [left, right]: [[i8; 16]; 2] = bytemuck::cast(if half == 0 { weights[0] } else { weights[1] });
                        let left = cpu::_mm256_cvtepi8_epi16(bytemuck::cast(left));
                        let right = cpu::_mm256_cvtepi8_epi16(bytemuck::cast(right));
                        for ([left_sum, right_sum], pair) in sums.iter_mut().zip(inputs) {
                            let pair = cpu::_mm256_set1_epi32(bytemuck::cast(*pair));
                            *left_sum = cpu::_mm256_add_epi32(*left_sum, cpu::_mm256_madd_epi16(left, pair));
                            *right_sum = cpu::_mm256_add_epi32(*right_sum, cpu::_mm256_madd_epi16(right, pair));
                        }
                    }
                    for (all, sums) in all.iter_mut().zip(sums) {
                        if let Some(all) = all.get_mut(half) {
                            *all = bytemuck::cast(sums);
                        }
                    }
                }
            }
            all
        },
        _ => plain(tile, weights),
    }
}

/// The same in any processor's instructions.
fn plain(tile: &[Inputs], weights: &[Weights]) -> Sums {
    let mut all = Sums::default();
    for (row, sums) in all.iter_mut().enumerate() {
        for (inputs, weights) in tile.iter().zip(weights) {
            let [first, second] = inputs.get(row).map_or([0; 2], |pair| pair.map(i32::from));
            for (sum, [one, other]) in sums.as_flattened_mut().iter_mut().zip(weights.as_flattened()) {
                let products = (first * i32::from(*one)).wrapping_add(second * i32::from(*other));
                *sum = sum.wrapping_add(products);
            }
        }
    }
    all
}

/// Makes sums of a row the numbers they stand for.
#[expect(clippy::cast_precision_loss, reason = "the weights have seven bits")]
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vnni", "x86_64+avx2"))]
fn finish(sums: &[i32], scale: f32, panel: &Panel, out: &mut [f32]) {
    for (((out, sum), own), bias) in out.iter_mut().zip(sums).zip(&panel.scales).zip(&panel.bias) {
        *out = *sum as f32 * (scale * own) + bias;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn products_are_those_of_the_numbers() {
        let weights = [[1_i8, -2, 127], [0, 5, -127]].map(|row| row.map(i8::cast_unsigned));
        let matrix = Matrix::new(3, &[(0.5, &weights[0][..]), (0.25, &weights[1][..])], &[1.0, -1.0]);
        let numbers = [1.0, 2.0, -1.0, 0.0, 0.0, 0.0];
        let products = matrix.times(&Rows::new(&numbers, 3));
        let expected = [-64.0, 33.25, 1.0, -1.0];
        assert_eq!(products.len(), expected.len());
        for (product, expected) in products.iter().zip(expected) {
            assert!((product - expected).abs() < 0.02, "{products:?}");
        }
    }

    proptest! {
        #[test]
        fn every_processor_comes_to_the_same_sums(
            tile in proptest::collection::vec(any::<Inputs>(), 1..40),
            weights in proptest::collection::vec(any::<Weights>(), 1..40),
        ) {
            prop_assert_eq!(sums(&tile, &weights), plain(&tile, &weights));
        }

        #[test]
        fn whole_numbers_are_near_the_numbers(numbers in proptest::collection::vec(-1e4_f32..1e4, 1..100)) {
            let mut whole = vec![0; numbers.len()];
            let scale = quantise(&numbers, most(1_536), &mut whole);
            for (number, whole) in numbers.iter().zip(whole) {
                prop_assert!((f32::from(whole) * scale - number).abs() <= 0.51 * scale);
            }
        }
    }
}
