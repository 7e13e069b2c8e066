//! A simulation as a page of its own.

use maud::{Markup, html};
use proof::comparison::Sides;
use proof::simulation::{Curve, Point, Queued};

use super::told::{Side, Told};
use super::{show, tables};
use crate::demo::guide;
use crate::page::{Bar, Series, bars, document, figures, lines, prose, table};

/// The page.
pub(super) fn page(told: &Told) -> String {
    let main = &told.main;
    let savings = main.outcome.comparison.overall.savings();
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let body = html! {
        (figures(&[
            ("requests", told.requests().to_string()),
            ("time saved", percent(savings.latency)),
            ("cost saved", percent(savings.cost)),
            ("cost", show::dollars(main.outcome.comparison.overall.routed.cost)),
        ]))
        @for line in show::conclusion(told).lines() { p { (prose(line)) } }
        (table(&tables::categories(told)))
        @for (title, grid) in tables::beside(told) { h3 { (prose(title.trim_end_matches(':'))) } (table(&grid)) }
        (by_category(told))
        (moved(told))
        (sensitivity(main))
        (waiting(told))
        @if !told.notes.is_empty() {
            h2 { "To read these figures" }
            ul { @for note in &told.notes { li { (prose(note)) } } }
        }
    };
    document("Simulation", &show::headline(told).replace('\n', " "), &body)
}

fn by_category(told: &Told) -> Markup {
    let baseline = &told.main.baseline;
    let mut latencies = Vec::new();
    let mut costs = Vec::new();
    let mut add = |name: String, sums: &proof::comparison::Sums| {
        let (latency, cost) = (sums.mean_latency_ms(), sums.cost);
        latencies.push(Bar { name: name.clone(), value: latency, interval: None, figure: show::seconds(latency) });
        costs.push(Bar { name, value: cost.as_usd(), interval: None, figure: show::dollars(cost) });
    };
    let mut categories: Vec<(&String, &Sides)> = told.main.outcome.comparison.per_category.iter().collect();
    categories.sort_by_key(|(name, _)| (guide::place(name), *name));
    for (name, Sides { routed, .. }) in categories {
        add(name.clone(), routed);
    }
    add("all, routed".into(), &told.main.outcome.comparison.overall.routed);
    add(format!("all, {baseline} alone"), &told.main.outcome.comparison.overall.baseline);
    told.against
        .iter()
        .for_each(|side| add("all, other configuration".into(), &side.outcome.comparison.overall.routed));
    told.recorded.iter().for_each(|recorded| add("all, as recorded".into(), recorded));
    html! {
        h2 { "By category" }
        (bars("Mean time from request to end", &latencies))
        (bars("Cost", &costs))
    }
}

fn moved(told: &Told) -> Markup {
    if told.moves.models.is_empty() {
        return html! {};
    }
    let (grid, stay) = tables::moves(told);
    html! {
        h2 { (show::changes(told).trim_end_matches(':')) }
        @if !grid.rows.is_empty() { (table(&grid)) }
        @if let Some(stays) = show::stays(stay) { p { (stays) } }
    }
}

fn sensitivity(side: &Side) -> Markup {
    let curve = side.sensitivity.errors.as_ref();
    let prices = tables::prices(side);
    html! {
        @if curve.is_some() || prices.is_some() { h2 { "If errors or prices were others" } }
        @match curve {
            Some(curve) if curve.error_rate > 0.0 => { (drawn(curve)) (table(&tables::errors(curve))) }
            Some(curve) => p { (show::no_errors(curve)) },
            None => {}
        }
        @if let Some(prices) = prices { h3 { "If a model's price were another" } (table(&prices)) }
    }
}

fn drawn(curve: &Curve) -> Markup {
    let percent = |value: f64| format!("{value:.0} %");
    let place = |point: &Point| format!("× {} ({:.1} %)", point.factor, 100.0 * point.error_rate);
    let places: Vec<String> = curve.points.iter().map(place).collect();
    let saved = |name: &str, of: &dyn Fn(&Point) -> f64| Series {
        name: name.to_owned(),
        values: curve.points.iter().map(|point| Some(100.0 * of(point))).collect(),
    };
    let series =
        [saved("cost saved", &|point| point.savings.cost), saved("time saved", &|point| point.savings.latency)];
    lines(&format!("Savings over the classifier's errors (now {})", show::known(curve)), &places, &series, &percent)
}

fn waiting(told: &Told) -> Markup {
    let Some(grid) = tables::waits(told) else { return html! {} };
    let bar = |(name, queued): (String, Queued)| {
        let wait = queued.waiting_ms.mean;
        let figure = format!("{}, busy {:.0} %", show::seconds(wait), 100.0 * queued.utilisation);
        Bar { name, value: wait, interval: None, figure }
    };
    let all: Vec<Bar> = tables::waiting(told).into_iter().map(bar).collect();
    html! {
        h2 { "Waiting" }
        p { (show::WAITING) "." }
        @if all.iter().any(|bar| bar.value > 0.0) { (bars("Mean wait", &all)) }
        (table(&grid))
    }
}
