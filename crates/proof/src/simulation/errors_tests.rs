use super::*;
use crate::simulation::scenario::tests::{scenario, table};
use crate::simulation::{History, Item, Route};
use proptest::prelude::*;

fn confusion(counts: &[(u16, u16, u64)]) -> Confusion {
    let mut confusion = Confusion::default();
    counts.iter().for_each(|(meant, said, count)| confusion.add(CategoryId(*meant), CategoryId(*said), *count));
    confusion
}

/// Costs at the four error rates, in thousandths of a dollar, and the rates themselves, of requests of 1,000 tokens
/// (meant, said, how many).
fn check(requests: &[(u16, u16, u64)], evidence: &Evidence<'_>) -> ([f64; 4], [f64; 4]) {
    let table = table();
    let mut simulation = Simulation::new(scenario(&table), &History::default());
    for (_, said, count) in requests {
        for _ in 0..*count {
            let usage = Usage { output: 1_000, ..Usage::default() };
            let route = Route { then: Then::Category(CategoryId(*said)), classified: true, judge: None };
            simulation.add(&Item { usage, ..Item::default() }, &route).unwrap();
        }
    }
    let curve = simulation.error_curve(evidence).unwrap().unwrap();
    let all = |of: &dyn Fn(&Point) -> f64| std::array::from_fn(|place| (of(&curve.points[place]) * 1e6).round() / 1e6);
    (all(&|point| point.cost_usd * 1e3), all(&|point| point.error_rate))
}

#[test]
fn labels_say_what_moves_where() {
    // A request costs 1 on simple's model, 2 on general's, 4 on code's. Of ten said to be simple two are code.
    let requests = [(0, 0, 8), (2, 0, 2), (1, 1, 10)];
    let known = confusion(&requests);
    let (costs, rates) = check(&requests, &Evidence::Labels(&known));
    // At twice the errors nothing more can go wrong: none of the code is said to be code as it is.
    assert_eq!((costs, rates), ([36.0, 33.0, 30.0, 30.0], [0.0, 0.05, 0.1, 0.1]));
}

#[test]
fn a_sample_of_labels_stands_for_all_of_what_was_said() {
    let requests = [(0, 0, 100), (1, 1, 50), (2, 2, 50)];
    let sample = confusion(&[(0, 0, 9), (1, 0, 1), (1, 1, 5), (2, 2, 5)]);
    let (costs, rates) = check(&requests, &Evidence::Labels(&sample));
    // Ten of the hundred are general: a dollar more each where they belong, and ten more of general go to simple.
    assert_eq!((costs, rates), ([410.0, 405.0, 400.0, 390.0], [0.0, 0.025, 0.05, 0.1]));
}

#[test]
fn an_evaluation_of_another_mix_finds_the_mix_of_this_traffic() {
    // Whatever is general is said to be simple one time in ten; nothing else errs. Of this traffic 90 are said to be
    // general, so 100 are; the evaluation has ten times as many simple ones as general ones.
    let measured = confusion(&[(0, 0, 1_000), (1, 1, 90), (1, 0, 10), (2, 2, 10)]);
    let (costs, rates) = check(&[(0, 0, 110), (1, 1, 90)], &Evidence::Evaluation(&measured));
    assert_eq!((costs, rates), ([300.0, 295.0, 290.0, 280.0], [0.0, 0.025, 0.05, 0.1]));
}

#[test]
fn a_rate_goes_wrong_evenly() {
    let (costs, rates) = check(&[(0, 0, 100)], &Evidence::Rate(0.1));
    // Five of general and five of code are among those: 2 and 4 instead of 1.
    assert_eq!((costs, rates), ([120.0, 110.0, 100.0, 100.0], [0.0, 0.05, 0.1, 0.1]));
}

#[test]
fn without_labels_or_without_a_classifier_there_is_nothing_to_tell() {
    let table = table();
    let mut simulation = Simulation::new(scenario(&table), &History::default());
    assert_eq!(simulation.error_curve(&Evidence::Rate(0.1)).unwrap(), None);
    let route = Route { then: Then::Category(CategoryId(0)), classified: true, judge: None };
    simulation.add(&Item::default(), &route).unwrap();
    assert_eq!(simulation.error_curve(&Evidence::Labels(&Confusion::default())).unwrap(), None);
    assert!(simulation.error_curve(&Evidence::Rate(0.1)).unwrap().is_some());
}

proptest! {
    /// With every request labelled, no errors and half of them cost what running again with true categories costs.
    #[test]
    fn no_errors_cost_what_the_truth_costs(counts in prop::collection::vec((0_u16..3, 0_u16..3, 1_u64..20), 1..9)) {
        let known = confusion(&counts);
        let (costs, _) = check(&counts, &Evidence::Labels(&known));
        let truth: u64 = counts.iter().map(|(meant, _, count)| count << meant).sum();
        let said: u64 = counts.iter().map(|(_, said, count)| count << said).sum();
        let [truth, said] = [truth, said].map(|cost| f64::from(u32::try_from(cost).unwrap()));
        prop_assert!((costs[0] - truth).abs() < 1e-3 && (costs[2] - said).abs() < 1e-3, "{costs:?} {truth} {said}");
        prop_assert!((costs[1] - (truth + said) / 2.0).abs() < 1e-3);
    }
}
