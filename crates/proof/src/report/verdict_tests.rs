use super::*;

/// A router of 500 requests a day over ten days that saves, whose classifier is right.
fn paying() -> Evidence<'static> {
    Evidence {
        router: "auto",
        requests: 5_000,
        days: 10.0,
        young: false,
        largest: Some(("simple", 0.6, Some("small"))),
        batch: 0.0,
        baseline: Some("large"),
        savings: savings(Some([0.52, 0.61]), Some([0.31, 0.4])),
        saved_usd: Some(12.0),
        accuracy: Some(Right { labels: 210, accuracy: 0.947, ci95: [0.912, 0.97] }),
        would: false,
        classifies: true,
    }
}

fn savings(cost: Option<[f64; 2]>, latency: Option<[f64; 2]>) -> Savings {
    let middle = |ci95: Option<[f64; 2]>| ci95.map(|[low, high]| f64::midpoint(low, high));
    Savings {
        cost: middle(cost),
        cost_ci95: cost,
        cost_requests: 5_000,
        latency: middle(latency),
        latency_ci95: latency,
        latency_requests: 4_900,
        latency_baseline: None,
    }
}

/// The answer, and the checks that speak against routing.
fn check(evidence: &Evidence<'_>, answer: Answer, against: &[Case], begins: &str) {
    let verdict = verdict(evidence);
    let said: Vec<Case> =
        verdict.checks.iter().filter(|check| check.says == Says::Against).map(|check| check.case).collect();
    assert_eq!((verdict.answer, said.as_slice()), (answer, against), "{verdict:#?}");
    assert!(verdict.sentence.starts_with(begins), "{}", verdict.sentence);
}

#[test]
fn each_of_the_guides_cases_stands_against_it() {
    check(&paying(), Answer::Pays, &[], "Routing pays: it costs 56 % less and takes 36 % less time than `large` alone");
    let one_kind = Evidence { largest: Some(("simple", 0.93, Some("small"))), ..paying() };
    check(&one_kind, Answer::DoesNotPay, &[Case::OneKind], "Routing does not pay: 93 % of the requests are `simple`");
    let few = Evidence { requests: 420, saved_usd: Some(0.01), ..paying() };
    check(&few, Answer::DoesNotPay, &[Case::FewRequests], "Routing does not pay: 42 requests a day save $0.03 a month");
    let right = Right { labels: 100, accuracy: 0.78, ci95: [0.69, 0.85] };
    let wrong = Evidence { accuracy: Some(right), ..paying() };
    check(&wrong, Answer::DoesNotPay, &[Case::Accuracy], "Routing does not pay: the classifier is right in 78 %");
    let batch = Evidence { batch: 0.8, savings: savings(Some([-0.3, -0.2]), Some([0.3, 0.4])), ..paying() };
    check(
        &batch,
        Answer::DoesNotPay,
        &[Case::Cost],
        "Routing does not pay: nobody waits for 80 % of the requests, and it costs 25 % more than `large` alone",
    );
}

#[test]
fn where_nobody_waits_only_money_counts() {
    let batch = Evidence { batch: 0.5, savings: savings(Some([0.1, 0.2]), Some([-0.9, -0.8])), ..paying() };
    check(&batch, Answer::Pays, &[], "Routing pays: it costs 15 % less than `large` alone");
    let some = Evidence { batch: 0.49, ..batch };
    check(&some, Answer::Unclear, &[Case::Latency], "It cannot be said yet");
    let unknown = Evidence { batch: 0.5, savings: savings(None, Some([0.3, 0.4])), ..paying() };
    check(&unknown, Answer::Unclear, &[], "It cannot be said yet");
}

#[test]
fn what_is_not_measured_is_not_said() {
    let unmeasured = Evidence { accuracy: None, ..paying() };
    check(&unmeasured, Answer::Unclear, &[], "It cannot be said yet whether routing pays: it costs 56 % less");
    assert!(verdict(&unmeasured).sentence.contains("frontdesk sample -n 100"));
    let right = Right { labels: 40, accuracy: 0.92, ci95: [0.8, 0.97] };
    check(&Evidence { accuracy: Some(right), ..paying() }, Answer::Unclear, &[], "It cannot be said yet");
    check(&Evidence { savings: savings(None, None), ..paying() }, Answer::Unclear, &[], "It cannot be said yet");
    let unsure = Evidence { savings: savings(Some([-0.05, 0.1]), Some([-0.1, 0.2])), ..paying() };
    check(&unsure, Answer::Unclear, &[], "It cannot be said yet");
    let young = Evidence { requests: 60, days: 1.0, young: true, ..paying() };
    check(
        &young,
        Answer::Unclear,
        &[],
        "It cannot be said yet whether routing pays: there is no more than 60 requests from less than",
    );
    check(&Evidence { requests: 600, ..young }, Answer::Pays, &[], "Routing pays");
    check(&Evidence { classifies: false, ..paying() }, Answer::Unclear, &[], "It cannot be said yet");
}

#[test]
fn a_saving_pays_only_where_its_interval_is_above_zero() {
    let nothing = Evidence { savings: savings(Some([-0.001, 0.002]), Some([-0.3, -0.2])), ..paying() };
    check(&nothing, Answer::DoesNotPay, &[Case::Cost, Case::Latency], "Routing does not pay: it costs");
    let time = Evidence { savings: savings(Some([-0.05, 0.05]), Some([0.001, 0.2])), ..paying() };
    check(&time, Answer::Pays, &[], "Routing pays");
    let trade = Evidence { savings: savings(Some([0.3, 0.4]), Some([-0.3, -0.2])), ..paying() };
    check(&trade, Answer::Unclear, &[Case::Latency], "It cannot be said yet");
}

#[test]
fn before_routing_it_is_said_what_it_would_do() {
    let would = Evidence { would: true, baseline: None, ..paying() };
    check(
        &would,
        Answer::Pays,
        &[],
        "Routing would pay: it would cost 56 % less and would take 36 % less time than it does now",
    );
}
