//! The same request as others would type it.

use std::collections::HashMap;
use std::sync::LazyLock;

use fastrand::Rng;
use routing::Role;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use crate::dataset::Example;

/// What people put around and into a request without asking for anything else.
#[derive(Debug, Default, Deserialize)]
struct Phrases {
    before: Vec<String>,
    behind: Vec<String>,
    inside: Vec<String>,
}

/// By language, ISO 639-1.
static PHRASES: LazyLock<HashMap<String, Phrases>> = LazyLock::new(|| {
    let phrases = include_str!("../../../../data/phrases.json");
    // A test holds that they can be read.
    serde_json::from_str(phrases).unwrap_or_default()
});

/// Languages that put no space between words.
const CLOSE: [&str; 3] = ["zh", "ja", "th"];

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
    let language = if example.lang.is_empty() { "en" } else { &example.lang };
    if let Some(phrases) = PHRASES.get(language) {
        text = phrased(text, phrases, if CLOSE.contains(&language) { "" } else { " " }, rng);
    }
    turn.text = text.into();
    changed
}

/// A way to change a text.
type Change = fn(&str, &mut Rng) -> String;

/// Each change with how rare it is.
const CHANGES: [(Change, u32); 6] = [
    (|text, _| text.to_lowercase(), 4),
    (|text, _| text.to_uppercase(), 10),
    (|text, _| text.nfd().filter(|c| !is_accent(*c)).collect(), 8),
    (|text, _| text.trim_end_matches(['.', '?', '!']).to_owned(), 4),
    (typos, 5),
    (cut, 20),
];

/// With a phrase before, one behind, and a few words between others, each now and then.
fn phrased(mut text: String, phrases: &Phrases, gap: &str, rng: &mut Rng) -> String {
    if rng.u32(..6) == 0 {
        for _ in 0..rng.usize(1..4) {
            let places: Vec<usize> = text.match_indices(' ').map(|(place, _)| place).collect();
            if let (Some(place), Some(word)) = (rng.choice(places), rng.choice(&phrases.inside)) {
                text.insert_str(place, &format!("{gap}{word}"));
            }
        }
    }
    if let Some(phrase) = rng.choice(&phrases.before).filter(|_| rng.u32(..4) == 0) {
        text = format!("{phrase}{gap}{text}");
    }
    if let Some(phrase) = rng.choice(&phrases.behind).filter(|_| rng.u32(..5) == 0) {
        text = format!("{text}{gap}{phrase}");
    }
    text
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_can_be_read_and_are_put_around_the_request() {
        let phrases = PHRASES.get("de").unwrap();
        let mut rng = Rng::with_seed(1);
        let all: Vec<String> = (0..50).map(|_| phrased("wie spät ist es".into(), phrases, " ", &mut rng)).collect();
        assert!(all.iter().any(|text| text.ends_with("wie spät ist es") && text.len() > 20));
        assert!(all.iter().any(|text| text.starts_with("wie spät ist es ")));
        assert!(all.iter().any(|text| text == "wie spät ist es"));
        assert!(PHRASES.values().all(|phrases| phrases.inside.len() > 2 && phrases.behind.len() > 2));
    }
}
