use super::*;
use fastrand::Rng;
use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

const WON: Option<f64> = Some(1.0);
const TIED: Option<f64> = Some(0.5);
const LOST: Option<f64> = Some(0.0);

fn compared(category: &str, first: Option<f64>, second: Option<f64>) -> Compared<'_> {
    Compared { category, first, second }
}

fn sizes(sizes: &[(&str, u64)]) -> BTreeMap<String, u64> {
    sizes.iter().map(|(category, size)| ((*category).to_owned(), *size)).collect()
}

#[test]
fn a_route_wins_only_where_both_orders_say_so() {
    let check = |first: Option<f64>, second: Option<f64>, expected: [u64; 4]| {
        let mut outcomes = Outcomes::default();
        outcomes.add(first, second);
        let Outcomes { wins, ties, losses, nonsense } = outcomes;
        assert_eq!([wins, ties, losses, nonsense], expected, "{first:?} {second:?}");
    };
    check(WON, WON, [1, 0, 0, 0]);
    check(LOST, LOST, [0, 0, 1, 0]);
    check(TIED, TIED, [0, 1, 0, 0]);
    for (first, second) in [(WON, LOST), (LOST, WON), (WON, TIED), (TIED, LOST)] {
        check(first, second, [0, 1, 0, 0]);
    }
    for (first, second) in [(None, WON), (LOST, None), (None, None)] {
        check(first, second, [0, 0, 0, 1]);
    }
}

#[test]
fn a_judge_that_always_takes_the_first_gives_ties_and_its_bias_is_shown() {
    let quality = Quality::of((0..20).map(|_| compared("code", WON, LOST)), &BTreeMap::new());
    let Outcomes { wins, ties, losses, .. } = quality.overall.outcomes;
    assert_eq!((wins, ties, losses), (0, 20, 0));
    assert_eq!(quality.overall.win_rate, None);
    let Position { first_won, decided, verdicts, .. } = quality.position;
    assert_eq!((first_won, decided, verdicts), (40, 40, 40));
    assert!(quality.position.first_share.unwrap().ci95[0] > 0.9);
    // One that decides by what it reads takes the first as often as the second.
    let fair = Quality::of([compared("code", WON, WON), compared("code", LOST, LOST)], &BTreeMap::new());
    assert_eq!((fair.position.first_won, fair.position.decided), (2, 4));
}

#[test]
fn categories_count_by_their_requests_and_not_by_what_was_drawn() {
    let rare = (0..50).map(|_| compared("code", WON, WON));
    let common = (0..50).map(|_| compared("simple", LOST, LOST));
    let quality = Quality::of(rare.chain(common), &sizes(&[("code", 100), ("simple", 900)]));
    let rate = quality.overall.win_rate.unwrap();
    assert!((rate.share - 0.1).abs() < 1e-9, "{rate:?}");
    assert!((quality.per_category["code"].win_rate.unwrap().share - 1.0).abs() < 1e-9);
    // What fifty of nine tenths know is less than what a hundred of a plain sample would.
    let plain = Share::of(10, 100).unwrap();
    assert!(rate.ci95[1] - rate.ci95[0] > plain.ci95[1] - plain.ci95[0]);
}

#[test]
fn categories_without_a_comparison_are_not_covered() {
    let rows = [compared("code", WON, WON), compared("agent", None, WON)];
    let quality = Quality::of(rows, &sizes(&[("code", 30), ("simple", 50), ("agent", 20)]));
    assert!((quality.covered - 0.3).abs() < 1e-9, "{quality:?}");
    assert_eq!(quality.overall.outcomes, Outcomes { wins: 1, nonsense: 1, ..Outcomes::default() });
    assert_eq!(quality.per_category["agent"].tie_share, None);
    let none = Quality::of([], &BTreeMap::new());
    assert_eq!((none.covered, none.overall.tie_share, none.overall.win_rate), (0.0, None, None));
}

