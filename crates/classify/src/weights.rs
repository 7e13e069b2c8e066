//! The file of a trained model, `.fdm`: a header, the labels, the numbers, and a checksum over all of it.
//!
//! Little-endian throughout: magic `FDM1`, feature bits (u8), labels (u8), each label (u8 length, UTF-8), scales and
//! bias (f32), temperature (f32), one byte a label for each feature, then 32 bytes of BLAKE3 over what is before.

use crate::embedded::{Embedded, LANES, MOST_LABELS};
use crate::features::{BITS, GROUPS};

const MAGIC: &[u8; 4] = b"FDM1";
const CHECKSUM: usize = 32;

/// Why a file is not a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWeights {
    /// Some other file.
    #[error("this is not a file of weights: make one with `frontdesk train`")]
    Foreign,
    /// A file of another version of this program.
    #[error("these weights are of another version: train them again with this program")]
    Version,
    /// Cut short or changed.
    #[error("the file of weights is damaged: its checksum is wrong; copy or train it again")]
    Damaged,
}

/// A model as the bytes of a file.
#[must_use]
pub fn write(model: &Embedded) -> Vec<u8> {
    let labels = model.labels.len();
    let mut file = MAGIC.to_vec();
    file.extend([byte(BITS as usize), byte(labels)]);
    for label in &model.labels {
        file.push(byte(label.len()));
        file.extend(label.as_bytes());
    }
    let numbers = model.scales.iter().chain(&model.bias).chain([&model.temperature]);
    file.extend(numbers.flat_map(|number| number.to_le_bytes()));
    for feature in model.weights.chunks(labels.div_ceil(LANES)) {
        let weights = feature.as_flattened().iter().take(labels);
        file.extend(weights.flat_map(|weight| weight.to_le_bytes()));
    }
    signed(file)
}

/// Content with its checksum behind it.
#[must_use]
pub fn signed(mut content: Vec<u8>) -> Vec<u8> {
    let checksum = blake3::hash(&content);
    content.extend(checksum.as_bytes());
    content
}

/// The model of a file's bytes.
///
/// # Errors
/// When they are not a whole, undamaged file of this version. Nothing is believed before the checksum is right.
pub fn read(file: &[u8]) -> Result<Embedded, BadWeights> {
    let mut reader = Reader::of(file, MAGIC)?;
    if u32::from(reader.byte()?) != BITS {
        return Err(BadWeights::Version);
    }
    let count = usize::from(reader.byte()?);
    if !(1..=MOST_LABELS).contains(&count) {
        return Err(BadWeights::Damaged);
    }
    let labels = (0..count).map(|_| reader.text().map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
    let mut scales = [0.0; GROUPS];
    let mut bias = vec![0.0; count];
    for number in scales.iter_mut().chain(&mut bias) {
        *number = reader.number()?;
    }
    let temperature = reader.number()?;
    if temperature <= 0.0 {
        return Err(BadWeights::Damaged);
    }
    let bytes = reader.take(count << BITS)?;
    let lanes = count.div_ceil(LANES);
    let mut weights = vec![[0; LANES]; lanes << BITS];
    for (feature, bytes) in weights.chunks_mut(lanes).zip(bytes.chunks(count)) {
        for (weight, byte) in feature.as_flattened_mut().iter_mut().zip(bytes) {
            *weight = i8::from_le_bytes([*byte]);
        }
    }
    reader.end()?;
    Ok(Embedded { labels, weights, scales, bias, temperature })
}

/// Reads a file of weights from its beginning to its end; whatever is not there as it should be is damage.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// What is between the magic and the checksum of a whole, undamaged file. The last byte of the magic is the version.
    pub(crate) fn of(file: &'a [u8], magic: &[u8; 4]) -> Result<Self, BadWeights> {
        let found = file.get(..4).ok_or(BadWeights::Foreign)?;
        if found != magic {
            let ours = found.get(..3) == magic.get(..3);
            return Err(if ours { BadWeights::Version } else { BadWeights::Foreign });
        }
        let split = file.len().checked_sub(CHECKSUM).ok_or(BadWeights::Damaged)?;
        let (content, checksum) = file.split_at_checked(split).ok_or(BadWeights::Damaged)?;
        if blake3::hash(content).as_bytes() != checksum {
            return Err(BadWeights::Damaged);
        }
        Ok(Self(content.get(4..).unwrap_or_default()))
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), BadWeights> {
        if self.0.is_empty() { Ok(()) } else { Err(BadWeights::Damaged) }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], BadWeights> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BadWeights::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], BadWeights> {
        self.take(N)?.try_into().map_err(|_| BadWeights::Damaged)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, BadWeights> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn number(&mut self) -> Result<f32, BadWeights> {
        let number = f32::from_le_bytes(self.array()?);
        if number.is_finite() { Ok(number) } else { Err(BadWeights::Damaged) }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, BadWeights> {
        let length = usize::from(self.byte()?);
        std::str::from_utf8(self.take(length)?).map_err(|_| BadWeights::Damaged)
    }
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn model() -> Embedded {
        let mut weights = vec![[0; LANES]; 1 << BITS];
        weights[7] = [1, -2, 0, 0, 0, 0, 0, 0];
        Embedded {
            labels: vec!["a".into(), "bé".into()],
            weights,
            scales: [0.25; GROUPS],
            bias: vec![0.5, 0.0],
            temperature: 1.5,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&write(&model())), Ok(model()));
    }

    #[test]
    fn foreign_newer_cut_and_changed_files_are_refused() {
        let file = write(&model());
        assert_eq!(read(b"SQLite format 3"), Err(BadWeights::Foreign));
        assert_eq!(read(b""), Err(BadWeights::Foreign));
        assert_eq!(read(b"FDM9 and more"), Err(BadWeights::Version));
        assert_eq!(read(&file[..file.len() - 1]), Err(BadWeights::Damaged));
        let mut changed = file;
        changed[100] ^= 1;
        assert_eq!(read(&changed), Err(BadWeights::Damaged));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut content in proptest::collection::vec(any::<u8>(), 0..200), signed in any::<bool>()) {
            if signed {
                // A right checksum over nonsense reaches the reader behind it.
                content.splice(0..0, *MAGIC);
                content = super::signed(content);
            }
            prop_assert!(read(&content).is_err());
        }
    }
}
