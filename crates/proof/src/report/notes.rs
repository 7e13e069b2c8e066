//! What has to be known to read the figures of a router.

use routing::Tally;

use super::setup::{RouterSetup, Setup};
use super::traffic::Part;
use super::words::{counted, percent};
use crate::share::count;
use crate::speed::{Source, wide};

/// The largest share of recorded and reckoned baseline cost that may differ by rounding.
const ROUNDING: f64 = 1e-3;

/// Whole sentences, each with what to do. `setup` is what the configuration says of the router.
pub(super) fn notes(
    name: &str,
    part: &Part,
    total: &Tally,
    (all, setup): (&Setup, Option<&RouterSetup>),
    time: Option<Source>,
) -> Vec<String> {
    let mut notes = Vec::new();
    unpriced(part, &mut notes);
    if total.estimated > 0 {
        let share = percent(count(total.estimated) / count(total.requests.max(1)));
        notes.push(format!(
            "The tokens of {share} of the requests are estimated, because no usage was reported of them."
        ));
    }
    if name.is_empty() {
        return notes;
    }
    let recorded = total.costs.n > 0;
    let Some(setup) = setup else {
        notes.push(format!(
            "The configuration has no router `{name}` any more, so nothing is known of its baseline's speed; what is \
             saved in money is as it was recorded."
        ));
        return notes;
    };
    let Some(baseline) = &setup.baseline else {
        let help = format!("write baseline = \"…\" under [routers.{name}]");
        notes.push(if recorded {
            format!(
                "The costs on a baseline were recorded under an earlier configuration; today's names none, so no time \
                 can be compared: {help}."
            )
        } else {
            format!("The router names no model to compare with: {help}.")
        });
        return notes;
    };
    match all.price(baseline) {
        None => notes.push(format!(
            "The baseline `{baseline}` has no price: write price = {{ input = …, output = … }} under [models.{baseline}]. \
             Costs are compared from then on."
        )),
        Some(_) if !recorded && total.answered > 0 && total.unpriced == 0 => notes.push(format!(
            "No request of this period was recorded with what it costs on `{baseline}`: the router had no priced \
             baseline then. Costs are compared from now on."
        )),
        Some(_) if changed(total, all, baseline) => notes.push(format!(
            "The recorded costs on the baseline are not those of `{baseline}` at today's price: the baseline or its price \
             has changed within the period. Savings in money are as recorded; --since leaves out what came before."
        )),
        Some(_) => {}
    }
    if time.is_none() {
        notes.push(format!(
            "Nothing is known of how fast `{baseline}` is: it needs 30 answered requests of its own, or profile = {{ \
             first_token = \"…\", tokens_per_second = … }} under [models.{baseline}]."
        ));
    }
    notes
}

fn unpriced(part: &Part, notes: &mut Vec<String>) {
    let mut models: Vec<&str> = Vec::new();
    let mut requests = 0;
    for ((_, model), tally) in &part.by {
        // A request that no model answered costs nothing that anybody could know.
        if tally.unpriced > 0 && !model.is_empty() {
            requests += tally.unpriced;
            if !models.contains(&model.as_str()) {
                models.push(model);
            }
        }
    }
    if requests > 0 {
        let names: Vec<String> = models.iter().map(|model| format!("`{model}`")).collect();
        let names = names.join(", ");
        notes.push(format!(
            "{} got an answer without a price being known ({names}): that counts as no cost, and is left out of what is \
             saved. Write price = {{ input = …, output = … }} under [models.…].",
            counted(requests)
        ));
    }
}

/// Whether what was recorded of the baseline's costs is not what its price of today gives.
fn changed(total: &Tally, all: &Setup, baseline: &str) -> bool {
    let Some(price) = all.price(baseline) else { return false };
    if total.costs.n != total.requests {
        return false;
    }
    let cached = total.cached.min(total.input);
    let parts = [(total.input - cached, price.input), (cached, price.cached_input), (total.output, price.output)];
    let exact: f64 = parts.iter().map(|(tokens, price)| count(*tokens) * count(price.0) / 1e6).sum();
    // Each request's cost was rounded up to the next nano-dollar.
    (wide(total.costs.y) - exact).abs() > count(total.costs.n) + ROUNDING * exact
}
