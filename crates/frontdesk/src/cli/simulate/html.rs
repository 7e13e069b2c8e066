//! A simulation as a page of its own.

use maud::{Markup, html};
use proof::comparison::Sides;

use super::show;
use super::told::{Side, Told};
use crate::page::{Bar, Series, bars, document, figures, lines, table};

/// The page.
pub(super) fn page(told: &Told) -> String {
    let main = &told.main;
    let savings = main.outcome.comparison.overall.savings();
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let head = show::head(told);
    let body = html! {
        (figures(&[
            ("requests", told.requests().to_string()),
            ("time saved", percent(savings.latency)),
            ("cost saved", percent(savings.cost)),
            ("cost", show::dollars(main.outcome.comparison.overall.routed.cost)),
        ]))
        @for line in show::conclusion(told).lines() { p { (line) } }
        (table(&head.iter().map(String::as_str).collect::<Vec<_>>(), &show::rows(told)))
        (by_category(told))
        (moved(told))
        (sensitivity(main))
        (waiting(main))
        @if !told.notes.is_empty() {
            h2 { "To read these figures" }
            ul { @for note in &told.notes { li { (note) } } }
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
    for (name, Sides { routed, .. }) in &told.main.outcome.comparison.per_category {
        add(name.clone(), routed);
    }
    add("all, routed".into(), &told.main.outcome.comparison.overall.routed);
    add(format!("all, {baseline}"), &told.main.outcome.comparison.overall.baseline);
    told.against.iter().for_each(|side| add("all, against".into(), &side.outcome.comparison.overall.routed));
    told.recorded.iter().for_each(|recorded| add("all, recorded".into(), recorded));
    html! {
        h2 { "By category" }
        (bars("Mean time from request to end", &latencies))
        (bars("Cost", &costs))
    }
}

fn moved(told: &Told) -> Markup {
    let row = |one: &proof::simulation::Move| {
        let [before, after] = one.mean_latency_ms.map(show::seconds);
        let [cost_before, cost_after] = one.cost_nano_usd.map(|cost| show::dollars(routing::NanoUsd(cost)));
        vec![format!("{} → {}", one.from, one.to), one.requests.to_string(), before, after, cost_before, cost_after]
    };
    let rows: Vec<_> = told.moves.models.iter().map(row).collect();
    html! {
        h2 { "What moves, from " (told.moves.from) " to " (told.moves.to) }
        (table(&["models", "requests", "latency before", "after", "cost before", "after"], &rows))
    }
}

fn sensitivity(side: &Side) -> Markup {
    let percent = |value: f64| format!("{value:.0} %");
    let curve = side.sensitivity.errors.as_ref().map(|curve| {
        let places: Vec<_> = curve
            .points
            .iter()
            .map(|point| format!("× {} ({:.1} %)", point.factor, 100.0 * point.error_rate))
            .collect();
        // The kit draws from zero: a loss is a gap.
        let saved = |of: &dyn Fn(&proof::simulation::Point) -> f64| {
            curve.points.iter().map(|point| Some(100.0 * of(point)).filter(|share| *share >= 0.0)).collect()
        };
        let series = [
            Series { name: "cost saved".into(), values: saved(&|point| point.savings.cost) },
            Series { name: "time saved".into(), values: saved(&|point| point.savings.latency) },
        ];
        lines(&format!("Savings over the classifier's errors (now {})", show::known(curve)), &places, &series, &percent)
    });
    let row = |change: &proof::simulation::Change| {
        let money = [change.cost_usd, change.baseline_cost_usd].map(|usd| format!("${usd:.4}"));
        let begin = [format!("{} × {}", change.model, change.factor)];
        let share = format!("{:.1} %", 100.0 * change.savings_cost);
        begin.into_iter().chain(money).chain([share]).collect::<Vec<_>>()
    };
    let rows: Vec<_> = side.sensitivity.prices.iter().map(row).collect();
    html! {
        h2 { "If errors or prices were others" }
        @if let Some(curve) = curve { (curve) }
        (table(&["price of", "cost", "baseline", "saves"], &rows))
    }
}

fn waiting(side: &Side) -> Markup {
    let Some(queue) = side.queue() else { return html! {} };
    let bar = |queued: &proof::simulation::Queued| Bar {
        name: queued.model.clone(),
        value: queued.waiting_ms.mean,
        interval: None,
        figure: format!("{}, busy {:.0} %", show::seconds(queued.waiting_ms.mean), 100.0 * queued.utilisation),
    };
    let alone = queue.baseline.as_ref().map(|queued| Bar { name: format!("{} alone", queued.model), ..bar(queued) });
    let all: Vec<_> = queue.models.iter().filter(|queued| queued.requests > 0).map(bar).chain(alone).collect();
    html! {
        h2 { "Waiting" }
        (bars("Mean wait for a model that is busy", &all))
    }
}
