//! The report as one self-contained page.

use maud::{Markup, html as markup};
use proof::report::{Answer, Figures, Group, Report, RouterReport, Says, Shadow, Verdict};

use super::tables::{by_category, by_model, categories, differing, interval, quality};
use super::words::{checks, dollars, milliseconds, percent, savings, when};
use crate::page::{Bar, Series, bars, document, figures, lines, prose, remarks, table};

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
        None => "Without a router (a model was named, or it failed before)".to_owned(),
    };
    markup! {
        section {
            h2 { (title) }
            @if let Some(verdict) = &router.verdict { p class=(verdict_class(verdict)) { (prose(&verdict.sentence)) } }
            (headline(router))
            (saved(router))
            @for sentence in savings(router).iter().chain(&router.notes) { p { (prose(sentence)) } }
            (weighed(router))
            @if router.router.is_some() { (distribution(router)) }
            (known_quality(router))
            h3 { "By model" }
            @for grid in by_model(router) { (table(&grid)) }
            (over_time(router))
            @if let Some(shadow) = &router.shadow { (of_shadow(shadow)) }
        }
    }
}

fn headline(router: &RouterReport) -> Markup {
    let (total, savings) = (&router.total.figures, &router.savings);
    let mut shown = vec![
        ("requests", total.requests.to_string()),
        ("cost", dollars(Some(total.cost_usd))),
        ("mean time", milliseconds(total.mean_latency_ms)),
        ("errors", total.errors.to_string()),
    ];
    let saved = [("money saved", savings.cost), ("time saved", savings.latency)];
    shown.extend(saved.into_iter().filter_map(|(name, share)| Some((name, format!("{:.0} %", 100.0 * share?)))));
    figures(&shown)
}

fn verdict_class(verdict: &Verdict) -> &'static str {
    match verdict.answer {
        Answer::Pays => "verdict yes",
        Answer::DoesNotPay => "verdict no",
        Answer::Unclear => "verdict",
    }
}

/// What routing saves as bars with the intervals that it is known in, losses to the left.
fn saved(router: &RouterReport) -> Markup {
    let savings = &router.savings;
    let bar = |name: &str, saved: Option<f64>, ci95: Option<[f64; 2]>| {
        let saved = saved?;
        let figure = ci95.map_or_else(
            || format!("{:.0} %", 100.0 * saved),
            |[low, high]| format!("{:.0} % ({:.0} to {:.0})", 100.0 * saved, 100.0 * low, 100.0 * high),
        );
        Some(Bar { name: name.to_owned(), value: saved, interval: ci95, figure })
    };
    let all = [bar("money", savings.cost, savings.cost_ci95), bar("time", savings.latency, savings.latency_ci95)];
    let all: Vec<Bar> = all.into_iter().flatten().collect();
    let baseline = router.baseline.as_deref().unwrap_or("the baseline");
    markup! {
        @if !all.is_empty() { (bars(&format!("Saved beside {baseline} alone, with 95 % intervals"), &all)) }
    }
}

fn weighed(router: &RouterReport) -> Markup {
    let says = |says| match says {
        Says::For => "speaks for routing",
        Says::Against => "speaks against it",
        Says::Open => "not known",
        Says::Nothing => "does not count",
    };
    let rows: Vec<(&str, &str)> = checks(router).map(|check| (says(check.says), check.sentence.as_str())).collect();
    markup! { @if !rows.is_empty() { (remarks(&rows)) } }
}

fn distribution(router: &RouterReport) -> Markup {
    let drawn = |of: &dyn Fn(&Group) -> Option<(f64, String)>| -> Vec<Bar> {
        let bar = |(name, group): (&str, &Group)| {
            let (value, figure) = of(group)?;
            Some(Bar { name: name.to_owned(), value, interval: None, figure })
        };
        categories(router).into_iter().filter_map(bar).collect()
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
        @if !times.is_empty() { (bars("Mean time of an answer", &times)) }
        (bars("Cost", &costs))
        @for grid in by_category(router) { (table(&grid)) }
    }
}

/// How good decisions and answers are, where somebody has said.
fn known_quality(router: &RouterReport) -> Markup {
    let Some(grid) = quality(router) else { return markup! {} };
    let right = |(name, group): (&str, &Group)| {
        let right = group.accuracy?;
        let figure = format!("{} ({})", percent(right.accuracy), interval(right.ci95));
        Some(Bar { name: name.to_owned(), value: right.accuracy, interval: Some(right.ci95), figure })
    };
    let all: Vec<Bar> = categories(router).into_iter().chain([("all", &router.total)]).filter_map(right).collect();
    markup! {
        h3 { "Quality" }
        @if !all.is_empty() { (bars("How often the category is right, with 95 % intervals", &all)) }
        (table(&grid))
    }
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
    let requests: Vec<Series> = categories(router)
        .into_iter()
        .map(|(name, _)| Series {
            name: name.to_owned(),
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
        (lines("Requests by category", &places, &requests, &whole))
        (lines("Time of an answer", &places, &times, &|value| milliseconds(Some(value))))
        (lines("Cost", &places, &cost, &|value| dollars(Some(value))))
    }
}

/// A number of requests; an axis of a few has places between, which are not named.
fn whole(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { String::new() }
}

fn of_shadow(shadow: &Shadow) -> Markup {
    let differing = differing(shadow);
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
        @if !differing.rows.is_empty() { (table(&differing)) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
fn count(requests: u64) -> f64 {
    requests as f64
}