#[test]
fn a_judge_is_none_when_more_than_a_third_of_its_answers_are_nonsense() {
    let of = |nonsense: usize, fine: usize| {
        let rows = (0..nonsense).map(|_| compared("code", None, None));
        Quality::of(rows.chain((0..fine).map(|_| compared("code", WON, WON))), &BTreeMap::new()).position
    };
    assert!(!of(1, 2).is_nonsense() && of(2, 3).is_nonsense());
    assert!(!Position::default().is_nonsense());
}

/// A comparison of a route that truly wins and ties with these chances, and loses otherwise.
fn drawn<'a>(rng: &mut Rng, category: &'a str, [wins, ties]: [f64; 2]) -> Compared<'a> {
    let chance = rng.f64();
    let verdict = if chance < wins {
        WON
    } else if chance < wins + ties {
        TIED
    } else {
        LOST
    };
    compared(category, verdict, verdict)
}

#[test]
fn the_intervals_hold_the_truth() {
    // By category: its requests, how many of them are judged, chances to win and to tie.
    let truths = [("simple", 7_000, 60, [0.2, 0.6]), ("code", 2_000, 25, [0.5, 0.2]), ("agent", 1_000, 15, [0.1, 0.3])];
    let requests = sizes(&truths.map(|(category, size, ..)| (category, size)));
    let mean = |of: &dyn Fn([f64; 2]) -> f64| -> f64 {
        truths.iter().map(|(_, size, _, chances)| count(*size) / 10_000.0 * of(*chances)).sum()
    };
    let (wins, losses) = (mean(&|[wins, _]| wins), mean(&|[wins, ties]| 1.0 - wins - ties));
    let truth = [wins / (wins + losses), 1.0 - wins - losses, 1.0 - losses, 0.5 / 0.8];
    let mut rng = Rng::with_seed(5);
    let mut held = [0; 4];
    for _ in 0..1_000 {
        let rows: Vec<_> =
            truths.iter().flat_map(|(category, _, n, chances)| (0..*n).map(|_| (*category, *chances))).collect();
        let rows: Vec<_> = rows.into_iter().map(|(category, chances)| drawn(&mut rng, category, chances)).collect();
        let quality = Quality::of(rows, &requests);
        let Standing { win_rate, tie_share, not_worse, .. } = quality.overall;
        let shares = [win_rate, tie_share, not_worse, quality.per_category["code"].win_rate];
        for ((held, share), truth) in held.iter_mut().zip(shares).zip(truth) {
            *held += i32::from(share.is_some_and(|share| share.ci95[0] <= truth && truth <= share.ci95[1]));
        }
    }
    assert!(held.iter().all(|held| (930..=990).contains(held)), "{held:?}");
}

proptest! {
    #[test]
    fn counts_add_up_and_shares_lie_within_their_intervals(
        rows in prop::collection::vec((0..4_usize, 0..4_usize, 0..4_usize), 0..80), size in 0..500_u64
    ) {
        let verdicts = [None, LOST, TIED, WON];
        let names = ["simple", "general", "code", "agent"];
        let rows: Vec<_> = rows.iter().map(|(name, a, b)| compared(names[*name], verdicts[*a], verdicts[*b])).collect();
        let quality = Quality::of(rows.iter().copied(), &sizes(&[("simple", size), ("code", 7)]));
        let overall = quality.overall.outcomes;
        prop_assert_eq!(overall.judged() + overall.nonsense, rows.len() as u64);
        prop_assert_eq!(quality.position.verdicts, 2 * rows.len() as u64);
        let categories = quality.per_category.values().copied();
        for standing in categories.chain([quality.overall]) {
            prop_assert_eq!(standing.tie_share.is_some(), standing.outcomes.judged() > 0);
            for share in [standing.win_rate, standing.tie_share, standing.not_worse].into_iter().flatten() {
                let [low, high] = share.ci95;
                prop_assert!(0.0 <= low && low <= share.share + 1e-9 && share.share <= high + 1e-9 && high <= 1.0);
            }
        }
        prop_assert!((0.0..=1.0).contains(&quality.covered));
    }
}
