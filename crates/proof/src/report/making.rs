//! From sums and marks to the report.

use std::collections::BTreeMap;

use routing::{Kind, Tally};

use super::figures::{Figures, Group, Overall, Side, shown};
use super::marks::{Marks, Opinion};
use super::notes::notes;
use super::savings::{BaselineTime, savings};
use super::setup::{RouterSetup, Setup};
use super::shadow::{Around, Shadow, shadow};
use super::traffic::{Part, Traffic};
use super::verdict::{Evidence, Verdict, verdict};
use super::{Report, RouterReport, instant};
use crate::quality::{Compared, Quality};
use crate::share::count;
use crate::speed::{Speed, wide};

const DAY_US: i64 = 86_400_000_000;

/// The report of what was added up. The same seed gives the same intervals.
#[must_use]
pub fn report(traffic: &Traffic, marks: &Marks, setup: &Setup, seed: u64) -> Report {
    let period = &traffic.period;
    let days = wide(u128::try_from(period.end.saturating_sub(period.start).max(DAY_US)).unwrap_or(0)) / 86_400e6;
    let speeds = speeds(traffic, setup);
    let around = Making { traffic, marks, setup, speeds: &speeds, days, seed };
    let mut routers: Vec<RouterReport> = traffic.parts.iter().map(|(name, part)| around.router(name, part)).collect();
    routers.sort_by_key(|part| part.router.is_none());
    Report {
        since: instant(period.start),
        until: instant(period.end),
        days,
        key: traffic.filter.key.clone(),
        requests: traffic.requests(),
        routers,
    }
}

/// How fast each model is, by what was measured of it or its profile.
fn speeds(traffic: &Traffic, setup: &Setup) -> BTreeMap<String, Speed> {
    let speed = |model: &String| {
        let (own, others) = traffic.timed(model, "");
        let mut all = own.pairs;
        all.merge(&others.pairs);
        Some((model.clone(), Speed::of(&all, setup.profile(model))?))
    };
    setup.models.keys().filter_map(speed).collect()
}

struct Making<'a> {
    traffic: &'a Traffic,
    marks: &'a Marks,
    setup: &'a Setup,
    speeds: &'a BTreeMap<String, Speed>,
    days: f64,
    seed: u64,
}

