//! A small transformer that reads what a prompt says: pieces of words, a few layers in which every position looks at
//! every other, and one linear layer over their mean. It is trained outside of this program (`training/`).
//!
//! Milliseconds on one thread, four layers of 384 and 1536 (the built-in six take half as long again): the least of 200 on an AMD EPYC, 2026-11-24, by
//! `examples/encoder_speed.rs`. Its two cores were busy with other work, so medians varied from run to run: 3.6 to 8 for
//! some 40 pieces, 5.7 to 10 for 64.
//!
//! | pieces | AVX-512 VNNI | AVX2 | neither |
//! |---|---|---|---|
//! | 8 | 0.6 | 1.3 | 26 |
//! | 40 | 3.5 | 6.7 | 132 |
//! | 64 | 5.6 | 10.6 | 212 |
//! | 100, the longest | 9.6 | 17.5 | 346 |
//!
//! A file of 22 MB is read in 15 ms. The three came to the same bits of every logit for 486 texts.

mod file;
mod tokenizer;
mod matrix;
mod layer;

use crate::embedded::softmax;
use crate::look::Look;
use crate::weights::BadWeights;

use layer::{Layer, Norm};
use tokenizer::{START, STOP, Vocabulary};

/// Pieces that are read of the message, and how many of them are its last where it has more.
const MESSAGE: usize = 64;
const MESSAGE_END: usize = 20;
/// Pieces that are read of the end of the answer before it.
const ANSWER: usize = 20;
/// Pieces that are read of the beginning of the question before that.
const QUESTION: usize = 12;
/// The longest sequence, with the marks around the three.
const LONGEST: usize = MESSAGE + ANSWER + QUESTION + 4;

/// A trained encoder.
#[derive(Debug)]
pub struct Encoder {
    /// The labels, in the order of the probabilities.
    pub labels: Vec<String>,
    vocabulary: Vocabulary,
    words: Table,
    positions: Table,
    norm: Norm,
    layers: Vec<Layer>,
    /// For each label a weight of every hidden number.
    head: Vec<f32>,
    bias: Vec<f32>,
    /// Divides the logits before they become probabilities.
    temperature: f32,
}

/// Rows of bytes that are looked up, with what a one stands for in each row.
#[derive(Debug)]
struct Table {
    width: usize,
    scales: Vec<f32>,
    bytes: Vec<i8>,
}

impl Encoder {
    /// The encoder of a file's bytes, see `encoder/file.rs`.
    ///
    /// # Errors
    /// When they are not a whole, undamaged file of this version. Nothing is believed before the checksum is right.
    pub fn read(file: &[u8]) -> Result<Self, BadWeights> {
        file::read(file)
    }

    /// The probability of each label.
    #[must_use]
    pub fn probabilities(&self, look: &Look<'_>) -> Vec<f32> {
        let mut logits = self.logits(look);
        softmax(&mut logits, self.temperature);
        logits
    }

    /// How much speaks for each label.
    #[must_use]
    pub fn logits(&self, look: &Look<'_>) -> Vec<f32> {
        let mean = self.mean(&self.tokens(look));
        let rows = self.head.chunks(mean.len()).zip(&self.bias);
        rows.map(|(row, bias)| row.iter().zip(&mean).map(|(weight, number)| weight * number).sum::<f32>() + bias)
            .collect()
    }

    /// The numbers of the pieces that are read: the message, and what came before it where there was an answer.
    #[must_use]
    pub fn tokens(&self, look: &Look<'_>) -> Vec<u32> {
        let message = if look.tail.is_empty() {
            self.vocabulary.tokens(look.head)
        } else {
            self.vocabulary.tokens(&[look.head, look.tail].join(" "))
        };
        let (begin, end) = if message.len() > MESSAGE {
            (first(&message, MESSAGE - MESSAGE_END), last(&message, MESSAGE_END))
        } else {
            (message.as_slice(), [].as_slice())
        };
        let mut tokens = [&[START], begin, end, &[STOP]].concat();
        let answer = self.vocabulary.tokens(look.answer);
        if !answer.is_empty() {
            let question = self.vocabulary.tokens(look.question);
            tokens.extend([last(&answer, ANSWER), &[STOP], first(&question, QUESTION), &[STOP]].concat());
        }
        tokens
    }

    /// The mean of what the last layer says of each position.
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred positions")]
    fn mean(&self, tokens: &[u32]) -> Vec<f32> {
        let hidden = self.words.width;
        let mut states = Vec::with_capacity(tokens.len() * hidden);
        let mut places = Vec::with_capacity(tokens.len() * hidden);
        for (position, token) in tokens.iter().enumerate() {
            states.extend(self.words.row(*token as usize));
            places.extend(self.positions.row(position));
        }
        self.norm.apply(&mut states, &places);
        for layer in &self.layers {
            layer.apply(&mut states);
        }
        let mut mean = vec![0.0; hidden];
        for state in states.chunks(hidden) {
            for (mean, number) in mean.iter_mut().zip(state) {
                *mean += number / tokens.len() as f32;
            }
        }
        mean
    }
}

impl Table {
    fn row(&self, at: usize) -> impl Iterator<Item = f32> {
        let scale = self.scales.get(at).copied().unwrap_or_default();
        let bytes = self.bytes.get(at * self.width..(at + 1) * self.width).unwrap_or_default();
        bytes.iter().map(move |byte| f32::from(*byte) * scale)
    }
}

/// At most so many from the beginning.
fn first(tokens: &[u32], count: usize) -> &[u32] {
    tokens.get(..count).unwrap_or(tokens)
}

/// At most so many from the end.
fn last(tokens: &[u32], count: usize) -> &[u32] {
    tokens.get(tokens.len().saturating_sub(count)..).unwrap_or(tokens)
}

#[cfg(test)]
#[path = "encoder_tests.rs"]
mod tests;
