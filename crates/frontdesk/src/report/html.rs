//! The report as one self-contained page.

use maud::{Markup, html as markup};
use proof::report::{Figures, Group, Report, RouterReport, Says, Shadow, Verdict};

use super::words::{dollars, milliseconds, percent, savings, short, when};
use crate::page::{Bar, Series, bars, document, figures, lines, table};

/// The page.
#[must_use]
pub fn html(report: &Report) -> String {
    let body = markup! {
        @for router in &report.routers { (part(router)) }
    };
    document("Frontdesk: report", &when(report), &body)
}

fn part(router: &RouterReport) -> Markup {
    let title = match &router.router {
        Some(name) => format!("Router {name}"),
        None => "Without a router".to_owned(),
    };
    markup! {
        section {
            h2 { (title) }
            @if let Some(verdict) = &router.verdict { p { strong { (verdict.sentence) } } }
            (headline(router))
            @for sentence in savings(router).iter().chain(&router.notes) { p { (sentence) } }
            @if let Some(verdict) = &router.verdict { (checks(verdict)) }
            @if router.router.is_some() { (distribution(router)) }
            h3 { "By model" }
            (groups("model", router.per_model.iter()))
            (over_time(router))
            @if let Some(shadow) = &router.shadow { (of_shadow(shadow)) }
        }
    }
}

fn headline(router: &RouterReport) -> Markup {
    let (total, savings) = (&router.total.figures, &router.savings);
    let saved = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), percent);
    figures(&[
        ("requests", total.requests.to_string()),
        ("cost", dollars(Some(total.cost_usd))),
        ("mean time", milliseconds(total.mean_latency_ms)),
        ("money saved", saved(savings.cost)),
        ("time saved", saved(savings.latency)),
        ("errors", total.errors.to_string()),
    ])
}

fn checks(verdict: &Verdict) -> Markup {
    let rows: Vec<Vec<String>> = verdict
        .checks
        .iter()
        .map(|check| {
            let says = match check.says {
                Says::For => "speaks for routing",
                Says::Against => "speaks against it",
                Says::Open => "not known",
                Says::Nothing => "does not count",
            };
            vec![check.sentence.clone(), says.to_owned()]
        })
        .collect();
    table(&["checked", "it"], &rows)
}

fn distribution(router: &RouterReport) -> Markup {
    let drawn = |of: &dyn Fn(&Group) -> Option<(f64, String)>| -> Vec<Bar> {
        let bar = |(name, group): (&String, &Group)| {
            let (value, figure) = of(group)?;
            Some(Bar { name: name.clone(), value, interval: None, figure })
        };
        router.per_category.iter().filter_map(bar).collect()
    };
    let shares = drawn(&|group| {
        let Figures { share, requests, .. } = group.figures;
        Some((share, format!("{} ({requests})", percent(share))))
    });
    let times = drawn(&|group| {
        let mean = group.figures.mean_latency_ms?;
        Some((mean, milliseconds(Some(mean))))
    });
    let costs = drawn(&|group| Some((group.figures.cost_usd, dollars(Some(group.figures.cost_usd)))));
    markup! {
        h3 { "By category" }
        (bars("Share of the requests", &shares))
        (bars("Mean time of an answer", &times))
        (bars("Cost", &costs))
        (groups("category", router.per_category.iter()))
    }
}

fn groups<'a>(name: &str, all: impl Iterator<Item = (&'a String, &'a Group)>) -> Markup {
    let head = [
        name,
        "requests",
        "share",
        "errors",
        "fallbacks",
        "first token p50",
        "p95",
        "mean",
        "p50",
        "p95",
        "p99",
        "tokens in",
        "out",
        "cost",
        "on the baseline",
        "right",
        "feedback",
        "won/tied/lost",
    ];
    let rows: Vec<Vec<String>> = all.map(|(name, group)| row(name, group)).collect();
    table(&head, &rows)
}

fn row(name: &str, group: &Group) -> Vec<String> {
    let figures = &group.figures;
    let mut row = vec![name.to_owned(), figures.requests.to_string(), percent(figures.share)];
    row.extend([figures.errors.to_string(), figures.fallbacks.to_string()]);
    let (first, whole) = (&figures.first_token_ms, &figures.latency_ms);
    row.extend([first.p50, first.p95, whole.mean, whole.p50, whole.p95, whole.p99].map(milliseconds));
    row.extend([figures.tokens.input, figures.tokens.output].map(short));
    row.extend([dollars(Some(figures.cost_usd)), dollars(group.baseline.and_then(|side| side.cost_usd))]);
    let none = || "-".to_owned();
    row.push(group.accuracy.map_or_else(none, |right| {
        format!("{} ({} to {})", percent(right.accuracy), percent(right.ci95[0]), percent(right.ci95[1]))
    }));
    let score = group.feedback.and_then(|feedback| feedback.score);
    row.push(score.map_or_else(none, |score| format!("{:.2}", score.share)));
    row.push(group.judged.map_or_else(none, |standing| {
        let outcomes = standing.outcomes;
        format!("{}/{}/{}", outcomes.wins, outcomes.ties, outcomes.losses)
    }));
    row
}

fn over_time(router: &RouterReport) -> Markup {
    let points = &router.trend.points;
    if points.len() < 2 {
        return markup! {};
    }
    // Days are enough where a step is at least one.
    let length = if router.trend.step_hours < 24 { 16 } else { 10 };
    let places: Vec<String> =
        points.iter().map(|point| point.since.get(..length).unwrap_or_default().replace('T', " ")).collect();
    let requests: Vec<Series> = router
        .per_category
        .keys()
        .map(|name| Series {
            name: name.clone(),
            values: points
                .iter()
                .map(|point| Some(count(point.per_category.get(name).copied().unwrap_or(0))))
                .collect(),
        })
        .collect();
    let mean = |name: &str, of: &dyn Fn(&proof::report::Point) -> Option<f64>| Series {
        name: name.to_owned(),
        values: points.iter().map(of).collect(),
    };
    let times = [mean("mean", &|point| point.mean_latency_ms), mean("p95", &|point| point.p95_latency_ms)];
    let cost = [mean("cost", &|point| Some(point.cost_usd))];
    markup! {
        h3 { "Over time (UTC)" }
        (lines("Requests by category", &places, &requests, &|value| format!("{value:.0}")))
        (lines("Time of an answer", &places, &times, &|value| milliseconds(Some(value))))
        (lines("Cost", &places, &cost, &|value| dollars(Some(value))))
    }
}

fn of_shadow(shadow: &Shadow) -> Markup {
    let rows: Vec<Vec<String>> = shadow
        .differing
        .iter()
        .map(|one| vec![one.decided.clone(), one.said.clone(), one.requests.to_string()])
        .collect();
    let agreement = shadow.agreement.map_or_else(|| "-".to_owned(), |share| percent(share.share));
    markup! {
        h3 { "Shadow: " (shadow.classifier) }
        (figures(&[
            ("requests asked about", shadow.requests.to_string()),
            ("agrees with", agreement),
            ("would have cost", dollars(shadow.would.routed.cost_usd)),
            ("instead of", dollars(shadow.would.baseline.cost_usd)),
            ("would have taken", milliseconds(shadow.would.routed.mean_latency_ms)),
            ("instead of", milliseconds(shadow.would.baseline.mean_latency_ms)),
        ]))
        (table(&["decided", "shadow says", "requests"], &rows))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
fn count(requests: u64) -> f64 {
    requests as f64
}
