//! A simulation for people, in the terminal.

use comfy_table::{CellAlignment, Table, presets};
use proof::comparison::{Sides, Sums};
use proof::simulation::{Change, Curve, Known};
use routing::NanoUsd;

use super::play::Play;
use super::told::{Moved, Queues, Side, Source, Told};
use crate::demo::guide;

/// The most rows of a table of moves.
const MOST_MOVES: usize = 12;

/// Everything.
pub(super) fn text(told: &Told) -> String {
    let mut parts = vec![headline(told), table(told).to_string(), conclusion(told)];
    parts.push(moves(&told.moves));
    if let Some(queue) = told.main.queue() {
        parts.push(waiting(&queue, &told.main.baseline));
    }
    parts.push(sensitivity(&told.main));
    if !told.notes.is_empty() {
        parts.push(told.notes.join("\n"));
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
            format!("{requests} requests of the guide's mix, {input} tokens in and {output} out")
        }
        Source::Prompts(_) => format!("{requests} prompts"),
        Source::Ledger(_) => format!("{requests} answered requests of the ledger"),
    };
    let side = |side: &Side| {
        let changed = side.changed.join(", ");
        let with = if changed.is_empty() { String::new() } else { format!(" with {changed}") };
        format!("router `{}` of {}{with}", side.router, side.config)
    };
    let mut text = format!("{what}, reckoned from models' speeds and prices: {}", side(&told.main));
    if let Some(against) = &told.against {
        text.push_str(&format!(", beside {}", side(against)));
    }
    text.push_str(".\nNothing was sent.");
    text
}

/// The columns of the table.
pub(super) fn head(told: &Told) -> Vec<String> {
    let alone = format!("{} alone", told.main.baseline);
    let mut head = vec!["category".to_owned(), "requests".into(), "latency".into(), "p95".into()];
    if matches!(told.source, Source::Guide) {
        head.push("guide says".into());
    }
    head.extend([alone.clone(), "cost".into(), alone]);
    if told.against.is_some() {
        head.extend(["against: requests", "latency", "cost"].map(ToOwned::to_owned));
    }
    if told.without_judge.is_some() {
        head.extend(["embedded: latency", "cost"].map(ToOwned::to_owned));
    }
    head
}

/// A row for each category of either configuration, and one for all.
pub(super) fn rows(told: &Told) -> Vec<Vec<String>> {
    let sides = [Some(&told.main), told.against.as_ref(), told.without_judge.as_ref()];
    let categories = |side: &Side| side.outcome.comparison.per_category.keys().cloned().collect::<Vec<_>>();
    let mut names: Vec<String> = sides.into_iter().flatten().flat_map(categories).collect();
    names.sort_by_key(|name| (guide::place(name), name.clone()));
    names.dedup();
    let none = Sides::default();
    let of = |side: Option<&Side>, name: &str| {
        side.map(|side| side.outcome.comparison.per_category.get(name).unwrap_or(&none).clone())
    };
    let mut rows: Vec<Vec<String>> =
        names.iter().map(|name| row(told, (name, guide::latency_ms(name)), sides.map(|side| of(side, name)))).collect();
    let overall = sides.map(|side| side.map(|side| side.outcome.comparison.overall.clone()));
    rows.push(row(told, ("all", Some(guide::mean_ms())), overall));
    rows
}

fn row(told: &Told, (name, guide): (&str, Option<f64>), [main, against, embedded]: [Option<Sides>; 3]) -> Vec<String> {
    let Sides { routed, baseline } = main.unwrap_or_default();
    let p95 = if routed.requests > 0 { seconds(routed.spread().p95) } else { "-".to_owned() };
    let mut row = vec![name.to_owned(), routed.requests.to_string(), mean(&routed), p95];
    if matches!(told.source, Source::Guide) {
        row.push(guide.map_or_else(|| "-".to_owned(), seconds));
    }
    row.extend([mean(&baseline), dollars(routed.cost), dollars(baseline.cost)]);
    if let Some(Sides { routed, .. }) = against {
        row.extend([routed.requests.to_string(), mean(&routed), dollars(routed.cost)]);
    }
    if let Some(Sides { routed, .. }) = embedded {
        row.extend([mean(&routed), dollars(routed.cost)]);
    }
    row
}

