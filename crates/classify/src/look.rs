//! What of a conversation is looked at: the newest message of the user from both ends, and what came before it where
//! that message is too short to speak for itself. System prompts and the envelopes of agents' harnesses are boilerplate
//! and are not looked at.

mod envelope;

use routing::{Prompt, Role};

/// Bytes looked at from the beginning of the newest message, and as many from its end.
const END: usize = 1_600;
/// Bytes looked at of each earlier turn.
const BEFORE: usize = 400;
/// A message longer than this stands for itself.
const FOLLOW_UP: usize = 240;

/// The pieces of a conversation that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Look<'a> {
    /// The beginning of the user's newest message; all of it where it is short.
    pub head: &'a str,
    /// Its end, where the whole is longer than is looked at.
    pub tail: &'a str,
    /// Its length in bytes.
    pub length: usize,
    /// The end of the assistant's turn before it, where the message may be a follow-up.
    pub answer: &'a str,
    /// The beginning of the user's turn before that.
    pub question: &'a str,
    /// Turns of the user, the newest included.
    pub user_turns: usize,
    /// Tools are offered.
    pub tools: bool,
    /// A tool has been called since the user's turn before the newest.
    pub tools_used: bool,
    /// Images come with it.
    pub images: bool,
}

impl<'a> Look<'a> {
    /// Looks at a prompt; `None`: the user says nothing in it.
    #[must_use]
    pub fn at(prompt: &'a Prompt<'_>) -> Option<Self> {
        let turns = &prompt.turns;
        let newest = turns.iter().rposition(|turn| turn.role == Role::User)?;
        let text = envelope::said(&turns.get(newest)?.text);
        let (head, tail) = ends(text);
        let earlier = turns.get(..newest).unwrap_or_default();
        let mut look = Self {
            head,
            tail,
            length: text.len(),
            user_turns: 1 + earlier.iter().filter(|turn| turn.role == Role::User).count(),
            tools: prompt.needs.tools,
            images: prompt.needs.images,
            ..Self::default()
        };
        if text.is_empty() && !look.images {
            return None;
        }
        if text.len() <= FOLLOW_UP {
            let before = |role| earlier.iter().rev().find(|turn| turn.role == role);
            look.answer = before(Role::Assistant).map_or("", |turn| last(turn.text.trim(), BEFORE));
            look.question = before(Role::User).map_or("", |turn| first(envelope::said(&turn.text), BEFORE));
            look.tools_used = earlier.iter().rev().take(4).any(|turn| turn.role == Role::Tool || turn.calls_tools);
        }
        Some(look)
    }
}

/// The same with texts of its own, for another thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedLook {
    texts: [String; 4],
    /// Everything but the texts.
    rest: Look<'static>,
}

impl Look<'_> {
    /// A copy; at most a few kilobytes.
    #[must_use]
    pub fn to_owned(&self) -> OwnedLook {
        let texts = [self.head, self.tail, self.answer, self.question].map(str::to_owned);
        let &Self { length, user_turns, tools, tools_used, images, .. } = self;
        OwnedLook { texts, rest: Look { length, user_turns, tools, tools_used, images, ..Look::default() } }
    }
}

impl OwnedLook {
    /// The look again.
    #[must_use]
    pub fn look(&self) -> Look<'_> {
        let [head, tail, answer, question] = self.texts.each_ref().map(String::as_str);
        Look { head, tail, answer, question, ..self.rest }
    }
}

/// Beginning and end of a text; the end is empty where the beginning is all of it.
fn ends(text: &str) -> (&str, &str) {
    if text.len() <= 2 * END {
        return (text, "");
    }
    (first(text, END), last(text, END))
}

/// At most so many bytes from the beginning, whole characters.
pub(crate) fn first(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

fn last(text: &str, bytes: usize) -> &str {
    text.get(text.ceil_char_boundary(text.len().saturating_sub(bytes))..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use routing::Turn;

    fn turn(role: Role, text: &str) -> Turn<'_> {
        Turn { role, text: text.into(), calls_tools: false }
    }

    #[test]
    fn a_long_message_is_looked_at_from_both_ends_in_whole_characters() {
        let text = format!("begin {} end", "é".repeat(50_000));
        let prompt = Prompt::text(&text);
        let look = Look::at(&prompt).unwrap();
        assert!(look.head.starts_with("begin") && look.tail.ends_with(" end"));
        assert!(look.head.len() <= END && look.tail.len() <= END);
        assert_eq!(look.length, text.len());
    }

    #[test]
    fn a_short_follow_up_is_seen_in_its_context_and_a_long_message_is_not() {
        let long = "x".repeat(FOLLOW_UP + 1);
        for (text, context) in [("now in rust", "a proof"), (long.as_str(), "")] {
            let turns = vec![
                turn(Role::System, "you are a bot"),
                turn(Role::User, "prove it"),
                turn(Role::Assistant, "a proof"),
                turn(Role::User, text),
            ];
            let prompt = Prompt { turns, ..Prompt::default() };
            let look = Look::at(&prompt).unwrap();
            assert_eq!((look.answer, look.user_turns), (context, 2));
            assert_eq!(look.to_owned().look(), look);
        }
    }

    #[test]
    fn a_harness_around_the_message_is_not_looked_at() {
        let text = format!("thanks!\n<environment_details>{}</environment_details>", "src/main.rs\n".repeat(500));
        let turns = vec![turn(Role::User, &text)];
        let prompt = Prompt { turns, ..Prompt::default() };
        let look = Look::at(&prompt).unwrap();
        assert_eq!((look.head, look.length), ("thanks!", 7));
    }

    #[test]
    fn nothing_to_judge() {
        assert_eq!(Look::at(&Prompt::default()), None);
        assert_eq!(Look::at(&Prompt::text("  \n")), None);
        let prompt = Prompt { turns: vec![turn(Role::System, "hi")], ..Prompt::default() };
        assert_eq!(Look::at(&prompt), None);
    }
}
