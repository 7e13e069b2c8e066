//! Conversations that keep their model.

use crate::{CategoryId, NanoUsd, Router, Table};

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

/// Input and output price of a category's first model.
fn strength(table: &Table, router: &Router, category: CategoryId) -> NanoUsd {
    let first = router.chain(category).first().copied();
    let price = first.and_then(|model| table.model(model)).and_then(|model| model.price);
    price.map_or(NanoUsd::ZERO, |price| price.input + price.output)
}