impl Making<'_> {
    fn router(&self, name: &str, part: &Part) -> RouterReport {
        let known = self.setup.routers.get(name);
        let baseline = known.and_then(|router| router.baseline.clone());
        let time = baseline
            .as_ref()
            .and_then(|baseline| BaselineTime::of(self.traffic.timed(baseline, name), self.setup.profile(baseline)));
        let time = time.as_ref();
        let tally = sum(part.by.values());
        let quality = self.quality(name, part);
        let per_category = self.categories(name, part, (tally.requests, time), quality.as_ref());
        let shadow = known.and_then(|router| self.shadow(name, router));
        let mut report = RouterReport {
            router: (!name.is_empty()).then(|| name.to_owned()),
            notes: notes(name, part, &tally, (self.setup, known), time.map(BaselineTime::source)),
            total: Group {
                judged: quality.as_ref().map(|quality| quality.overall),
                ..self.group(name, &tally, (tally.requests, time), &|_, _| true)
            },
            per_category,
            per_model: self.models(name, part, tally.requests),
            overall: overall(&tally, time),
            savings: savings(&tally, time, self.seed),
            quality,
            accuracy: self.marks.accuracy.get(name).cloned(),
            shadow,
            trend: part.points.trend(),
            verdict: None,
            baseline,
        };
        report.total.accuracy = report.accuracy.as_ref().map(|accuracy| accuracy.right);
        report.verdict = known.map(|router| self.verdict(name, router, part, &report));
        report
    }

    /// A group of a router's requests; `is_of` says whether feedback on a category and a model belongs to it.
    fn group(
        &self,
        router: &str,
        tally: &Tally,
        (requests, time): (u64, Option<&BaselineTime>),
        is_of: &dyn Fn(&str, &str) -> bool,
    ) -> Group {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let feedback = self.marks.feedback.iter().filter(|one| {
            name(&one.router) == router
                && self.traffic.wants(one.router.as_deref(), one.key.as_deref())
                && is_of(&name(&one.category), &name(&one.model))
        });
        let compared = tally.costs.n > 0 || time.is_some();
        Group {
            figures: Figures::of(tally, requests, true),
            baseline: compared.then(|| baseline(tally, time)),
            feedback: Opinion::of(feedback),
            judged: None,
            accuracy: None,
        }
    }

    fn categories(
        &self,
        name: &str,
        part: &Part,
        (requests, time): (u64, Option<&BaselineTime>),
        quality: Option<&Quality>,
    ) -> BTreeMap<String, Group> {
        let accuracy = self.marks.accuracy.get(name);
        let groups = grouped(part, |(category, _)| category).into_iter().map(|(category, tally)| {
            let mut group = self.group(name, &tally, (requests, time), &|of, _| of == category);
            group.judged = quality.and_then(|quality| quality.per_category.get(category)).copied();
            group.accuracy = accuracy.and_then(|accuracy| accuracy.per_category.get(category)).copied();
            (shown(category), group)
        });
        groups.collect()
    }

    fn models(&self, name: &str, part: &Part, requests: u64) -> BTreeMap<String, Group> {
        let judged = self.judged(name, &|one| &one.model);
        let judged = Quality::of(judged, &BTreeMap::new());
        let groups = grouped(part, |(_, model)| model).into_iter().map(|(model, tally)| {
            let mut group = self.group(name, &tally, (requests, None), &|_, of| of == model);
            group.figures = Figures::of(&tally, requests, false);
            group.baseline = None;
            group.judged = judged.per_category.get(model).copied();
            (shown(model), group)
        });
        groups.collect()
    }

    /// Comparisons of a router's requests, by something of theirs.
    fn judged<'a>(&'a self, router: &str, by: &dyn Fn(&'a super::Judged) -> &'a str) -> Vec<Compared<'a>> {
        let own = self.marks.judgements.iter().filter(|one| {
            one.router.as_deref().unwrap_or_default() == router
                && self.traffic.wants(one.router.as_deref(), one.key.as_deref())
        });
        own.map(|one| Compared { category: by(one), first: one.first, second: one.second }).collect()
    }

    fn quality(&self, name: &str, part: &Part) -> Option<Quality> {
        let compared = self.judged(name, &|one| &one.category);
        let requests = grouped(part, |(category, _)| category).into_iter();
        let requests = requests.map(|(category, tally)| (category.to_owned(), tally.requests)).collect();
        (!compared.is_empty()).then(|| Quality::of(compared, &requests))
    }

    fn shadow(&self, name: &str, router: &RouterSetup) -> Option<Shadow> {
        let own = |one: &&super::Shadowed| {
            one.router.as_deref().unwrap_or_default() == name
                && self.traffic.wants(one.router.as_deref(), one.key.as_deref())
        };
        let rows: Vec<_> = self.marks.shadows.iter().filter(own).collect();
        let around =
            Around { setup: self.setup, router, speeds: self.speeds, labels: &self.marks.labels, seed: self.seed };
        shadow(&rows, &around)
    }

    /// Of the router's own decisions; of its shadow's where it has none.
    fn verdict(&self, name: &str, router: &RouterSetup, part: &Part, report: &RouterReport) -> Verdict {
        let shadow = report.shadow.as_ref().filter(|_| router.kind == Kind::None);
        let counts: Vec<(&str, u64)> = match shadow {
            Some(shadow) => shadow.per_category.iter().map(|(name, requests)| (name.as_str(), *requests)).collect(),
            None => report.per_category.iter().map(|(name, group)| (name.as_str(), group.figures.requests)).collect(),
        };
        let all: u64 = counts.iter().map(|(_, requests)| requests).sum();
        let largest = counts.iter().max_by_key(|(_, requests)| *requests);
        let largest = largest.map(|(name, requests)| {
            let model = router.first.get(*name).map(String::as_str);
            (*name, count(*requests) / count(all.max(1)), model)
        });
        let (savings, sides) = match shadow {
            Some(shadow) => (shadow.savings, &shadow.would),
            None => (report.savings, &report.overall),
        };
        let shadow_right = shadow.and_then(|shadow| {
            let share = shadow.accuracy?;
            Some(super::Right { labels: shadow.labels, accuracy: share.share, ci95: share.ci95 })
        });
        let saved = sides.baseline.cost_usd.zip(sides.routed.cost_usd);
        verdict(&Evidence {
            router: name,
            requests: report.total.figures.requests,
            days: self.days,
            young: self.traffic.period.end.saturating_sub(self.traffic.period.start) < DAY_US,
            largest,
            batch: count(part.batch) / count(report.total.figures.requests.max(1)),
            // What a shadow's categories are compared with is what answers now.
            baseline: if shadow.is_some() { only_model(part) } else { report.baseline.as_deref() },
            savings,
            saved_usd: saved.map(|(baseline, routed)| baseline - routed),
            accuracy: if shadow.is_some() { shadow_right } else { report.total.accuracy },
            would: shadow.is_some(),
            classifies: shadow.is_some() || router.kind != Kind::None || counts.len() > 1,
        })
    }
}

/// The model that answers everything, if one does.
fn only_model(part: &Part) -> Option<&str> {
    let mut models = part.by.keys().map(|(_, model)| model.as_str()).filter(|model| !model.is_empty());
    let first = models.next()?;
    models.all(|model| model == first).then_some(first)
}

/// Tallies by something of their category and model.
fn grouped(part: &Part, by: fn(&(String, String)) -> &String) -> BTreeMap<&str, Tally> {
    let mut groups: BTreeMap<&str, Tally> = BTreeMap::new();
    for (key, tally) in &part.by {
        groups.entry(by(key)).or_default().merge(tally);
    }
    groups
}

fn sum<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Tally {
    tallies.fold(Tally::default(), |mut sum, tally| {
        sum.merge(tally);
        sum
    })
}

/// A tally's requests on the baseline alone.
fn baseline(tally: &Tally, time: Option<&BaselineTime>) -> Side {
    Side::of(tally.costs.n, tally.costs.y, time.and_then(|time| time.mean_us(tally)))
}

fn overall(tally: &Tally, time: Option<&BaselineTime>) -> Overall {
    // Without anything to compare with, what it cost is still known.
    let (requests, cost) = match tally.costs.n {
        0 => (tally.requests - tally.unpriced, u128::from(tally.cost) + u128::from(tally.classifier_cost)),
        n => (n, tally.costs.x),
    };
    Overall { routed: Side::of(requests, cost, tally.total.mean()), baseline: baseline(tally, time) }
}
