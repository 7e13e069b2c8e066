//! Text becomes pieces: those of a vocabulary whose scores have the greatest sum (Kudo, 2018, "Subword
//! Regularization", the unigram model of `SentencePiece`).
//!
//! The training's `training/text.py` does the same; the goldens hold the two together.

use unicode_normalization::UnicodeNormalization;

/// Stands for the space before a word.
const MARK: char = '\u{2581}';
/// A piece's number is its place plus this: before are `<s>`, `<pad>`, `</s>` and `<unk>`.
pub(super) const SPECIAL: u32 = 4;
pub(super) const START: u32 = 0;
pub(super) const STOP: u32 = 2;
const UNKNOWN: u32 = 3;
/// An unknown character is worse than the worst piece by so much.
const PENALTY: f32 = 10.0;

/// The pieces as a trie over bytes, so that reading a piece ends where no longer one can follow.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The first is the root. The nodes that follow one node are beside each other, in the order of their bytes.
    nodes: Vec<Node>,
    /// For each node the byte that leads to it.
    bytes: Vec<u8>,
    unknown: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// The nodes that follow this one.
    first: u32,
    count: u32,
    /// The piece that ends here, and its score; zero, which is no piece: none does.
    piece: u32,
    score: f32,
}

/// The best way found to a place in a word.
#[derive(Clone, Copy, Debug)]
struct Way {
    sum: f32,
    /// The last piece, and where it begins.
    piece: u32,
    start: usize,
}

const NO_WAY: Way = Way { sum: f32::NEG_INFINITY, piece: UNKNOWN, start: 0 };

impl Vocabulary {
    /// Of pieces with their scores; `None`: one is empty or there twice.
    pub(super) fn new(pieces: &[(&str, f32)]) -> Option<Self> {
        let mut sorted: Vec<_> = pieces.iter().zip(SPECIAL..).collect();
        sorted.sort_unstable_by_key(|((piece, _), _)| *piece);
        if sorted.iter().any(|((piece, _), _)| piece.is_empty()) {
            return None;
        }
        let worst = pieces.iter().map(|(_, score)| *score).reduce(f32::min).unwrap_or_default();
        let mut vocabulary = Self { nodes: vec![Node::default()], bytes: vec![0], unknown: worst - PENALTY };
        // Beside each node the pieces that begin with the bytes which lead to it, and how many bytes these are.
        let mut ranges = vec![(sorted.as_slice(), 0)];
        let mut at = 0;
        while let Some((mut range, depth)) = ranges.get(at).copied() {
            let first = vocabulary.nodes.len();
            let node = vocabulary.nodes.get_mut(at)?;
            if let Some((((piece, score), number), rest)) = range.split_first()
                && piece.len() == depth
            {
                (node.piece, node.score) = (*number, *score);
                range = rest;
            }
            let byte = |((piece, _), _): &&(&(&str, f32), u32)| piece.as_bytes().get(depth).copied();
            let follow = range.chunk_by(|a, b| byte(&a) == byte(&b));
            let before = ranges.len();
            for range in follow {
                // A piece that has no byte here is the one that ends at this node, once more.
                vocabulary.bytes.push(byte(&range.first()?)?);
                ranges.push((range, depth + 1));
            }
            vocabulary.nodes.resize(ranges.len(), Node::default());
            let node = vocabulary.nodes.get_mut(at)?;
            node.first = u32::try_from(first).ok()?;
            node.count = u32::try_from(ranges.len() - before).ok()?;
            at += 1;
        }
        Some(vocabulary)
    }

    /// The pieces of a text. Every word stands for itself: no piece goes on beyond one.
    pub(super) fn tokens(&self, text: &str) -> Vec<u32> {
        let text = normalised(text);
        let mut tokens = Vec::with_capacity(text.len() / 3);
        let (mut marked, mut ways) = (String::new(), Vec::new());
        for word in text.split(MARK).skip(1) {
            marked.clear();
            marked.push(MARK);
            marked.push_str(word);
            self.word(&marked, &mut ways, &mut tokens);
        }
        tokens
    }

    /// Adds the pieces of a word. Of ways with equal sums, the one whose last piece is longer stays.
    fn word(&self, word: &str, ways: &mut Vec<Way>, tokens: &mut Vec<u32>) {
        ways.clear();
        ways.resize(word.len() + 1, NO_WAY);
        for (start, character) in word.char_indices() {
            // The beginning of the word costs nothing; every character after it is reached, if as unknown.
            let before = ways.get(start).filter(|_| start > 0).map_or(0.0, |way| way.sum);
            let mut offer = |length: usize, score: f32, piece: u32| {
                if let Some(way) = ways.get_mut(start + length)
                    && before + score > way.sum
                {
                    *way = Way { sum: before + score, piece, start };
                }
            };
            self.pieces(word.as_bytes().get(start..).unwrap_or_default(), &mut offer);
            offer(character.len_utf8(), self.unknown, UNKNOWN);
        }
        let begin = tokens.len();
        let mut end = word.len();
        while let Some(way) = ways.get(end).filter(|way| way.start < end) {
            tokens.push(way.piece);
            end = way.start;
        }
        tokens.get_mut(begin..).unwrap_or_default().reverse();
    }

    /// Calls `found` with the length, score and number of every piece that the bytes begin with, shorter ones first.
    fn pieces(&self, bytes: &[u8], found: &mut impl FnMut(usize, f32, u32)) {
        let mut node = self.nodes.first();
        for (length, byte) in bytes.iter().enumerate() {
            let Some(Node { first, count, .. }) = node.copied() else { return };
            let (first, count) = (first as usize, count as usize);
            let follow = self.bytes.get(first..first + count).unwrap_or_default();
            let Ok(place) = follow.binary_search(byte) else { return };
            node = self.nodes.get(first + place);
            if let Some(Node { piece, score, .. }) = node.filter(|node| node.piece > 0) {
                found(length + 1, *score, *piece);
            }
        }
    }
}

/// So many capitals are no shouting yet.
const FEW_CAPITALS: usize = 4;

/// Compatible characters made one, every gap one mark, a mark at the beginning and none at the end.
fn normalised(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + text.len() / 2);
    let mut gap = true;
    let mut add = |character: char| {
        if is_gap(character) {
            gap = true;
            return;
        }
        if gap {
            marked.push(MARK);
        }
        gap = false;
        marked.push(character);
    };
    if text.is_ascii() {
        text.chars().for_each(&mut add);
    } else {
        text.nfkc().for_each(&mut add);
    }
    quiet(marked)
}

/// In lower case where most letters are capitals: whoever shouts wants the same.
fn quiet(text: String) -> String {
    let (mut capitals, mut small) = (0_usize, 0_usize);
    for character in text.chars() {
        capitals += usize::from(character.is_uppercase());
        small += usize::from(character.is_lowercase());
    }
    if capitals >= FEW_CAPITALS && capitals > small { text.to_lowercase() } else { text }
}

/// White space, control characters, and those that show nothing.
fn is_gap(character: char) -> bool {
    character.is_whitespace() || character.is_control() || matches!(character, '\u{200b}'..='\u{200f}' | '\u{feff}')
}

#[cfg(test)]
#[path = "tokenizer_tests.rs"]
mod tests;
