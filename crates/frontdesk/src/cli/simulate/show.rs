//! A simulation for people, in the terminal.

use proof::report::words::counted;
use proof::simulation::Curve;
use routing::NanoUsd;

use super::tables;
use super::told::{Side, Source, Told};
use crate::demo::guide;
use crate::screen::{list, paragraph};

/// What a table of waits is.
pub(super) const WAITING: &str = "Waiting for models that answer only so many at once (it is in the latency)";
/// The most rows of a table of moves.
const MOST_MOVES: usize = 12;

/// Everything.
pub(super) fn text(told: &Told) -> String {
    let mut parts = vec![paragraph(&headline(told)), tables::categories(told).text(), list(&conclusion(told))];
    parts.extend(tables::beside(told).into_iter().map(|(title, grid)| format!("{title}\n{}", grid.text())));
    parts.push(moves(told));
    parts.extend(tables::waits(told).map(|grid| format!("{WAITING}:\n{}", grid.text())));
    parts.push(sensitivity(&told.main));
    if !told.notes.is_empty() {
        let notes: Vec<String> = told.notes.iter().map(|note| format!("- {note}")).collect();
        parts.push(format!("To read these figures:\n{}", list(&notes.join("\n"))));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// What was simulated, in one or two sentences.
pub(super) fn headline(told: &Told) -> String {
    let requests = told.requests();
    let what = match told.source {
        Source::Guide => {
            let (input, output) = (guide::INPUT_TOKENS, guide::OUTPUT_TOKENS);
            format!("{} of the guide's mix, {input} tokens in and {output} out", counted(requests))
        }
        Source::Prompts(_) if requests == 1 => "1 prompt".to_owned(),
        Source::Prompts(_) => format!("{requests} prompts"),
        Source::Ledger(_) if requests == 1 => "1 answered request of the ledger".to_owned(),
        Source::Ledger(_) => format!("{requests} answered requests of the ledger"),
    };
    let mut text = format!("{what}, reckoned from models' speeds and prices: {}", other(&told.main));
    if let Some(against) = &told.against {
        text.push_str(&format!(", beside {}", other(against)));
    }
    text.push_str(".\nNothing was sent.");
    text
}

/// A configuration's router, and what is other than written.
pub(super) fn other(side: &Side) -> String {
    let changed = side.changed.join(", ");
    let with = if changed.is_empty() { String::new() } else { format!(" with {changed}") };
    format!("router `{}` of {}{with}", side.router, side.config)
}

/// What follows from the table.
pub(super) fn conclusion(told: &Told) -> String {
    let main = &told.main.outcome.comparison;
    let savings = main.overall.savings();
    let mut lines = vec![format!(
        "Routing takes {} time and costs {} than {} alone.",
        less(savings.latency),
        less(savings.cost),
        told.main.baseline
    )];
    if matches!(told.source, Source::Guide) {
        let guide = 100.0 * (1.0 - guide::mean_ms() / guide::BASELINE_MS);
        let alone = seconds(guide::BASELINE_MS);
        lines.push(format!("The guide's rows say {guide:.0} % less than {alone}, its text 40 %."));
    }
    if let Some(recorded) = &told.recorded {
        let now = proof::comparison::Savings::of(&main.overall.routed, recorded);
        let (time, cost) = (seconds(recorded.mean_latency_ms()), dollars(recorded.cost));
        lines.push(format!(
            "As recorded, a request took {time} and all cost {cost}; this configuration takes {} time and costs {}.",
            less(now.latency),
            less(now.cost)
        ));
    }
    if let Some(difference) = told.difference() {
        let (time, cost) = (less(difference.latency), less(difference.cost));
        lines.push(format!("The other configuration takes {time} time and costs {cost} than this one."));
    }
    if main.known > 0 {
        lines.push(format!("{} of {} with a label went to its category.", main.as_meant, counted(main.known)));
    }
    if let Some(embedded) = &told.without_judge {
        let without = embedded.outcome.comparison.overall.routed.mean_latency_ms();
        let slower = seconds(main.overall.routed.mean_latency_ms() - without);
        lines.push(format!("Asking a model takes {slower} a request longer than the embedded classifier."));
    }
    lines.join("\n")
}

fn less(share: f64) -> String {
    let percent = 100.0 * share;
    if percent.abs() < 0.5 {
        "about as much".to_owned()
    } else if percent < 0.0 {
        format!("{:.0} % more", -percent)
    } else {
        format!("{percent:.0} % less")
    }
}

fn moves(told: &Told) -> String {
    if told.moves.models.is_empty() {
        return String::new();
    }
    let (mut grid, stay) = tables::moves(told);
    let left_out = grid.rows.len().saturating_sub(MOST_MOVES);
    grid.rows.truncate(MOST_MOVES);
    let mut parts = vec![changes(told)];
    parts.extend((!grid.rows.is_empty()).then(|| grid.text()));
    parts.extend((left_out > 0).then(|| format!("and {left_out} more, see --json")));
    parts.extend(stays(stay));
    parts.join("\n")
}

/// What a table of moves is of.
pub(super) fn changes(told: &Told) -> String {
    format!("What changes, from {} to {}:", side(told.moves.from), side(told.moves.to))
}

/// How many requests no change concerns.
pub(super) fn stays(requests: u64) -> Option<String> {
    (requests > 0).then(|| format!("For {} nothing changes: the same model, time and cost.", counted(requests)))
}

fn side(word: &str) -> &str {
    match word {
        "recorded" => "where it was",
        "baseline" => "the baseline",
        "against" => "the other configuration",
        _ => "this configuration",
    }
}

fn sensitivity(side: &Side) -> String {
    let errors = side.sensitivity.errors.as_ref().map(errors);
    let prices = tables::prices(side).map(|grid| format!("If a model's price were another:\n{}", grid.text()));
    errors.into_iter().chain(prices).collect::<Vec<_>>().join("\n\n")
}

/// How the errors of a curve are known.
pub(super) fn known(curve: &Curve) -> String {
    let percent = 100.0 * curve.error_rate;
    match curve.source {
        "labels" => format!("{percent:.1} % by {} labels", curve.labels),
        "evaluation" => format!("{percent:.1} % by an evaluation of {} prompts", curve.labels),
        _ => format!("{percent:.1} %, as given"),
    }
}

fn errors(curve: &Curve) -> String {
    if curve.error_rate <= 0.0 {
        return no_errors(curve);
    }
    format!("If the classifier erred less or more (now {}):\n{}", known(curve), tables::errors(curve).text())
}

/// There is nothing to draw of a classifier that does not err.
pub(super) fn no_errors(curve: &Curve) -> String {
    match curve.source {
        "labels" | "evaluation" => {
            format!("By {} labels the classifier did not err: there is no more or less of it.", curve.labels)
        }
        _ => "As given, the classifier does not err: there is no more or less of it.".to_owned(),
    }
}

pub(super) fn seconds(milliseconds: f64) -> String {
    format!("{:.2} s", milliseconds / 1e3)
}

pub(super) fn dollars(cost: NanoUsd) -> String {
    usd(cost.as_usd())
}

/// Dollars: cents where there are many, and enough places for the cost of one request.
pub(super) fn usd(usd: f64) -> String {
    if usd > 0.0 && usd < 0.001 {
        format!("${usd:.6}")
    } else if usd >= 100.0 {
        format!("${usd:.2}")
    } else {
        format!("${usd:.4}")
    }
}
