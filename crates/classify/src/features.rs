//! Hashed features of a prompt: words and pairs of words, pieces of words, and structure.
//!
//! The hashing trick (Weinberger et al., 2009, "Feature Hashing for Large Scale Multitask Learning") over the n-grams
//! of fastText (Joulin et al., 2016, "Bag of Tricks for Efficient Text Classification"), without a vocabulary: any
//! language, any spelling, no allocation beyond the characters looked at.

use crate::look::Look;

/// Bits of a feature's number; there are two to this power.
pub const BITS: u32 = 18;
/// Kinds of features. Each is divided by the root of its count, so that a long text does not shout down a short one.
pub const GROUPS: usize = 5;

const WORDS: usize = 0;
const PIECES: usize = 1;
const STRUCTURE: usize = 2;
const ANSWER: usize = 3;
const QUESTION: usize = 4;

/// Longest word of which pieces are taken; what is beyond is data (hashes, base64), not language.
const LONGEST_WORD: usize = 32;

/// Calls `emit` with the group and number of every feature; a feature that occurs twice is emitted twice.
pub fn features(look: &Look<'_>, emit: &mut impl FnMut(usize, u32)) {
    let mut buffer = Vec::with_capacity(64);
    let mut text = Text::new(WORDS as u64, &mut buffer);
    text.read(look.head, WORDS, PIECES, emit);
    text.read(look.tail, WORDS, PIECES, emit);
    text.finish(WORDS, emit);
    for (context, group) in [(look.answer, ANSWER), (look.question, QUESTION)] {
        if !context.is_empty() {
            Text::new(group as u64, &mut buffer).read(context, group, group, emit);
        }
    }
    structure(look, &mut |kind, value| {
        emit(STRUCTURE, number(mix(mix(SEED, 1_000 + kind), value)));
    });
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// One step of a multiplicative hash; the upper half of the state is what is good.
const fn mix(state: u64, value: u64) -> u64 {
    (state ^ value).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29)
}

const fn number(state: u64) -> u32 {
    (state.wrapping_mul(SEED) >> (64 - BITS)) as u32
}

/// Characters that are words by themselves: scripts written without spaces.
fn is_dense(c: char) -> bool {
    matches!(u32::from(c), 0x0e00..=0x0eff | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x20000..=0x2ffff)
}

/// Reads text word by word.
struct Text<'b> {
    seed: u64,
    word: &'b mut Vec<u32>,
    before: u64,
    words: u64,
}

impl<'b> Text<'b> {
    fn new(group: u64, word: &'b mut Vec<u32>) -> Self {
        word.clear();
        Self { seed: mix(SEED, group), word, before: mix(SEED, 7), words: 0 }
    }

    fn read(&mut self, text: &str, words: usize, pieces: usize, emit: &mut impl FnMut(usize, u32)) {
        for c in text.chars() {
            if c.is_ascii() {
                let byte = c as u8;
                if byte.is_ascii_alphabetic() {
                    self.word.push(u32::from(byte.to_ascii_lowercase()));
                } else if byte.is_ascii_digit() {
                    self.word.push(u32::from(b'0'));
                } else if byte == b'\'' && !self.word.is_empty() {
                    // don't, l'eau: the word goes on without the mark.
                } else {
                    self.end_word(words, pieces, emit);
                    if !byte.is_ascii_whitespace() {
                        self.symbol(c, words, emit);
                    }
                }
            } else if is_dense(c) {
                self.dense(c, words, pieces, emit);
            } else if c.is_alphanumeric() || is_mark(c) {
                self.word.extend(c.to_lowercase().map(u32::from));
            } else {
                self.end_word(words, pieces, emit);
                if !c.is_whitespace() {
                    self.symbol(c, words, emit);
                }
            }
        }
        self.end_word(words, pieces, emit);
    }

    /// Ends the word before, then takes the character with those before it as pieces.
    fn dense(&mut self, c: char, words: usize, pieces: usize, emit: &mut impl FnMut(usize, u32)) {
        if self.word.last().is_some_and(|last| !char::from_u32(*last).is_some_and(is_dense)) {
            self.end_word(words, pieces, emit);
        }
        self.word.push(u32::from(c));
        let mut state = mix(self.seed, 5);
        for (length, c) in self.word.iter().rev().take(4).enumerate() {
            state = mix(state, u64::from(*c));
            emit(if length == 0 { words } else { pieces }, number(state));
        }
    }

    fn symbol(&mut self, c: char, words: usize, emit: &mut impl FnMut(usize, u32)) {
        let symbol = mix(mix(self.seed, 3), u64::from(c));
        emit(words, number(symbol));
        emit(words, number(mix(self.before, symbol)));
        self.before = symbol;
    }

