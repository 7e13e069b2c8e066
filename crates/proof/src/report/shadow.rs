//! What another classifier would have said, and what that would have come to.

use std::collections::BTreeMap;

use routing::tally::{Histogram, Pairs};
use routing::{Kind, NanoUsd, cost};
use serde::Serialize;

use super::figures::{Overall, Side, Spread, shown};
use super::marks::{Label, Shadowed};
use super::savings::Savings;
use super::setup::{RouterSetup, Setup};
use crate::bootstrap::{self, Estimate};
use crate::share::{Share, count};
use crate::speed::Speed;

/// The comparison with another classifier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shadow {
    /// What was asked, by its word.
    pub classifier: String,
    /// Requests it was asked about (the newest, where there are very many).
    pub requests: u64,
    /// The share of them where it said what was decided.
    pub agreement: Option<Share>,
    /// What it said, by category; `-`: nothing, so that the default is taken.
    pub per_category: BTreeMap<String, u64>,
    /// Where they differ, the most frequent first.
    pub differing: Vec<Differing>,
    /// How often it is right, over the requests that people labelled.
    pub accuracy: Option<Share>,
    /// Of how many labels.
    pub labels: u64,
    /// What asking it cost, USD.
    pub cost_usd: f64,
    /// The same in nano-dollars.
    pub cost_nano_usd: u64,
    /// How long it took, milliseconds.
    pub took_ms: Spread,
    /// Whether `would` includes asking it: where the router itself asks nothing, that would come on top.
    pub includes_asking: bool,
    /// The same requests with its categories, each answered by the first model of that category's chain; beside what they
    /// were (`baseline`). Costs are at the same tokens, times by the models' own speed; only of requests where both are
    /// known.
    pub would: Overall,
    /// What that would have saved.
    pub savings: Savings,
}

/// Requests that were decided one way and would have been decided another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// The category that was decided.
    pub decided: String,
    /// The category that the other classifier said.
    pub said: String,
    /// Requests.
    pub requests: u64,
}

/// What is needed besides the rows.
pub(super) struct Around<'a> {
    pub(super) setup: &'a Setup,
    pub(super) router: &'a RouterSetup,
    pub(super) speeds: &'a BTreeMap<String, Speed>,
    pub(super) labels: &'a [Label],
    pub(super) seed: u64,
}

/// Adds up what another classifier said of requests of one router; `None`: it was not asked.
pub(super) fn shadow(rows: &[&Shadowed], around: &Around<'_>) -> Option<Shadow> {
    let classifier = rows.first()?.classifier.clone();
    let labels: BTreeMap<u128, &str> = around.labels.iter().map(|label| (label.id, label.label.as_str())).collect();
    let (mut agreed, mut right, mut labelled) = (0, 0, 0);
    let mut per_category = BTreeMap::new();
    let mut differing: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut took = Histogram::default();
    for row in rows {
        let said = row.said.as_deref().unwrap_or(&around.router.default);
        let decided = row.category.as_deref().unwrap_or_default();
        *per_category.entry(shown(row.said.as_deref().unwrap_or_default())).or_default() += 1;
        if said == decided {
            agreed += 1;
        } else {
            *differing.entry((shown(decided), said.to_owned())).or_default() += 1;
        }
        if let Some(label) = labels.get(&row.id) {
            labelled += 1;
            right += u64::from(*label == said);
        }
        took.add(row.took_us);
    }
    let includes_asking = around.router.kind == Kind::None;
    let (costs, times) = would(rows, around, includes_asking);
    let asking: NanoUsd = rows.iter().map(|row| row.shadow_cost).sum();
    let requests = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    Some(Shadow {
        classifier,
        requests,
        agreement: Share::of(agreed, requests),
        per_category,
        differing: sorted(differing),
        accuracy: Share::of(right, labelled),
        labels: labelled,
        cost_usd: asking.as_usd(),
        cost_nano_usd: asking.0,
        took_ms: Spread::of(&took),
        includes_asking,
        would: sides(&costs, &times),
        savings: savings(&costs, &times, around.seed),
    })
}

fn sorted(differing: BTreeMap<(String, String), u64>) -> Vec<Differing> {
    let mut all: Vec<Differing> =
        differing.into_iter().map(|((decided, said), requests)| Differing { decided, said, requests }).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.requests));
    all
}

/// Pairs of (what it would have been, what it was): nano-dollars, and microseconds.
fn would(rows: &[&Shadowed], around: &Around<'_>, asking: bool) -> (Pairs, Pairs) {
    let (mut costs, mut times) = (Pairs::default(), Pairs::default());
    for row in rows {
        let said = row.said.as_ref().unwrap_or(&around.router.default);
        let Some(model) = around.router.first.get(said) else { continue };
        let same = row.model.as_ref() == Some(model);
        let priced =
            row.cost > NanoUsd::ZERO || row.model.as_ref().is_some_and(|own| around.setup.price(own).is_some());
        let price = around.setup.price(model).filter(|_| priced);
        let new = if same && priced { Some(row.cost) } else { price.map(|price| cost(price, &row.usage)) };
        if let Some(new) = new {
            costs.add((new + if asking { row.shadow_cost } else { NanoUsd::ZERO }).0, row.cost.0);
        }
        // What stays with its model takes the time it took.
        let new = if same { Some(row.total_us) } else { around.speeds.get(model).map(|speed| whole(speed, row)) };
        if let Some(new) = new.filter(|_| row.answered) {
            times.add(new.saturating_add(if asking { row.took_us } else { 0 }), row.total_us);
        }
    }
    (costs, times)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time at least 0; the cast saturates")]
fn whole(speed: &Speed, row: &Shadowed) -> u64 {
    speed.of_tokens(count(row.usage.output)).round() as u64
}

fn sides(costs: &Pairs, times: &Pairs) -> Overall {
    let mean = |sum| (times.n > 0).then(|| crate::speed::mean_of(sum, times.n));
    Overall { routed: Side::of(costs.n, costs.x, mean(times.x)), baseline: Side::of(costs.n, costs.y, mean(times.y)) }
}

fn savings(costs: &Pairs, times: &Pairs, seed: u64) -> Savings {
    let parts = |estimate: Option<Estimate>| (estimate.map(|one| one.value), estimate.and_then(|one| one.ci95));
    let (cost, cost_ci95) = parts(bootstrap::saved(costs, seed));
    let (latency, latency_ci95) = parts(bootstrap::saved(times, seed));
    Savings {
        cost,
        cost_ci95,
        cost_requests: costs.n,
        latency,
        latency_ci95,
        latency_requests: times.n,
        latency_baseline: None,
    }
}
