//! The file of a trained encoder, `.fde`: sizes, labels, pieces, weights, and a checksum over all of it.
//!
//! Little-endian throughout: magic `FDE1`; layers, heads (u8), hidden, ffn, positions (u16), pieces (u32), labels (u8);
//! eps, temperature (f32); each label (u8 length, UTF-8); each piece (u8 length, UTF-8, f32 score); the embeddings of
//! four special pieces and of the pieces, and of the positions, a row each; their norm; each layer's query, key,
//! value and mix (a row for each output, then the bias), norm, up and down, norm; the head (f32 weights, f32 bias);
//! then 32 bytes of BLAKE3 over what is before. A row is an f32 scale and as many signed bytes as it has inputs; a
//! norm is gamma and beta (f32).

use super::layer::{Layer, Norm};
use super::matrix::Matrix;
use super::tokenizer::{SPECIAL, Vocabulary};
use super::{Encoder, LONGEST, Table};
use crate::embedded::MOST_LABELS;
use crate::weights::{BadWeights, Reader};

const MAGIC: &[u8; 4] = b"FDE1";

/// The encoder of a file's bytes.
pub(super) fn read(file: &[u8]) -> Result<Encoder, BadWeights> {
    let mut reader = Reader::of(file, MAGIC)?;
    let encoder = encoder(&mut reader)?;
    reader.end()?;
    Ok(encoder)
}

/// What the header says of how much is behind it.
struct Sizes {
    heads: usize,
    hidden: usize,
    ffn: usize,
    eps: f32,
}

fn encoder(reader: &mut Reader<'_>) -> Result<Encoder, BadWeights> {
    let layers = reader.byte()?;
    let heads = usize::from(reader.byte()?);
    let (hidden, ffn, positions) = (reader.short()?, reader.short()?, reader.short()?);
    let pieces = u32::from_le_bytes(reader.array()?);
    let count = usize::from(reader.byte()?);
    let (eps, temperature) = (reader.number()?, reader.number()?);
    let divides = hidden.checked_rem(heads) == Some(0) && hidden > 0;
    let counts = layers > 0 && ffn > 0 && positions >= LONGEST && (1..=MOST_LABELS).contains(&count);
    if !divides || !counts || eps <= 0.0 || temperature <= 0.0 {
        return Err(BadWeights::Damaged);
    }
    let labels = (0..count).map(|_| reader.text().map(str::to_owned)).collect::<Result<_, _>>()?;
    let scored = (0..pieces).map(|_| Ok((reader.text()?, reader.number()?))).collect::<Result<Vec<_>, _>>()?;
    let sizes = Sizes { heads, hidden, ffn, eps };
    let encoder = Encoder {
        labels,
        vocabulary: Vocabulary::new(&scored).ok_or(BadWeights::Damaged)?,
        words: reader.table(scored.len() + SPECIAL as usize, hidden)?,
        positions: reader.table(positions, hidden)?,
        norm: reader.norm(&sizes)?,
        layers: (0..layers).map(|_| reader.layer(&sizes)).collect::<Result<_, _>>()?,
        head: reader.numbers(count * hidden)?,
        bias: reader.numbers(count)?,
        temperature,
    };
    Ok(encoder)
}

/// What only an encoder's file has.
impl<'a> Reader<'a> {
    fn short(&mut self) -> Result<usize, BadWeights> {
        self.array().map(|bytes| usize::from(u16::from_le_bytes(bytes)))
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<f32>, BadWeights> {
        let mut numbers = Reader(self.take(count * 4)?);
        (0..count).map(|_| numbers.number()).collect()
    }

    /// Rows of bytes, each with its scale.
    fn rows(&mut self, count: usize, width: usize) -> Result<Vec<(f32, &'a [u8])>, BadWeights> {
        let rows = self.take(count * (4 + width))?.chunks(4 + width);
        rows.map(|row| {
            let mut row = Reader(row);
            Ok((row.number()?, row.0))
        })
        .collect()
    }

    fn table(&mut self, count: usize, width: usize) -> Result<Table, BadWeights> {
        let rows = self.rows(count, width)?;
        let mut table = Table { width, scales: Vec::with_capacity(count), bytes: Vec::with_capacity(count * width) };
        for (scale, bytes) in rows {
            table.scales.push(scale);
            table.bytes.extend(bytes.iter().map(|byte| byte.cast_signed()));
        }
        Ok(table)
    }

    fn matrix(&mut self, inputs: usize, outputs: usize) -> Result<Matrix, BadWeights> {
        let rows = self.rows(outputs, inputs)?;
        Ok(Matrix::new(inputs, &rows, &self.numbers(outputs)?))
    }

    fn norm(&mut self, sizes: &Sizes) -> Result<Norm, BadWeights> {
        Ok(Norm { gamma: self.numbers(sizes.hidden)?, beta: self.numbers(sizes.hidden)?, eps: sizes.eps })
    }

    fn layer(&mut self, sizes: &Sizes) -> Result<Layer, BadWeights> {
        let (hidden, ffn) = (sizes.hidden, sizes.ffn);
        Ok(Layer {
            heads: sizes.heads,
            query: self.matrix(hidden, hidden)?,
            key: self.matrix(hidden, hidden)?,
            value: self.matrix(hidden, hidden)?,
            mix: self.matrix(hidden, hidden)?,
            mixed_norm: self.norm(sizes)?,
            up: self.matrix(hidden, ffn)?,
            down: self.matrix(ffn, hidden)?,
            norm: self.norm(sizes)?,
        })
    }
}
