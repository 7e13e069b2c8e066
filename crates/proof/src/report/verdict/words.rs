//! The sentences of a verdict.

use super::super::words::{change, counted, interval, percent};
use super::{Answer, Case, Evidence, FEW, ONE_KIND, RIGHT, Says};
use crate::share::count;

/// How the classifier's accuracy is measured.
const MEASURE: &str =
    "label 100 requests (`frontdesk sample -n 100 --out sample.jsonl`, then `frontdesk label sample.jsonl`)";

/// What is said of some evidence.
pub(super) struct Words<'a>(pub(super) &'a Evidence<'a>);

impl Words<'_> {
    /// The whole sentence.
    pub(super) fn verdict(&self, answer: Answer, reason: &str) -> String {
        let begin = match (answer, self.0.would) {
            (Answer::Pays, false) => "Routing pays",
            (Answer::Pays, true) => "Routing would pay",
            (Answer::DoesNotPay, false) => "Routing does not pay",
            (Answer::DoesNotPay, true) => "Routing would not pay",
            (Answer::Unclear, false) => "It cannot be said yet whether routing pays",
            (Answer::Unclear, true) => "It cannot be said yet whether routing would pay",
        };
        format!("{begin}: {reason}.")
    }

    /// What finds the categories.
    fn who(&self) -> &'static str {
        if self.0.would { "shadow" } else { "classifier" }
    }

    /// Requests a day.
    pub(super) fn a_day(&self) -> f64 {
        count(self.0.requests) / self.0.days
    }

    pub(super) fn one_kind(&self, says: Says) -> String {
        let Some((name, share, _)) = self.0.largest else { return "No request has a category.".to_owned() };
        let share = percent(share);
        match says {
            Says::Against => format!("{share} of the requests are `{name}`: nearly all traffic is of one kind."),
            Says::For => format!(
                "The largest category, `{name}`, has {share} of the requests: they are of several kinds (one kind would \
                 be {} or more).",
                percent(ONE_KIND)
            ),
            Says::Open | Says::Nothing => {
                format!("All categories are from rules; {share} of the requests are `{name}`.")
            }
        }
    }

    pub(super) fn few(&self, says: Says) -> String {
        let (a_day, days) = (self.a_day(), self.0.days);
        let than = match says {
            Says::Open => return format!("{} in less than a day.", counted(self.0.requests)),
            Says::Against => "fewer than",
            Says::For | Says::Nothing => "enough; too few would be fewer than",
        };
        // A ledger of less than a day counts as one.
        if days <= 1.0 {
            return format!("{} within a day: {than} {FEW:.0}.", counted(self.0.requests));
        }
        format!("{a_day:.0} requests a day over {days:.1} days: {than} {FEW:.0}.")
    }

    pub(super) fn batch(&self, mostly: bool) -> String {
        if self.0.batch <= 0.0 {
            return "No request is marked as batch: latency matters.".to_owned();
        }
        let share = percent(self.0.batch);
        if mostly {
            format!("{share} of the requests are marked as batch: latency does not matter, only money counts.")
        } else {
            format!("{share} of the requests are marked as batch: latency matters.")
        }
    }

    pub(super) fn accuracy(&self, says: Says) -> String {
        let who = self.who();
        let Some(right) = self.0.accuracy else {
            return format!("Nobody has measured how often the {who} is right: {MEASURE}.");
        };
        let [low, high] = right.ci95;
        let clears = match says {
            Says::For => "that clears 90 %".to_owned(),
            Says::Against => "that is under 90 %".to_owned(),
            Says::Open | Says::Nothing => "whether that clears 90 % needs more labels".to_owned(),
        };
        format!(
            "The {who} is right in {:.1} % of the requests (95 %: {:.1} to {:.1}; {} labels): {clears}.",
            100.0 * right.accuracy,
            100.0 * low,
            100.0 * high,
            right.labels
        )
    }

    /// One of the two savings as a sentence.
    pub(super) fn saving(&self, case: Case) -> String {
        let savings = &self.0.savings;
        let than = self.than();
        let (what, value, ci95) = match case {
            Case::Latency => ("time", savings.latency, savings.latency_ci95),
            _ => ("money", savings.cost, savings.cost_ci95),
        };
        let Some(value) = value else { return format!("What is saved in {what} is not known.") };
        let begin = if self.0.would { "With the shadow's categories it" } else { "Routing" };
        {
            let ci95 = ci95.map_or(String::new(), |ci95| format!(" ({})", interval(value, ci95)));
            format!("{begin} {}{ci95} {than}.", saving(case, value, self.0.would))
        }
    }

    pub(super) fn nothing_classifies(&self) -> String {
        format!(
            "this router classifies nothing (kind = \"none\"); write shadow = {{ classifier = \"embedded\", share = 1.0 }} \
             under [routers.{}], and after some days the report says what routing would do",
            self.0.router
        )
    }

    pub(super) fn too_young(&self) -> String {
        format!("there is no more than {} from less than a day; ask again after some days", counted(self.0.requests))
    }

    pub(super) fn because_few(&self) -> String {
        let month = self.0.saved_usd.map(|usd| usd / self.0.days * 30.0);
        let saves = match month {
            Some(usd) if usd > 0.0 => format!(" save ${} a month", money(usd)),
            Some(_) => " save no money".to_owned(),
            None => " are not worth a router".to_owned(),
        };
        format!("{:.0} requests a day{saves}; it would be worth a look from {FEW:.0} a day", self.a_day())
    }

    pub(super) fn because_one_kind(&self) -> String {
        let Some((name, share, model)) = self.0.largest else { return "all requests are of one kind".to_owned() };
        let model = model.map_or_else(|| "its model".to_owned(), |model| format!("`{model}`"));
        format!(
            "{} of the requests are `{name}`, so {model} alone would do for them; it would if other kinds were more than \
             {} of the requests",
            percent(share),
            percent(1.0 - ONE_KIND)
        )
    }

    pub(super) fn because_wrong(&self) -> String {
        let right = self.0.accuracy.map_or(0.0, |right| right.accuracy);
        let high = self.0.accuracy.map_or(0.0, |right| right.ci95[1]);
        format!(
            "the {} is right in {} of the requests, {} at most, which is under {}; it would if it were trained on your \
             labels (`frontdesk train`) and `frontdesk eval` cleared that",
            self.who(),
            percent(right),
            percent(high),
            percent(RIGHT)
        )
    }

    pub(super) fn because_trade(&self) -> String {
        format!("{} {}, and what counts for more is yours to say", self.both(), self.than())
    }

    pub(super) fn because_nothing_saved(&self, sure: bool, batch: bool) -> String {
        if self.0.savings.cost.is_none() && self.0.savings.latency.is_none() {
            return "there is nothing to compare with; the notes above say what is missing".to_owned();
        }
        let waits = if batch {
            format!("nobody waits for {} of the requests, and ", percent(self.0.batch))
        } else {
            String::new()
        };
        let both = if batch { self.one(Case::Cost) } else { self.both() };
        let than = self.than();
        match (sure, batch) {
            (true, true) => {
                let time = self.0.savings.latency.filter(|saved| *saved > 0.0);
                let time = time.map_or(String::new(), |saved| format!(" (it takes {} less time)", percent(saved)));
                format!(
                    "{waits}{both} {than}; it would if cheaper models did for some categories, or if latency mattered{time}"
                )
            }
            (true, false) => {
                format!("{waits}{both} {than}; it would if cheaper or faster models did for some categories")
            }
            (false, _) => {
                format!("{waits}{both} {than}, and the intervals hold both more and less; more requests would tell")
            }
        }
    }

    pub(super) fn because_unmeasured(&self) -> String {
        let who = format!("the {}", self.who());
        match self.0.accuracy {
            None => {
                format!("{} {}, but nobody has measured how often {who} is right; {MEASURE}", self.both(), self.than())
            }
            Some(right) => format!(
                "{} {}, but {who} is right in {:.0} to {:.0} % of the requests by {} labels, which may be under {}; label \
                 more of them",
                self.both(),
                self.than(),
                100.0 * right.ci95[0],
                100.0 * right.ci95[1],
                right.labels,
                percent(RIGHT)
            ),
        }
    }

    pub(super) fn because_saved(&self, money: bool) -> String {
        let accuracy = self.0.accuracy.map_or(String::new(), |right| {
            format!(", and the {} is right in {} of the requests", self.who(), percent(right.accuracy))
        });
        let baseline = self.0.baseline.map_or_else(|| "the baseline".to_owned(), |name| format!("`{name}`"));
        let change = if money {
            let saved = percent(self.0.savings.cost.unwrap_or_default());
            format!("it would no longer save money if {baseline} became {saved} cheaper")
        } else {
            let saved = percent(self.0.savings.latency.unwrap_or_default());
            format!("it would no longer save time if {baseline} took {saved} less")
        };
        format!("{} {}{accuracy}; {change}", self.both(), self.than())
    }

    /// What both savings are; what is not known is left out, and so is time where nobody waits.
    fn both(&self) -> String {
        let known = |value: Option<f64>, case| value.map(|_| self.one(case));
        let savings = &self.0.savings;
        let time = known(savings.latency, Case::Latency).filter(|_| self.0.batch < super::MOSTLY_BATCH);
        match (known(savings.cost, Case::Cost), time) {
            (Some(cost), Some(time)) => format!("{cost} and {}", time.strip_prefix("it ").unwrap_or(&time)),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "nothing is known of what it saves".to_owned(),
        }
    }

    fn one(&self, case: Case) -> String {
        let savings = &self.0.savings;
        let value = if case == Case::Latency { savings.latency } else { savings.cost };
        format!("it {}", saving(case, value.unwrap_or_default(), self.0.would))
    }

    /// Behind "less".
    fn than(&self) -> String {
        match self.0.baseline {
            Some(name) => format!("than `{name}` alone"),
            None if self.0.would => "than it does now".to_owned(),
            None => "than the baseline alone".to_owned(),
        }
    }
}

/// "costs 57 % less".
fn saving(case: Case, saved: f64, would: bool) -> String {
    let what = if case == Case::Latency { " time" } else { "" };
    let verb = match (case, would) {
        (Case::Latency, false) => "takes",
        (Case::Latency, true) => "would take",
        (_, false) => "costs",
        (_, true) => "would cost",
    };
    format!("{verb} {}{what}", change(saved))
}

/// Dollars to two places, more where that would be nothing.
fn money(usd: f64) -> String {
    if usd >= 0.01 { format!("{usd:.2}") } else { format!("{usd:.4}") }
}
