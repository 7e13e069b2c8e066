//! How much models write: what another one would have written is estimated from it.

use std::collections::HashMap;

use routing::{Table, Tally};
use serde::Serialize;

/// The least answers of a model in a category that its mean is taken from.
const ENOUGH: u64 = 20;

/// The answers that a ledger has, by model and category.
#[derive(Clone, Debug, Default)]
pub struct History {
    slots: Vec<Slot>,
    places: HashMap<String, HashMap<String, usize>>,
}

#[derive(Clone, Debug)]
struct Slot {
    model: String,
    category: String,
    /// Mean output tokens, where there are enough answers.
    mean: Option<f64>,
}

impl History {
    /// Notes the requests that a model answered in a category. Each pair once.
    pub fn note(&mut self, model: &str, category: &str, tally: &Tally) {
        let moments = tally.speed.moments();
        let mean = (tally.speed.n >= ENOUGH && moments.mean_x > 0.0).then_some(moments.mean_x);
        let of_model = self.places.entry(model.to_owned()).or_default();
        of_model.insert(category.to_owned(), self.slots.len());
        self.slots.push(Slot { model: model.to_owned(), category: category.to_owned(), mean });
    }

    /// The place of a model's answers in a category.
    #[must_use]
    pub fn place(&self, model: &str, category: &str) -> Option<usize> {
        self.places.get(model)?.get(category).copied()
    }

    /// The model of a place; empty for one that is not there.
    #[must_use]
    pub fn model(&self, place: usize) -> &str {
        self.slots.get(place).map_or("", |slot| &slot.model)
    }

    /// For every place and every model of a table: how the model's answers compare with those of the place.
    pub(super) fn ratios(&self, table: &Table) -> Ratios {
        let ratio = |slot: &Slot, alias: &str| {
            if slot.model == alias {
                return Ratio::Own;
            }
            let other = self.place(alias, &slot.category).and_then(|place| self.slots.get(place)?.mean);
            slot.mean.zip(other).map_or(Ratio::Unknown, |(own, other)| Ratio::Of(other / own))
        };
        let of_slot = |slot: &Slot| table.models.iter().map(|model| ratio(slot, &model.alias)).collect::<Vec<_>>();
        Ratios(self.slots.iter().map(of_slot).collect())
    }
}

/// By place and model.
#[derive(Clone, Debug, Default)]
pub(super) struct Ratios(Vec<Vec<Ratio>>);

/// How a model's answers compare with those that were written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ratio {
    /// It wrote them.
    Own,
    /// They are so much longer.
    Of(f64),
    /// There is no measure for it.
    Unknown,
}

impl Ratios {
    pub(super) fn get(&self, place: usize, model: usize) -> Ratio {
        self.0.get(place).and_then(|models| models.get(model)).copied().unwrap_or(Ratio::Unknown)
    }
}

/// How many requests' output tokens are known, and how the others' are estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Estimated {
    /// Written by the same model at the time.
    pub own: u64,
    /// Those written by another model at the time, times how much more or less this one writes in the category.
    pub scaled: u64,
    /// Those written by another model at the time, as they were: one of both has fewer than twenty answers.
    pub as_written: u64,
    /// As the workload says.
    pub given: u64,
}

impl Estimated {
    /// Output tokens of a request on a model, which wrote so many at the time where that is a place of the history.
    pub(super) fn tokens(&mut self, ratios: &Ratios, wrote: Option<usize>, tokens: u64, model: usize) -> u64 {
        let ratio = wrote.map(|place| ratios.get(place, model));
        let (counter, tokens) = match ratio {
            None => (&mut self.given, tokens),
            Some(Ratio::Own) => (&mut self.own, tokens),
            Some(Ratio::Unknown) => (&mut self.as_written, tokens),
            Some(Ratio::Of(ratio)) => (&mut self.scaled, times(tokens, ratio)),
        };
        *counter += 1;
        tokens
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tokens of an answer; the cast saturates"
)]
fn times(tokens: u64, ratio: f64) -> u64 {
    (tokens as f64 * ratio).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::scenario::tests::table;

    fn answers(count: u64, tokens: u64) -> Tally {
        let mut tally = Tally::default();
        (0..count).for_each(|_| tally.speed.add(tokens, 1));
        tally
    }

    #[test]
    fn what_another_model_would_write_is_scaled_where_both_have_twenty_answers() {
        let mut history = History::default();
        history.note("small", "simple", &answers(20, 100));
        history.note("large", "simple", &answers(20, 300));
        history.note("small", "code", &answers(20, 100));
        history.note("large", "code", &answers(19, 300));
        let table = table();
        let ratios = history.ratios(&table);
        let mut estimated = Estimated::default();
        let mut on = |model: &str, category, tokens| {
            let model = table.find_model(model).unwrap().index();
            estimated.tokens(&ratios, history.place("small", category), tokens, model)
        };
        assert_eq!((on("large", "simple", 50), on("small", "simple", 50)), (150, 50));
        assert_eq!((on("large", "code", 50), on("large", "gone", 50)), (50, 50));
        assert_eq!(estimated, Estimated { own: 1, scaled: 1, as_written: 1, given: 1 });
    }
}
