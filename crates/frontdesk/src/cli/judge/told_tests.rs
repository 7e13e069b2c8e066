use super::*;
use crate::judging::Facts;
use ledger::Judgement;
use proof::quality::Compared;

/// A comparison of a category; below zero: nonsense.
fn compared(category: &str, first: f64, second: f64) -> Compared<'_> {
    let verdict = |score: f64| Some(score).filter(|score| *score >= 0.0);
    Compared { category, first: verdict(first), second: verdict(second) }
}

/// What is told of these comparisons, of which the first so many are from earlier.
fn told(comparisons: &[Compared<'_>], earlier: usize, change: impl Fn(&mut Outcome)) -> String {
    let mut plan = Plan::default();
    plan.requests.extend([("simple", 700), ("code", 200), ("agent", 100)].map(|(name, size)| (name.to_owned(), size)));
    plan.left_out.route_is_baseline = 512;
    plan.earlier = vec![(String::new(), [None; 2]); earlier];
    let mut outcome = Outcome::default();
    outcome.judgements = vec![Judgement::default(); comparisons.len() - earlier];
    outcome.spent = NanoUsd(12_345_678);
    change(&mut outcome);
    let now = comparisons.iter().skip(earlier).copied();
    let summary = Summary {
        router: "auto",
        judge: "judge",
        baseline: "large",
        asked_for: 100,
        budget: NanoUsd::from_usd(1.0),
        seed: 1,
        drawn: 100 - earlier,
        position: Quality::of(now, &plan.requests).position,
        quality: Quality::of(comparisons.iter().copied(), &plan.requests),
        plan: &plan,
        outcome: &outcome,
    };
    // Tables are filled up to their width, which editors take away.
    summary.text().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_was_found_is_told_with_its_intervals_and_what_is_not_in_it() {
    let simple = [(0.5, 0.5), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)].map(|(a, b)| compared("simple", a, b));
    let mut all = simple.repeat(5);
    all.extend([(1.0, 1.0), (1.0, 0.0), (-1.0, 1.0)].map(|(a, b)| compared("code", a, b)));
    let told = told(&all, 3, |outcome| {
        outcome.stopped = Some(Stop::Budget);
        outcome.facts = Facts { stored: 4, asked: 36, cut: 2, same: 1, verdicts: 40 };
        outcome.failures.insert("`judge` failed (503)".into(), 2);
    });
    insta::assert_snapshot!(told, @r#"
    Compared with `large` by `judge`: 20 requests of `auto` for $0.0123, and 3 earlier, of 1000 that were answered by other models.

     category  win  tie  loss  nonsense   not worse (95 %)  wins among decided (95 %)
     code        1    1     0         1  100 % (34 to 100)          100 % (21 to 100)
     simple      5   10     5         0    75 % (53 to 89)            50 % (24 to 76)
     all         6   11     5         1    81 % (58 to 93)            61 % (31 to 85)

    A win or loss is one in both orders; where they disagree it is a tie. Weighted by requests, the routes' answers are
    not worse than `large`'s in 58 to 93 % of the requests that go elsewhere.
    10.0 % of them are in categories without a comparison.
    Of 35 verdicts for one answer, 23 were for the one that stood first (66 % (49 to 79)): that is within chance.
    Left out: 512 that the baseline itself answered.
    Of the answers: 4 were kept ones, 36 were asked for, 2 are as long as --max-tokens allows and probably cut, 2 are the same as the other and tie unjudged.
    Not compared: 2, because `judge` failed (503).
    Stopped at $0.0123, because another comparison could have cost more than is left of $1.0000: the same command goes on,
    --budget gives it more, and --max-tokens bounds what an answer may cost.
    "#);
}

#[test]
fn a_judge_that_is_none_is_told_with_what_to_do() {
    let told = told(&[compared("code", -1.0, 0.5), compared("code", 1.0, -1.0)], 0, |_| {});
    insta::assert_snapshot!(told, @r#"
    Compared with `large` by `judge`: 2 requests of `auto` for $0.0123, of 1000 that were answered by other models.
    Left out: 512 that the baseline itself answered.
    `judge` is no judge: 2 of its 4 answers were not one of A, B, tie. Name a stronger model with --judge; if it thinks
    before it answers, say so in its capabilities = ["reasoning"], which gives it the room.
    "#);
}
