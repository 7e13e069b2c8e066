//! Which key means what, and where keys come from.

use std::io::{Bytes, Read, StdinLock};

use anyhow::{Context, bail};

use super::terminal::Terminal;

/// Keys that are no label.
const RESERVED: [char; 3] = ['s', 'u', 'q'];

/// What whoever labels answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// The row belongs to this category.
    Label(&'a str),
    /// Not now.
    Skip,
    /// Back to the row before.
    Undo,
    /// Enough.
    Quit,
    /// The key means nothing.
    Unknown,
}

/// The keys of each category: its number from 1 to 9, and its first letter where no other has it.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    categories: Vec<(&'a str, Vec<char>)>,
}

/// Where keys come from.
#[derive(Debug)]
pub(super) enum Input {
    /// A terminal, key by key.
    Terminal(Terminal),
    /// Characters of the standard input, for scripts; white space between them means nothing.
    Characters(Bytes<StdinLock<'static>>),
}

impl<'a> Keys<'a> {
    /// Keys for these categories.
    ///
    /// # Errors
    /// When there are more categories than keys.
    pub(super) fn of(names: impl Iterator<Item = &'a str>) -> anyhow::Result<Self> {
        let names: Vec<&str> = names.collect();
        let first = |name: &str| name.chars().next().map(lower);
        let usable = |key: char| key.is_alphabetic() && !RESERVED.contains(&key);
        let unique = |key: char| names.iter().filter(|name| first(name) == Some(key)).count() == 1;
        let mut categories: Vec<(&str, Vec<char>)> = Vec::new();
        for (position, name) in names.iter().enumerate() {
            let number = u32::try_from(position + 1).ok().and_then(|number| char::from_digit(number, 10));
            let letter = first(name).filter(|key| usable(*key) && unique(*key));
            categories.push((name, number.into_iter().chain(letter).collect()));
        }
        // Beyond nine a category that shares its first letter takes the first of its letters that is free.
        for position in 0..categories.len() {
            let taken = |key: char| categories.iter().any(|(_, keys)| keys.contains(&key));
            let Some((name, _)) = categories.get(position).filter(|(_, keys)| keys.is_empty()) else { continue };
            let Some(letter) = name.chars().map(lower).find(|key| usable(*key) && !taken(*key)) else {
                bail!("there are more categories than keys: no letter is left for `{name}`");
            };
            if let Some((_, keys)) = categories.get_mut(position) {
                keys.push(letter);
            }
        }
        Ok(Self { categories })
    }

    /// What a key means.
    pub(super) fn answer(&self, key: char) -> Answer<'a> {
        match lower(key) {
            's' => Answer::Skip,
            'u' => Answer::Undo,
            'q' => Answer::Quit,
            key => {
                let found = self.categories.iter().find(|(_, keys)| keys.contains(&key));
                found.map_or(Answer::Unknown, |(name, _)| Answer::Label(name))
            }
        }
    }

    /// The keys of a category, `2/g`.
    pub(super) fn of_category(&self, name: &str) -> String {
        let keys = self.categories.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, keys)| keys);
        keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("/")
    }

    /// All keys in one line.
    pub(super) fn line(&self) -> String {
        let labels = self.categories.iter().map(|(name, _)| format!("{} {name}", self.of_category(name)));
        let others = ["s skip", "u undo", "q quit"].map(ToOwned::to_owned);
        labels.chain(others).collect::<Vec<_>>().join("   ")
    }
}

impl Input {
    /// The terminal where there is one; otherwise the characters of the standard input.
    ///
    /// # Errors
    /// When the terminal cannot be prepared.
    pub(super) fn open() -> anyhow::Result<Self> {
        let terminal = Terminal::open().context("the terminal cannot be prepared")?;
        Ok(terminal.map_or_else(|| Self::Characters(std::io::stdin().lock().bytes()), Self::Terminal))
    }

    /// The next key; `None` where there will be no more.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<char>> {
        match self {
            Self::Terminal(terminal) => terminal.next().context("the terminal cannot be read"),
            Self::Characters(bytes) => loop {
                match next_character(bytes)? {
                    Some(character) if character.is_whitespace() => {}
                    next => return Ok(next),
                }
            },
        }
    }
}

/// The next character of UTF-8; what is none becomes U+FFFD.
fn next_character(bytes: &mut impl Iterator<Item = std::io::Result<u8>>) -> anyhow::Result<Option<char>> {
    let mut read = Vec::new();
    for byte in bytes {
        read.push(byte.context("the input cannot be read")?);
        match std::str::from_utf8(&read) {
            Ok(text) => return Ok(text.chars().next()),
            // Without a length it is not wrong, only not yet whole.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => return Ok(Some(char::REPLACEMENT_CHARACTER)),
        }
    }
    Ok(None)
}

fn lower(key: char) -> char {
    key.to_lowercase().next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: &str) {
        let line = Keys::of(names.iter().copied()).map_or_else(|error| error.to_string(), |keys| keys.line());
        assert_eq!(line.trim_end_matches("   s skip   u undo   q quit"), expected);
    }

    #[test]
    fn categories_have_their_number_and_their_first_letter_where_it_is_theirs_alone() {
        check(
            &["simple", "general", "reasoning", "code", "agent"],
            "1 simple   2/g general   3/r reasoning   4/c code   5/a agent",
        );
        check(&["billing", "bugs", "Other", "émotion"], "1 billing   2 bugs   3/o Other   4/é émotion");
        let many = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "jam", "jar", "sums"];
        check(&many, "1/a a   2/b b   3/c c   4/d d   5/e e   6/f f   7/g g   8/h h   9/i i   j jam   r jar   m sums");
        let most = [&many[..9], &["s", "u"]].concat();
        check(&most, "there are more categories than keys: no letter is left for `s`");
    }

    #[test]
    fn keys_are_read_in_either_case_and_unknown_ones_mean_nothing() {
        let keys = Keys::of(["simple", "code"].into_iter()).unwrap();
        let answers = ['1', 'C', 's', 'U', 'q', '3', '0', 'x'].map(|key| keys.answer(key));
        let (simple, code) = (Answer::Label("simple"), Answer::Label("code"));
        let unknown = Answer::Unknown;
        assert_eq!(answers, [simple, code, Answer::Skip, Answer::Undo, Answer::Quit, unknown, unknown, unknown]);
    }

    #[test]
    fn characters_are_read_one_by_one_whatever_they_are() {
        let mut bytes = b"1\xc3\xa9\xff\xc3".iter().map(|byte| Ok(*byte));
        let mut next = || next_character(&mut bytes).unwrap();
        assert_eq!([next(), next(), next(), next()], [Some('1'), Some('é'), Some('\u{fffd}'), None]);
    }
}
