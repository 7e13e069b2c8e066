//! The report for a terminal: a screen a router.

use comfy_table::{CellAlignment, Table, presets};
use proof::report::{Group, Report, RouterReport, Says, Shadow};
use proof::share::Share;

use super::words::{dollars, milliseconds, percent, savings, when};

/// The whole report.
#[must_use]
pub fn terminal(report: &Report) -> String {
    let mut text = when(report);
    for router in &report.routers {
        text.push_str("\n\n");
        text.push_str(&part(router));
    }
    text
}

fn part(router: &RouterReport) -> String {
    let requests = router.total.figures.requests;
    let mut parts = Vec::new();
    match &router.router {
        Some(name) => parts.push(format!("Router {name}: {requests} requests")),
        None => parts.push(format!("Without a router (a model was named, or it failed before): {requests} requests")),
    }
    if let Some(verdict) = &router.verdict {
        parts.push(verdict.sentence.clone());
    }
    if router.router.is_some() {
        parts.push(groups("category", router.per_category.iter(), Some(&router.total), true));
    }
    parts.push(groups("model", router.per_model.iter(), None, false));
    let quality = quality(router);
    if let Some(table) = quality {
        parts.push(table);
    }
    let mut sentences = savings(router);
    sentences.extend(router.notes.iter().cloned());
    if let Some(verdict) = &router.verdict {
        let shown = verdict.checks.iter().filter(|check| check.figure.is_some() || check.says == Says::Open);
        sentences.extend(shown.map(|check| format!("{} {}", mark(check.says), check.sentence)));
    }
    if !sentences.is_empty() {
        parts.push(sentences.join("\n"));
    }
    if let Some(shadow) = &router.shadow {
        parts.push(of_shadow(shadow));
    }
    parts.join("\n\n")
}

/// What a check says, at the begin of its line.
fn mark(says: Says) -> &'static str {
    match says {
        Says::For => "  yes ",
        Says::Against => "  no  ",
        Says::Open => "  ?   ",
        Says::Nothing => "  -   ",
    }
}

fn groups<'a>(
    name: &str,
    all: impl Iterator<Item = (&'a String, &'a Group)>,
    total: Option<&Group>,
    alone: bool,
) -> String {
    let mut table = new_table();
    let mut head = vec![name, "requests", "share", "errors", "fallback", "first", "p95", "mean", "p50", "p95", "p99"];
    head.extend(["tokens in", "out", "cost"]);
    let alone = alone && total.is_some_and(|total| total.baseline.is_some());
    if alone {
        head.extend(["alone", "mean"]);
    }
    table.set_header(head);
    let mut all: Vec<(&str, &Group)> = all.map(|(name, group)| (name.as_str(), group)).collect();
    all.sort_by_key(|(_, group)| std::cmp::Reverse(group.figures.requests));
    for (name, group) in all.into_iter().chain(total.map(|total| ("all", total))) {
        table.add_row(row(name, group, alone));
    }
    align(&mut table);
    table.to_string()
}

fn row(name: &str, group: &Group, alone: bool) -> Vec<String> {
    let figures = &group.figures;
    let mut row = vec![
        name.to_owned(),
        figures.requests.to_string(),
        percent(figures.share),
        figures.errors.to_string(),
        figures.fallbacks.to_string(),
    ];
    let first = &figures.first_token_ms;
    let whole = &figures.latency_ms;
    row.extend([first.p50, first.p95, whole.mean, whole.p50, whole.p95, whole.p99].map(milliseconds));
    row.extend([figures.tokens.input.to_string(), figures.tokens.output.to_string()]);
    row.push(dollars(Some(figures.cost_usd)));
    if alone {
        let side = group.baseline.unwrap_or_default();
        row.extend([dollars(side.cost_usd), milliseconds(side.mean_latency_ms)]);
    }
    row
}

/// What is known of how good answers and decisions are, where anything is.
fn quality(router: &RouterReport) -> Option<String> {
    let known = |group: &Group| group.feedback.is_some() || group.judged.is_some() || group.accuracy.is_some();
    let rows: Vec<_> = router.per_category.iter().filter(|(_, group)| known(group)).collect();
    if rows.is_empty() {
        return None;
    }
    let mut table = new_table();
    table.set_header([
        "category",
        "right",
        "95 %",
        "labels",
        "feedback",
        "95 %",
        "scores",
        "corrected",
        "won",
        "tied",
        "lost",
    ]);
    for (name, group) in rows.into_iter().map(|(name, group)| (name.as_str(), group)).chain([("all", &router.total)]) {
        let right = group.accuracy.map(|right| (percent(right.accuracy), interval(right.ci95), right.labels));
        let right = right.map_or([dash(), dash(), dash()], |(share, ci95, n)| [share, ci95, n.to_string()]);
        let feedback = group.feedback.map_or([dash(), dash(), dash(), dash()], |one| {
            let [share, ci95] = shares(one.score);
            [share, ci95, one.scored.to_string(), format!("{} of {}", one.corrected, one.labelled)]
        });
        let judged = group.judged.map_or([dash(), dash(), dash()], |standing| {
            let outcomes = standing.outcomes;
            [outcomes.wins, outcomes.ties, outcomes.losses].map(|count| count.to_string())
        });
        table.add_row([name.to_owned()].into_iter().chain(right).chain(feedback).chain(judged));
    }
    align(&mut table);
    Some(table.to_string())
}

fn of_shadow(shadow: &Shadow) -> String {
    let mut text = format!(
        "The shadow ({}) was asked about {} requests; it agrees with {}, took {} (p95 {}) and cost {}.",
        shadow.classifier,
        shadow.requests,
        shadow.agreement.map_or_else(dash, |share| percent(share.share)),
        milliseconds(shadow.took_ms.p50),
        milliseconds(shadow.took_ms.p95),
        dollars(Some(shadow.cost_usd)),
    );
    let said: Vec<String> = shadow.per_category.iter().map(|(name, requests)| format!("{name} {requests}")).collect();
    text.push_str(&format!(" It said: {}.", said.join(", ")));
    if let Some(accuracy) = shadow.accuracy {
        let share = percent(accuracy.share);
        text.push_str(&format!(" By {} labels it is right in {share} ({}).", shadow.labels, interval(accuracy.ci95)));
    }
    let (would, was) = (&shadow.would.routed, &shadow.would.baseline);
    if would.requests > 0 {
        let (cost, now) = (dollars(would.cost_usd), dollars(was.cost_usd));
        text.push_str(&format!(
            "\nWith its categories {} requests would have cost {cost} instead of {now}, and taken {} instead of {} each.",
            would.requests,
            milliseconds(would.mean_latency_ms),
            milliseconds(was.mean_latency_ms),
        ));
    }
    if shadow.differing.is_empty() {
        return text;
    }
    let mut table = new_table();
    table.set_header(["decided", "shadow says", "requests"]);
    for one in shadow.differing.iter().take(10) {
        table.add_row([one.decided.clone(), one.said.clone(), one.requests.to_string()]);
    }
    format!("{text}\n\n{table}")
}

fn shares(share: Option<Share>) -> [String; 2] {
    share.map_or([dash(), dash()], |share| [format!("{:.2}", share.share), interval(share.ci95)])
}

fn interval([low, high]: [f64; 2]) -> String {
    format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high)
}

fn dash() -> String {
    "-".to_owned()
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

/// Figures stand at the right.
fn align(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
