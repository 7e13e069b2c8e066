//! Conversations that keep their model.

use crate::{CategoryId, NanoUsd, Role, Router, Table, Turn};

/// When a conversation keeps the category it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sticky {
    /// Never: every request is judged by itself.
    Off,
    /// Always, whatever the classifier says.
    Always,
    /// Unless the new category's model is a stronger one.
    Upgrade,
}

/// The category a conversation keeps instead of `proposed`, if it does.
///
/// The dearer of two models counts as the stronger: prices are the one measure of strength that every configuration has.
#[must_use]
pub fn keep(table: &Table, router: &Router, previous: CategoryId, proposed: CategoryId) -> Option<CategoryId> {
    let keeps = match router.session.sticky {
        Sticky::Off => false,
        Sticky::Always => true,
        Sticky::Upgrade => strength(table, router, proposed) <= strength(table, router, previous),
    };
    (keeps && previous != proposed && router.category(previous).is_some()).then_some(previous)
}

/// Whether a conversation stands in the middle of a tool loop: a tool has just answered, or a call of the assistant is
/// unanswered. Its next turn belongs to the model that made the calls; another would have to make sense of them.
#[must_use]
pub fn in_tool_loop(turns: &[Turn<'_>]) -> bool {
    match turns.iter().rev().find(|turn| turn.role != Role::System) {
        Some(Turn { role: Role::Tool, .. }) => true,
        Some(Turn { role: Role::Assistant, calls_tools, .. }) => *calls_tools,
        Some(Turn { role: Role::User | Role::System, .. }) | None => false,
    }
}

/// The turns up to the user's newest: what stays the same while a tool loop goes on.
#[must_use]
pub fn before_loop<'a, 'b>(turns: &'a [Turn<'b>]) -> &'a [Turn<'b>] {
    let newest = turns.iter().rposition(|turn| turn.role == Role::User).map_or(0, |newest| newest + 1);
    turns.get(..newest).unwrap_or_default()
}

/// Input and output price of a category's first model.
fn strength(table: &Table, router: &Router, category: CategoryId) -> NanoUsd {
    let first = router.chain(category).first().copied();
    let price = first.and_then(|model| table.model(model)).and_then(|model| model.price);
    price.map_or(NanoUsd::ZERO, |price| price.input + price.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(role: Role, calls_tools: bool) -> Turn<'static> {
        Turn { role, text: "x".into(), calls_tools }
    }

    #[test]
    fn a_tool_loop_begins_with_a_call_and_ends_with_the_users_next_word() {
        let (user, call) = (turn(Role::User, false), turn(Role::Assistant, true));
        let (tool, said) = (turn(Role::Tool, false), turn(Role::Assistant, false));
        let mut turns = vec![turn(Role::System, false)];
        let mut steps = Vec::new();
        for next in [&user, &call, &tool, &tool, &call, &tool, &said, &user] {
            turns.push(next.clone());
            steps.push(in_tool_loop(&turns));
        }
        assert_eq!(steps, [false, true, true, true, true, true, false, false]);
        assert_eq!(before_loop(&turns[..6]).len(), 2);
        assert_eq!(before_loop(&turns).len(), turns.len());
        assert!(!in_tool_loop(&[]) && before_loop(&[]).is_empty());
    }
}
