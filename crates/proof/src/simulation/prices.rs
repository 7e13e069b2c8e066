//! What other prices would do to savings.

use serde::Serialize;

use super::run::{Outcome, Simulation};
use crate::comparison::saved;

/// The factors that each model's price is tried with.
const FACTORS: [f64; 2] = [0.5, 2.0];

/// The same requests with the price of one model changed, wherever it answers or judges.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The model.
    pub model: String,
    /// Its price is so many times what it is.
    pub factor: f64,
    /// What routing then costs.
    pub cost_usd: f64,
    /// What the baseline then costs.
    pub baseline_cost_usd: f64,
    /// The share of the baseline's cost that routing then saves.
    pub savings_cost: f64,
}

impl Simulation<'_> {
    /// Half and double the price of the baseline and of every model that a cost came from, the largest share first. From
    /// sums: a request's own rounding to the nano-dollar is not done again.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "what would be, for people")]
    pub fn price_changes(&self) -> Vec<Change> {
        let Outcome { comparison, costs, .. } = &self.outcome;
        let (routed, baseline) = (comparison.overall.routed.cost.0 as f64, comparison.overall.baseline.cost.0 as f64);
        let mut parts: Vec<_> = costs.iter().map(|(model, cost)| (*model, *cost as f64)).collect();
        if !costs.contains_key(&self.scenario.baseline) {
            parts.push((self.scenario.baseline, 0.0));
        }
        let of_baseline = |model| if model == self.scenario.baseline { baseline } else { 0.0 };
        parts.retain(|(model, cost)| *cost + of_baseline(*model) > 0.0);
        parts.sort_by(|a, b| b.1.total_cmp(&a.1));
        let change = |(model, part): (_, f64), factor: f64| {
            let routed = routed + (factor - 1.0) * part;
            let baseline = baseline + (factor - 1.0) * of_baseline(model);
            Change {
                model: self.scenario.table.alias(model).to_owned(),
                factor,
                cost_usd: routed / 1e9,
                baseline_cost_usd: baseline / 1e9,
                savings_cost: saved(routed, baseline),
            }
        };
        parts.into_iter().flat_map(|part| FACTORS.map(|factor| change(part, factor))).collect()
    }
}
