//! Whether routing pays: the guide's four cases when not to route, and whether anything is saved, each with its figures,
//! and one sentence of them all with what would change it.

mod words;

use serde::Serialize;

use super::marks::Right;
use super::savings::Savings;
use words::Words;

/// From this share of requests in one category, there is nothing to tell apart.
const ONE_KIND: f64 = 0.9;
/// From this share of requests that nobody waits for, only money counts.
const MOSTLY_BATCH: f64 = 0.5;
/// Fewer requests a day are not worth a router.
const FEW: f64 = 100.0;
/// How often a classifier has to be right.
const RIGHT: f64 = 0.9;
/// A saving that is surely below this share is none.
const NOTHING: f64 = 0.01;

/// What is known of a router's requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence<'a> {
    /// The router.
    pub router: &'a str,
    /// Requests of the period.
    pub requests: u64,
    /// Its length, days, at least 1.
    pub days: f64,
    /// Whether it is shorter than a day, so that few requests do not mean few a day.
    pub young: bool,
    /// The category that has most requests, with their share and the first model of its chain.
    pub largest: Option<(&'a str, f64, Option<&'a str>)>,
    /// The share of requests that nobody waits for, 0 to 1.
    pub batch: f64,
    /// The model that is compared with.
    pub baseline: Option<&'a str>,
    /// What is saved.
    pub savings: Savings,
    /// The same in USD over the period; negative is more.
    pub saved_usd: Option<f64>,
    /// How often the classifier is right; `None`: nobody has measured.
    pub accuracy: Option<Right>,
    /// Whether it is about what routing would do, by a shadow.
    pub would: bool,
    /// Whether anything finds categories.
    pub classifies: bool,
}

/// Whether routing pays.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// It in words, with the reason and what would change it.
    pub sentence: String,
    /// Whether it is about what routing would do: the router itself does not classify, its shadow does.
    pub would: bool,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// The answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It pays.
    Pays,
    /// It does not.
    DoesNotPay,
    /// It cannot be said yet.
    Unclear,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What.
    pub case: Case,
    /// What it says.
    pub says: Says,
    /// The figure: a share, or requests a day; of savings the larger that counts. `None`: not known.
    pub figure: Option<f64>,
    /// Its 95 % interval where it has one.
    pub ci95: Option<[f64; 2]>,
    /// In words.
    pub sentence: String,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// Nearly all traffic is of one kind.
    OneKind,
    /// There are few requests.
    FewRequests,
    /// Latency does not matter.
    Batch,
    /// The classifier is not right often enough.
    Accuracy,
    /// What is saved in money.
    Cost,
    /// What is saved in time.
    Latency,
}

/// What something says of routing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Nothing against it, or something for it.
    For,
    /// That it does not pay.
    Against,
    /// It is not known.
    Open,
    /// It does not count here.
    Nothing,
}

/// What an interval says of a saving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// Surely something.
    Saves,
    /// Surely next to nothing, or less than that.
    Not,
    /// Surely less than nothing.
    Loses,
    /// It may be either.
    Unsure,
    /// There is nothing to compare.
    Unknown,
}

impl Sign {
    fn of(value: Option<f64>, ci95: Option<[f64; 2]>) -> Self {
        match (value, ci95) {
            (None, _) => Self::Unknown,
            (Some(_), None) => Self::Unsure,
            (_, Some([low, _])) if low > 0.0 => Self::Saves,
            (_, Some([_, high])) if high < 0.0 => Self::Loses,
            (_, Some([_, high])) if high < NOTHING => Self::Not,
            _ => Self::Unsure,
        }
    }

    fn says(self) -> Says {
        match self {
            Self::Saves => Says::For,
            Self::Not | Self::Loses => Says::Against,
            Self::Unsure | Self::Unknown => Says::Open,
        }
    }
}

