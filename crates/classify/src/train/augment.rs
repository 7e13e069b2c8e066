//! The same request as others would type it.

use fastrand::Rng;
use routing::Role;
use unicode_normalization::UnicodeNormalization;

use crate::dataset::Example;

/// What people put before a request.
const BEFORE: [&str; 16] = [
    "hi, ",
    "hey ",
    "Hello! ",
    "please ",
    "quick question: ",
    "hey quick q - ",
    "ok so ",
    "hi there, ",
    "um ",
    "Hallo, ",
    "hola, ",
    "bonjour, ",
    "sorry to bother you but ",
    "one more thing: ",
    "good morning. ",
    "pls ",
];
/// What people put behind it.
const BEHIND: [&str; 10] =
    [" thanks!", " please", " thx", "??", " asap", " thank you in advance", " pls", " merci", " danke", "!"];

/// The example with its last user message changed in up to a few ways; half of them are left as they are.
pub(super) fn augmented(example: &Example, rng: &mut Rng) -> Example {
    let mut changed = example.clone();
    if rng.bool() {
        return changed;
    }
    let Some(turn) = changed.turns.iter_mut().rev().find(|turn| turn.role == Role::User) else {
        return changed;
    };
    let mut text = turn.text.to_string();
    for (change, one_in) in CHANGES {
        if rng.u32(..one_in) == 0 {
            text = change(&text, rng);
        }
    }
    turn.text = text.into();
    changed
}

/// A way to change a text.
type Change = fn(&str, &mut Rng) -> String;

/// Each change with how rare it is.
const CHANGES: [(Change, u32); 8] = [
    (|text, _| text.to_lowercase(), 4),
    (|text, _| text.to_uppercase(), 40),
    (|text, _| text.nfd().filter(|c| !is_accent(*c)).collect(), 8),
    (|text, _| text.trim_end_matches(['.', '?', '!']).to_owned(), 4),
    (typos, 5),
    (|text, rng| format!("{}{text}", rng.choice(BEFORE).unwrap_or_default()), 10),
    (|text, rng| format!("{text}{}", rng.choice(BEHIND).unwrap_or_default()), 10),
    (cut, 20),
];

fn is_accent(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036f)
}

/// Letters swapped, left out or doubled: about one in forty, at least one.
fn typos(text: &str, rng: &mut Rng) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=(letters.len().min(400) / 40) {
        let Some(place) = letters.len().checked_sub(2).filter(|most| *most > 0).map(|most| rng.usize(..most)) else {
            break;
        };
        match rng.u32(..3) {
            0 => letters.swap(place, place + 1),
            1 => {
                letters.remove(place);
            }
            _ => {
                let letter = letters.get(place).copied().unwrap_or(' ');
                letters.insert(place, letter);
            }
        }
    }
    letters.into_iter().collect()
}

/// Cut off at the end, as pasted or interrupted: at least three quarters are left, and no short text is cut.
fn cut(text: &str, rng: &mut Rng) -> String {
    let length = text.chars().count();
    if length < 80 {
        return text.to_owned();
    }
    text.chars().take(length - rng.usize(..length / 4)).collect()
}
