use super::*;
use proptest::prelude::*;

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let one =
        (0_u64..1 << 40, 0_u64..1 << 30, 0_u64..100_000, prop::sample::select(vec![200, 200, 499, 503]), 0.0_f32..1.0);
    let fact = one.prop_map(|(total_us, cost, output, status, confidence)| Fact {
        status,
        confidence: Some(confidence),
        usage: Usage { output, ..Usage::default() },
        cost: NanoUsd(cost),
        costing: Costing::Measured,
        baseline_cost: (cost % 3 > 0).then_some(NanoUsd(2 * cost)),
        first_token_us: Some(total_us / 2),
        total_us,
        batch: output % 2 == 0,
        ..Fact::default()
    });
    prop::collection::vec(fact, 0..60)
}

fn tally(facts: &[Fact]) -> Tally {
    let mut tally = Tally::default();
    facts.iter().for_each(|fact| tally.add(fact));
    tally
}

proptest! {
    #[test]
    fn parts_merged_are_the_whole(facts in facts(), at in 0_usize..60) {
        let (begin, end) = facts.split_at(at.min(facts.len()));
        let mut merged = tally(end);
        merged.merge(&tally(begin));
        prop_assert_eq!(merged, tally(&facts));
    }
}

#[test]
fn every_request_ends_in_one_of_three_ways_and_only_answers_have_times() {
    let fact = |status| Fact { status, total_us: 5, first_token_us: Some(3), ..Fact::default() };
    let tally = tally(&[fact(200), fact(200), fact(499), fact(503)]);
    assert_eq!((tally.requests, tally.answered, tally.left, tally.errors()), (4, 2, 1, 1));
    assert_eq!((tally.total.count(), tally.first_token.count(), tally.speed.n), (2, 2, 2));
}

#[test]
fn what_has_no_price_is_compared_with_nothing() {
    let fact =
        Fact { cost: NanoUsd(3), classifier_cost: NanoUsd(2), baseline_cost: Some(NanoUsd(9)), ..Fact::default() };
    let priced = Fact { costing: Costing::Measured, ..fact };
    let tally = tally(&[fact, priced, Fact { baseline_cost: None, ..priced }]);
    assert_eq!((tally.costs.n, tally.costs.x, tally.costs.y, tally.unpriced), (1, 5, 9, 1));
}

#[test]
fn batch_is_a_mark_of_the_metadata() {
    for (metadata, marked) in [
        (r#"{"batch":true}"#, true),
        (r#"{"user":"x","batch" : "true"}"#, true),
        (r#"{"batch":"false"}"#, false),
        (r#"{"batches":true}"#, false),
        ("", false),
    ] {
        assert_eq!(marks_batch(metadata), marked, "{metadata}");
    }
}