    fn end_word(&mut self, words: usize, pieces: usize, emit: &mut impl FnMut(usize, u32)) {
        let Some(last) = self.word.last() else { return };
        if char::from_u32(*last).is_some_and(is_dense) {
            self.word.clear();
            return;
        }
        self.word.truncate(LONGEST_WORD);
        let word = self.word.iter().fold(mix(self.seed, 2), |state, c| mix(state, u64::from(*c)));
        emit(words, number(word));
        emit(words, number(mix(self.before, word)));
        if self.words < 2 {
            // How a message opens says more than the same words elsewhere.
            emit(words, number(mix(mix(self.seed, 11 + self.words), word)));
        }
        self.words += 1;
        self.before = word;
        self.pieces(pieces, emit);
        self.word.clear();
    }

    /// Every piece of three to five characters, the word's ends marked.
    fn pieces(&mut self, group: usize, emit: &mut impl FnMut(usize, u32)) {
        const EDGE: u32 = 1;
        self.word.insert(0, EDGE);
        self.word.push(EDGE);
        let mut rest = self.word.as_slice();
        while rest.len() >= 3 {
            let mut state = mix(self.seed, 4);
            for (position, c) in rest.iter().take(5).enumerate() {
                state = mix(state, u64::from(*c));
                if position >= 2 {
                    emit(group, number(state));
                }
            }
            rest = rest.get(1..).unwrap_or_default();
        }
    }

    /// How the message ends.
    fn finish(&mut self, words: usize, emit: &mut impl FnMut(usize, u32)) {
        emit(words, number(mix(mix(self.seed, 13), self.before)));
    }
}

/// Combining marks belong to the letter before them (Hindi's vowel signs, decomposed accents).
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036f | 0x0591..=0x05c7 | 0x064b..=0x065f | 0x0900..=0x0dff | 0x200c..=0x200d)
}

/// Calls `emit` with the kind and value of what is not in the words.
fn structure(look: &Look<'_>, emit: &mut impl FnMut(u64, u64)) {
    let text = look.head;
    let bytes = text.as_bytes();
    let magnitude = |count: usize| u64::from(usize::BITS - count.leading_zeros());
    let count = |test: fn(&u8) -> bool| bytes.iter().filter(|byte| test(byte)).count();
    let share = |count: usize| (count * 16 / bytes.len().max(1)) as u64;
    emit(0, magnitude(look.length));
    emit(1, magnitude(memchr::memchr_iter(b'\n', bytes).count()));
    emit(2, share(count(u8::is_ascii_digit)));
    emit(3, share(count(u8::is_ascii_punctuation)));
    emit(4, share(count(u8::is_ascii_uppercase)));
    emit(5, magnitude(memchr::memchr_iter(b'?', bytes).count()));
    let last = if look.tail.is_empty() { text } else { look.tail };
    emit(
        6,
        last.chars()
            .next_back()
            .map_or(0, |c| u64::from(c.is_alphanumeric()) + 2 * u64::from(matches!(c, '?' | '？' | '؟'))),
    );
    let code = text.contains("```") || look.tail.contains("```");
    emit(7, u64::from(code));
    emit(8, magnitude(look.user_turns));
    emit(9, u64::from(look.tools) + 2 * u64::from(look.tools_used) + 4 * u64::from(look.images));
    emit(
        10,
        u64::from(look.answer.contains("```"))
            + 2 * u64::from(look.answer.ends_with('?'))
            + 4 * u64::from(!look.answer.is_empty()),
    );
    emit(11, magnitude(look.answer.len()));
    // A short message after an answer is another thing than one that opens.
    emit(12, u64::from(look.user_turns > 1) * 16 + magnitude(look.length));
    let symbols = bytes.iter().filter(|byte| b"{}[]();=<>_$#\\|".contains(byte)).count();
    emit(13, share(symbols) + 32 * magnitude(symbols.min(15)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use routing::Prompt;

    fn of(text: &str) -> Vec<(usize, u32)> {
        let prompt = Prompt::text(text);
        let mut all = Vec::new();
        if let Some(look) = Look::at(&prompt) {
            features(&look, &mut |group, number| all.push((group, number)));
        }
        all
    }

    fn words(text: &str) -> Vec<u32> {
        of(text).into_iter().filter(|(group, _)| *group == WORDS).map(|(_, number)| number).collect()
    }

    #[test]
    fn case_and_apostrophes_make_no_difference_to_words() {
        assert_eq!(words("Don't STOP"), words("dont stop"));
        assert_ne!(words("dont stop"), words("stop dont"));
    }

    #[test]
    fn scripts_without_spaces_are_read_by_characters() {
        assert!(words("今天天气怎么样").len() >= 7);
        let pieces = of("今天天气怎么样").into_iter().filter(|(group, _)| *group == PIECES).count();
        assert_eq!(pieces, 6 + 5 + 4, "pairs, triples and fours");
    }

    proptest! {
        #[test]
        fn any_text_has_bounded_features(text in ".{0,400}") {
            let all = of(&text);
            prop_assert!(all.len() <= 16 * text.len() + 64);
            prop_assert!(all.iter().all(|(group, number)| *group < GROUPS && *number < 1 << BITS));
        }
    }
}
