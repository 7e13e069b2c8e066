//! The pure halves of asking a model for the category: what it is told, and what its answer means.

use std::fmt::Write;

use routing::{CategoryId, Prompt, Router};

use crate::look::{Look, first};

/// The most of the user's message that the judge reads, bytes.
const MOST_TEXT: usize = 6_000;

/// What the judge is told, as `system` and `user` text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The categories and what to answer with.
    pub system: String,
    /// The message to be judged.
    pub user: String,
}

/// The question for a prompt; `None`: nothing to judge.
#[must_use]
pub fn question(router: &Router, prompt: &Prompt<'_>) -> Option<Question> {
    Some(question_at(router, &Look::at(prompt)?))
}

/// The question for what is looked at of a prompt.
#[must_use]
pub fn question_at(router: &Router, look: &Look<'_>) -> Question {
    let mut system =
        String::from("You sort messages by the kind of specialist that should answer them. The categories:\n");
    for category in &router.categories {
        let about = if category.about.is_empty() { &category.name } else { &category.about };
        let _infallible = writeln!(system, "- {}: {about}", category.name);
    }
    system.push_str("Do not answer the message. Reply with exactly one word, the name of the category.");
    let mut user = String::new();
    for (who, context) in [("Earlier question", look.question), ("Earlier answer", look.answer)] {
        if !context.is_empty() {
            let _infallible = writeln!(user, "{who}: {context}");
        }
    }
    user.push_str("Message: ");
    user.push_str(first(look.head, MOST_TEXT));
    if !look.tail.is_empty() {
        user.push_str(" […] ");
        user.push_str(look.tail);
    }
    Question { system, user }
}

/// The category that an answer names: trimmed and lower-cased, quotes and a full stop forgiven. `None`: anything else.
#[must_use]
pub fn read_answer(router: &Router, answer: &str) -> Option<CategoryId> {
    let word = answer.trim().trim_matches(['"', '\'', '`', '*', '.', '\n', ' ']).to_lowercase();
    let named = |name: &str| name.to_lowercase() == word;
    router.categories.iter().position(|category| named(&category.name)).map(CategoryId::at)
}