/// The verdict.
#[must_use]
pub fn verdict(evidence: &Evidence<'_>) -> Verdict {
    let words = Words(evidence);
    let savings = &evidence.savings;
    let batch = evidence.batch >= MOSTLY_BATCH;
    let money = Sign::of(savings.cost, savings.cost_ci95);
    let time = Sign::of(savings.latency, savings.latency_ci95);
    let checks = vec![
        one_kind(evidence),
        few_requests(evidence),
        check(Case::Batch, if batch { Says::Nothing } else { Says::For }, Some(evidence.batch), words.batch(batch)),
        accuracy(evidence),
        Check { ci95: savings.cost_ci95, ..check(Case::Cost, money.says(), savings.cost, words.saving(Case::Cost)) },
        Check {
            ci95: savings.latency_ci95,
            ..check(
                Case::Latency,
                if batch { Says::Nothing } else { time.says() },
                savings.latency,
                words.saving(Case::Latency),
            )
        },
    ];
    let (answer, reason) = conclude(evidence, &checks, (money, if batch { None } else { Some(time) }));
    Verdict { answer, sentence: words.verdict(answer, &reason), would: evidence.would, checks }
}

fn check(case: Case, says: Says, figure: Option<f64>, sentence: String) -> Check {
    Check { case, says, figure, ci95: None, sentence }
}

fn one_kind(evidence: &Evidence<'_>) -> Check {
    let share = evidence.largest.map_or(0.0, |(_, share, _)| share);
    let says = match evidence.largest {
        _ if !evidence.classifies => Says::Open,
        Some(_) if share >= ONE_KIND => Says::Against,
        Some(_) => Says::For,
        None => Says::Open,
    };
    check(Case::OneKind, says, evidence.largest.map(|_| share), Words(evidence).one_kind(says))
}

fn few_requests(evidence: &Evidence<'_>) -> Check {
    let a_day = Words(evidence).a_day();
    let says = match (a_day < FEW, evidence.young) {
        (false, _) => Says::For,
        (true, false) => Says::Against,
        (true, true) => Says::Open,
    };
    check(Case::FewRequests, says, Some(a_day), Words(evidence).few(says))
}

fn accuracy(evidence: &Evidence<'_>) -> Check {
    let right = evidence.accuracy;
    let says = match right.map(|right| right.ci95) {
        Some([low, _]) if low >= RIGHT => Says::For,
        Some([_, high]) if high < RIGHT => Says::Against,
        _ => Says::Open,
    };
    let sentence = Words(evidence).accuracy(says);
    Check {
        ci95: right.map(|right| right.ci95),
        ..check(Case::Accuracy, says, right.map(|right| right.accuracy), sentence)
    }
}

/// The answer, and behind a colon why and what would change it. The first reason that suffices is named; the checks name
/// all. Nobody's time counts where there is none.
fn conclude(evidence: &Evidence<'_>, checks: &[Check], (money, time): (Sign, Option<Sign>)) -> (Answer, String) {
    let words = Words(evidence);
    let against = |case: Case| checks.iter().any(|check| check.case == case && check.says == Says::Against);
    if !evidence.classifies {
        return (Answer::Unclear, words.nothing_classifies());
    }
    if checks.iter().any(|check| check.case == Case::FewRequests && check.says == Says::Open) {
        return (Answer::Unclear, words.too_young());
    }
    if against(Case::FewRequests) {
        return (Answer::DoesNotPay, words.because_few());
    }
    if against(Case::OneKind) {
        return (Answer::DoesNotPay, words.because_one_kind());
    }
    if against(Case::Accuracy) {
        return (Answer::DoesNotPay, words.because_wrong());
    }
    let signs = [Some(money), time];
    let any = |sign: Sign| signs.contains(&Some(sign));
    if any(Sign::Saves) && any(Sign::Loses) {
        return (Answer::Unclear, words.because_trade());
    }
    if !any(Sign::Saves) {
        let none = !any(Sign::Unsure) && (any(Sign::Not) || any(Sign::Loses));
        let answer = if none { Answer::DoesNotPay } else { Answer::Unclear };
        return (answer, words.because_nothing_saved(none, time.is_none()));
    }
    let accurate = checks.iter().any(|check| check.case == Case::Accuracy && check.says == Says::For);
    if !accurate {
        return (Answer::Unclear, words.because_unmeasured());
    }
    (Answer::Pays, words.because_saved(money == Sign::Saves))
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