fn table(told: &Told) -> Table {
    let mut table = plain(&head(told).iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows(told) {
        table.add_row(row);
    }
    right(table, 1)
}

fn plain(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(head);
    table
}

fn right(mut table: Table, from: usize) -> Table {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
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
            "As recorded, a request took {time} and all cost {cost}: this takes {} time and costs {}.",
            less(now.latency),
            less(now.cost)
        ));
    }
    if let Some(difference) = told.difference() {
        let (time, cost) = (less(difference.latency), less(difference.cost));
        lines.push(format!("The other configuration takes {time} time and costs {cost} than this one."));
    }
    if main.known > 0 {
        lines.push(format!("{} of {} requests with a label went to the category of it.", main.as_meant, main.known));
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

fn moves(moved: &Moved) -> String {
    if moved.models.is_empty() {
        return String::new();
    }
    let mut table = plain(&["from", "to", "requests", "latency before", "after", "cost before", "after"]);
    for one in moved.models.iter().take(MOST_MOVES) {
        let [before, after] = one.mean_latency_ms.map(seconds);
        let [cost_before, cost_after] = one.cost_nano_usd.map(|cost| dollars(NanoUsd(cost)));
        let names = [one.from.clone(), one.to.clone(), one.requests.to_string()];
        table.add_row(names.into_iter().chain([before, after, cost_before, cost_after]));
    }
    let mut text = format!("What moves, from {} to {}:\n{}", side(moved.from), side(moved.to), right(table, 2));
    if moved.models.len() > MOST_MOVES {
        text.push_str(&format!("\nand {} more, see --json", moved.models.len() - MOST_MOVES));
    }
    text
}

fn side(word: &str) -> &str {
    match word {
        "recorded" => "where it was",
        "baseline" => "the baseline",
        "against" => "the other configuration",
        _ => "this configuration",
    }
}

fn waiting(queue: &Queues, baseline: &str) -> String {
    let mut table = plain(&["model", "at once", "requests", "busy", "waited", "mean wait", "p95", "p99"]);
    let alone = format!("{baseline} alone");
    let named = queue.models.iter().filter(|queued| queued.requests > 0).map(|queued| (queued.model.as_str(), queued));
    for (name, queued) in named.chain(queue.baseline.iter().map(|queued| (&*alone, queued))) {
        let spread = queued.waiting_ms.spread;
        let shares = [queued.utilisation, queued.waited].map(|share| format!("{:.0} %", 100.0 * share));
        let waits = [queued.waiting_ms.mean, spread.p95, spread.p99].map(seconds);
        let counts = [name.to_owned(), queued.concurrent.to_string(), queued.requests.to_string()];
        table.add_row(counts.into_iter().chain(shares).chain(waits));
    }
    format!("Waiting for models that answer only so many at once (it is in the latency):\n{}", right(table, 1))
}

fn sensitivity(side: &Side) -> String {
    let errors = side.sensitivity.errors.as_ref().map(errors);
    let prices = (!side.sensitivity.prices.is_empty()).then(|| prices(&side.sensitivity.prices));
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
        return format!(
            "By {} labels the classifier did not err, so that there is no more or less of it.",
            curve.labels
        );
    }
    let mut table = plain(&["errors", "latency", "cost", "saves time", "saves cost"]);
    for point in &curve.points {
        let shares = [point.savings.latency, point.savings.cost].map(|share| format!("{:.1} %", 100.0 * share));
        let figures = [format!("{:.1} %", 100.0 * point.error_rate), seconds(point.mean_latency_ms)];
        table.add_row(figures.into_iter().chain([format!("${:.4}", point.cost_usd)]).chain(shares));
    }
    format!("If the classifier erred less or more (now {}):\n{}", known(curve), right(table, 0))
}

fn prices(changes: &[Change]) -> String {
    let mut table = plain(&["price of", "times", "cost", "baseline", "saves"]);
    for change in changes {
        let money = [change.cost_usd, change.baseline_cost_usd].map(|usd| format!("${usd:.4}"));
        let begin = [change.model.clone(), format!("{}", change.factor)];
        let share = format!("{:.1} %", 100.0 * change.savings_cost);
        table.add_row(begin.into_iter().chain(money).chain([share]));
    }
    format!("If a model's price were another:\n{}", right(table, 1))
}

