use super::*;
use crate::report::{Cell, Filter, Marks, ModelSetup, RouterSetup, Setup, Traffic, report};
use fastrand::Rng;
use proptest::prelude::*;
use routing::record::{Costing, Tokens};
use routing::tally::Fact;
use routing::{Kind, NanoUsd, Profile, Tally, Usage};
use std::collections::BTreeMap;
use std::time::Duration;

/// A number whose logarithm is normal, with this mean.
fn skewed(mean: f64, sigma: f64, rng: &mut Rng) -> f64 {
    mean * (sigma * normal(rng) - sigma * sigma / 2.0).exp()
}

/// What an answer takes: a first token and so much a token, microseconds, each time something else.
fn takes((first, each): (f64, f64), tokens: f64, rng: &mut Rng) -> f64 {
    (first + each * tokens) * skewed(1.0, 0.4, rng)
}

/// Name, share, mean output tokens, price, speed.
type Part = (&'static str, f64, f64, f64, (f64, f64));
/// Categories with their share, the mean of their output tokens, and the price and speed of the model that answers them.
const PARTS: [Part; 3] = [
    ("simple", 0.6, 120.0, 50.0, (200_000.0, 5_000.0)),
    ("general", 0.3, 300.0, 400.0, SLOW),
    ("reasoning", 0.1, 900.0, 2_150.0, (2_000_000.0, 30_000.0)),
];
const SLOW: (f64, f64) = (1_200_000.0, 16_000.0);
/// What a token of the baseline costs, nano-dollars; it answers `general`.
const PRICE: f64 = 400.0;

/// What routing truly saves of those, in money and in time.
fn truth() -> (f64, f64) {
    let mean = |of: &dyn Fn(f64, f64, (f64, f64)) -> f64| -> f64 {
        PARTS.iter().map(|(_, share, tokens, price, speed)| share * of(*tokens, *price, *speed)).sum()
    };
    let cost = 1.0 - mean(&|tokens, price, _| tokens * price) / mean(&|tokens, _, _| tokens * PRICE);
    let time = |speed: (f64, f64), tokens: f64| speed.0 + speed.1 * tokens;
    let took = mean(&|tokens, _, speed| time(speed, tokens));
    (cost, 1.0 - took / mean(&|tokens, _, _| time(SLOW, tokens)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers above zero")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// A request of some category; its cost and length are skewed, as those of people are.
fn request(rng: &mut Rng) -> (&'static str, Fact) {
    let mut point = rng.f64();
    let part = PARTS.iter().find(|(_, share, ..)| {
        point -= share;
        point < 0.0
    });
    let (category, _, mean, price, speed) = *part.unwrap_or(&PARTS[0]);
    let tokens = skewed(mean, 0.8, rng).max(1.0).round();
    let fact = Fact {
        status: 200,
        usage: Usage { output: whole(tokens), ..Usage::default() },
        tokens: Tokens::Measured,
        cost: NanoUsd(whole(tokens * price)),
        costing: Costing::Measured,
        baseline_cost: Some(NanoUsd(whole(tokens * PRICE))),
        total_us: whole(takes(speed, tokens, rng)),
        ..Fact::default()
    };
    (category, fact)
}

fn setup(profile: Option<Profile>) -> Setup {
    let router = RouterSetup {
        kind: Kind::Embedded,
        baseline: Some("general-model".into()),
        default: "general".into(),
        first: BTreeMap::new(),
    };
    Setup {
        models: BTreeMap::from([("general-model".into(), ModelSetup { price: None, profile })]),
        routers: BTreeMap::from([("auto".into(), router)]),
    }
}

/// Whether the intervals of money and time hold the truth in a ledger of so many requests, with so many more that named
/// the baseline themselves.
fn holds(requests: u64, named: u64, rng: &mut Rng) -> [bool; 2] {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for _ in 0..requests {
        let (category, fact) = request(rng);
        tallies.entry(category).or_default().add(&fact);
    }
    let mut traffic = Traffic::new(0..3_600_000_000, Filter::default());
    for (category, tally) in &tallies {
        let model = format!("{category}-model");
        traffic.add(&Cell { hour: 0, router: "auto", key: "", category, model: &model, tally });
    }
    let mut tally = Tally::default();
    for _ in 0..named {
        let tokens = skewed(200.0, 0.8, rng).max(1.0).round();
        let usage = Usage { output: whole(tokens), ..Usage::default() };
        tally.add(&Fact { status: 200, usage, total_us: whole(takes(SLOW, tokens, rng)), ..Fact::default() });
    }
    traffic.add(&Cell { hour: 0, router: "", key: "", category: "", model: "general-model", tally: &tally });
    let report = report(&traffic, &Marks::default(), &setup(None), rng.u64(..));
    let savings = report.routers[0].savings;
    let inside = |ci95: Option<[f64; 2]>, truth: f64| ci95.is_some_and(|[low, high]| low <= truth && truth <= high);
    let (cost, time) = truth();
    [inside(savings.cost_ci95, cost), inside(savings.latency_ci95, time)]
}

#[test]
fn intervals_hold_the_truth_in_about_95_of_100_ledgers() {
    let mut rng = Rng::with_seed(1);
    let mut covered = [0, 0];
    for ledger in 0..200 {
        let requests = rng.u64(300..=3_000);
        // Without requests that named the baseline, its line is drawn through a part of what is compared.
        let named = if ledger % 2 == 0 { 150 } else { 0 };
        let holds = holds(requests, named, &mut rng);
        covered.iter_mut().zip(holds).for_each(|(count, holds)| *count += u64::from(holds));
    }
    assert!(covered.iter().all(|count| (180..=198).contains(count)), "{covered:?} of 200");
}

#[test]
fn what_stays_with_the_baseline_is_no_difference() {
    let mut tally = Tally::default();
    let mut rng = Rng::with_seed(3);
    for _ in 0..500 {
        let tokens = skewed(200.0, 0.8, &mut rng).max(1.0).round();
        let usage = Usage { output: whole(tokens), ..Usage::default() };
        tally.add(&Fact { status: 200, usage, total_us: whole(takes(SLOW, tokens, &mut rng)), ..Fact::default() });
    }
    let mut traffic = Traffic::new(0..3_600_000_000, Filter::default());
    traffic.add(&Cell { hour: 0, router: "auto", key: "", category: "general", model: "general-model", tally: &tally });
    let profile = Profile { first_token: Duration::from_millis(1), tokens_per_second: 1e4, concurrent: None };
    let savings = report(&traffic, &Marks::default(), &setup(Some(profile)), 1).routers[0].savings;
    let [low, high] = savings.latency_ci95.unwrap();
    assert!(savings.latency.unwrap().abs() < 1e-9 && low.abs() < 1e-9 && high.abs() < 1e-9, "{savings:?}");
}

proptest! {
    #[test]
    fn an_interval_holds_its_estimate_and_the_same_seed_gives_the_same(
        rows in prop::collection::vec((0_u64..1_000_000, 1_u64..1_000_000), 1..200), seed in any::<u64>()
    ) {
        let mut pairs = Pairs::default();
        rows.iter().for_each(|(x, y)| pairs.add(*x, *y));
        let estimate = saved(&pairs, seed).unwrap();
        prop_assert_eq!(estimate.ci95.is_some(), rows.len() >= 30);
        if let Some([low, high]) = estimate.ci95 {
            prop_assert!(low <= estimate.value && estimate.value <= high, "{estimate:?}");
        }
        prop_assert_eq!(saved(&pairs, seed), Some(estimate));
    }
}

#[test]
fn without_pairs_or_a_price_nothing_is_saved() {
    let mut free = Pairs::default();
    free.add(3, 0);
    assert_eq!((saved(&Pairs::default(), 1), saved(&free, 1)), (None, None));
}

#[test]
fn means_vary_together_as_their_rows_do() {
    let moments = Moments { n: 100.0, mean_x: 5.0, mean_y: 3.0, var_x: 4.0, var_y: 9.0, cov: -3.0 };
    let mut rng = Rng::with_seed(1);
    let mut drawn = Pairs::default();
    // In thousandths, shifted above zero.
    (0..20_000).for_each(|_| {
        let (x, y) = means(&moments, &mut rng);
        drawn.add(whole(x * 1e3), whole(y * 1e3));
    });
    let said = drawn.moments();
    let near = |got: f64, expected: f64| (got / expected - 1.0).abs() < 0.05;
    assert!(near(said.mean_x, 5e3) && near(said.mean_y, 3e3), "{said:?}");
    assert!(near(said.var_x, 4e4) && near(said.var_y, 9e4) && near(said.cov, -3e4), "{said:?}");
}
