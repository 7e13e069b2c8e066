use super::*;
use crate::simulation::scenario::tests::{scenario, table};
use crate::simulation::{Poisson, Scenario};
use proptest::prelude::*;
use routing::{NanoUsd, Table};

fn to(category: u16) -> Route {
    Route { then: Then::Category(CategoryId(category)), classified: true, judge: None }
}

fn item(output: u64) -> Item<'static> {
    Item { usage: Usage { input: 10, output, ..Usage::default() }, ..Item::default() }
}

/// Puts items through a scenario.
fn through(scenario: Scenario<'_>, items: &[(Item<'_>, Route)]) -> Outcome {
    let mut simulation = Simulation::new(scenario, &History::default());
    for (item, route) in items {
        simulation.add(item, route).unwrap();
    }
    simulation.outcome()
}

#[test]
fn requests_take_what_their_model_takes_beside_the_baseline() {
    let table = table();
    let outcome = through(scenario(&table), &[(item(100), to(0)), (item(300), to(0)), (item(100), to(2))]);
    let simple = &outcome.comparison.per_category["simple"];
    assert_eq!((simple.routed.requests, simple.routed.mean_latency_ms()), (2, 2_100.0));
    assert_eq!((simple.routed.cost, simple.baseline.cost), (NanoUsd(400_000), NanoUsd(800_000)));
    assert_eq!(outcome.comparison.overall.baseline.latency.sum(), 3 * 100_000 + 500 * 20_000);
    assert_eq!(outcome.costs, BTreeMap::from([(ModelId(0), 400_000), (ModelId(2), 400_000)]));
}

#[test]
fn a_judge_takes_time_and_money_of_the_route_and_none_where_there_is_one_model() {
    let table = table();
    let judged = Route { judge: Some(Usage { input: 5, output: 2, ..Usage::default() }), ..to(2) };
    let outcome = through(scenario(&table), &[(item(100), judged.clone())]);
    assert_eq!(outcome.comparison.overall.routed.latency.sum(), 2_100_000 + 120_000);
    assert_eq!(outcome.comparison.overall.routed.cost, NanoUsd(402_000));
    let only = Scenario { only: Some(ModelId(1)), ..scenario(&table) };
    let outcome = through(only, &[(item(100), judged)]);
    assert_eq!(outcome.comparison.overall.routed, outcome.comparison.overall.baseline);
    assert_eq!(outcome.comparison.per_category.keys().collect::<Vec<_>>(), ["code"]);
}

#[test]
fn what_no_model_can_serve_is_counted_apart() {
    let table = table();
    let needs = Needs { images: true, ..Needs::default() };
    let outcome = through(scenario(&table), &[(Item { needs, ..item(1) }, to(0)), (item(1), to(0))]);
    let (why, count) = outcome.refused.first_key_value().unwrap();
    assert!(why.contains("it needs vision") && *count == 1, "{:?}", outcome.refused);
    assert_eq!(outcome.comparison.overall.routed.requests, 1);
}

fn busy(concurrent: u32) -> Table {
    let mut table = table();
    for model in &mut table.models {
        model.profile.as_mut().unwrap().concurrent = Some(concurrent);
    }
    table
}

#[test]
fn requests_wait_for_a_busy_model_and_the_time_is_in_the_latency() {
    let table = busy(1);
    let queued = Scenario { queues: true, ..scenario(&table) };
    let at = |arrival_us, category| (Item { arrival_us, ..item(100) }, to(category));
    let outcome = through(queued, &[at(0, 0), at(100_000, 0), at(100_000, 2)]);
    let routed = &outcome.comparison.overall.routed;
    assert_eq!((routed.waited.sum(), routed.latency.sum()), (1_000_000, 1_100_000 * 2 + 2_100_000 + 1_000_000));
    let small = &outcome.queued[0];
    assert_eq!((small.model.as_str(), small.requests, small.waited), ("small", 2, 0.5));
    // All three on the baseline, each 2.1 s, come within a tenth of a second.
    assert_eq!(outcome.comparison.overall.baseline.waited.sum(), 2_000_000 + 4_100_000);
    assert_eq!(through(Scenario { queues: false, ..scenario(&table) }, &[at(0, 0), at(0, 0)]).queued, []);
}

proptest! {
    #[test]
    fn waiting_is_the_whole_difference_that_queues_make(concurrent in 1_u32..4, outputs in prop::collection::vec((0_u64..500, 0_u16..3), 1..80)) {
        let (table, mut arrivals) = (busy(concurrent), Poisson::new(2.0, 1));
        let items: Vec<_> = outputs.iter().map(|(output, category)| {
            (Item { arrival_us: arrivals.next_us(), ..item(*output) }, to(*category))
        }).collect();
        let alone = through(scenario(&table), &items).comparison.overall.routed;
        let queued = through(Scenario { queues: true, ..scenario(&table) }, &items).comparison.overall.routed;
        prop_assert_eq!(queued.latency.sum(), alone.latency.sum() + queued.waited.sum());
        prop_assert_eq!(queued.cost, alone.cost);
    }
}

#[test]
fn half_the_price_of_a_model_is_half_of_what_it_cost_on_both_sides() {
    let table = table();
    let mut simulation = Simulation::new(scenario(&table), &History::default());
    for (output, category) in [(100, 0), (100, 1), (100, 2)] {
        simulation.add(&item(output), &to(category)).unwrap();
    }
    let changes = simulation.price_changes();
    let change = |model: &str, factor: f64| {
        let found = changes.iter().find(|change| change.model == model && change.factor.to_bits() == factor.to_bits());
        let found = found.unwrap();
        [found.cost_usd, found.baseline_cost_usd, found.savings_cost].map(|figure| format!("{figure:.5}"))
    };
    // 0.1 + 0.2 + 0.4 thousandths routed, 0.6 on the baseline.
    assert_eq!(change("large", 0.5), ["0.00060", "0.00030", "-1.00000"]);
    assert_eq!(change("coder", 0.5), ["0.00050", "0.00060", "0.16667"]);
    assert_eq!(change("small", 2.0), ["0.00080", "0.00060", "-0.33333"]);
    assert_eq!(changes[0].model, "coder", "the largest part of the cost first");
}