/// What must be known to read the figures.
pub(super) fn notes(told: &Told, play: &Play<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let main = &told.main;
    source_notes(told, &mut notes);
    for side in [Some(main), told.against.as_ref()].into_iter().flatten() {
        side_notes(side, matches!(told.source, Source::Ledger(_)), &mut notes);
    }
    if main.sensitivity.errors.is_none()
        && main.classifier != "none"
        && main.changed.iter().all(|one| !one.starts_with("all on"))
    {
        notes.push(
            "How often the classifier errs is not known here: label a sample (`frontdesk sample`, `label`), or say it with \
             --errors 0.1 or --errors eval.json."
                .to_owned(),
        );
    }
    let queued = told.main.queue().is_some() || told.against.as_ref().is_some_and(|side| side.queue().is_some());
    if play.pace.arrivals.is_some() && !queued {
        notes.push(
            "No model has `concurrent` in its profile, so nothing waits: write it there, or say --concurrent ALIAS=8."
                .to_owned(),
        );
    }
    notes
}

fn source_notes(told: &Told, notes: &mut Vec<String>) {
    match told.source {
        Source::Guide => notes.push(
            "The prompts are among those that the built-in classifier was trained on: how right it is on others, \
             `frontdesk eval` and weights/README.md tell."
                .to_owned(),
        ),
        Source::Prompts(counts) if counts.without_output > 0 => notes.push(format!(
            "{} of {} prompts do not say how long their answer is: {} tokens are taken for it (--output-tokens).",
            counts.without_output, counts.requests, counts.output_tokens
        )),
        Source::Prompts(_) => {}
        Source::Ledger(counts) => {
            if counts.unanswered > 0 {
                notes.push(format!(
                    "{} requests whose client did not get its whole answer are left out.",
                    counts.unanswered
                ));
            }
            if counts.shadowed > 0 {
                notes.push(format!(
                    "{} of {} requests have the category that the shadow classifier said.",
                    counts.shadowed, counts.requests
                ));
            }
        }
    }
}

fn side_notes(side: &Side, replayed: bool, notes: &mut Vec<String>) {
    let of = &side.config;
    let estimated = side.estimated();
    if estimated.scaled + estimated.as_written > 0 {
        notes.push(format!(
            "Output tokens under {of}: {} requests stay with the model that wrote them, {} are scaled by how much the other \
             model writes in their category, {} are taken as they were (fewer than 20 answers to compare).",
            estimated.own, estimated.scaled, estimated.as_written
        ));
    }
    if replayed {
        let list = |known| side.measured(known).join(", ");
        let (measured, profile) = (list(Known::Measured), list(Known::Profile));
        let or_none = |list: &str| if list.is_empty() { "none".to_owned() } else { list.to_owned() };
        notes.push(format!("Speeds under {of}: measured {}; by profile {}.", or_none(&measured), or_none(&profile)));
    }
    let queues = side.outcome.queued.iter().chain(&side.outcome.queued_on_baseline);
    let mut late: Vec<&str> = queues.filter(|queued| queued.is_late()).map(|queued| queued.model.as_str()).collect();
    late.dedup();
    if !late.is_empty() {
        notes.push(format!(
            "{} cannot keep up with these arrivals under {of}: waits grow for as long as requests come.",
            late.join(", ")
        ));
    }
    if side.classified_anew > 0 {
        notes.push(format!(
            "{} requests were classified anew under {of}; the others keep their category.",
            side.classified_anew
        ));
    }
    if side.unknown_category > 0 {
        notes.push(format!(
            "{} requests are of categories that `{}` of {of} has not: its default takes them.",
            side.unknown_category, side.router
        ));
    }
    if side.outcome.judged > 0 {
        notes.push(format!(
            "A judge was asked {} times under {of}; it is taken to say what a request was meant to be, else what the embedded \
             classifier says.",
            side.outcome.judged
        ));
    }
    for model in &side.unpriced {
        notes.push(format!(
            "{model} has no price under {of}, so that its cost is missing: write price = {{ input = …, output = … }} under \
             [models.{model}], or say --price {model}.output=…"
        ));
    }
    for (why, count) in &side.outcome.refused {
        notes.push(format!("{count} requests are left out under {of}: {why}."));
    }
}

pub(super) fn mean(sums: &Sums) -> String {
    if sums.requests == 0 { "-".to_owned() } else { seconds(sums.mean_latency_ms()) }
}

pub(super) fn seconds(milliseconds: f64) -> String {
    format!("{:.2} s", milliseconds / 1e3)
}

pub(super) fn dollars(cost: NanoUsd) -> String {
    let usd = cost.as_usd();
    if usd >= 100.0 { format!("${usd:.2}") } else { format!("${usd:.4}") }
}
