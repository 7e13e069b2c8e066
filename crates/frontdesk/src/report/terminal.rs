//! The report for a terminal: a screen a router.

use comfy_table::{CellAlignment, Table, presets};
use proof::report::{Case, Figures, Group, Report, RouterReport, Says, Shadow};

use super::words::{dollars, milliseconds, percent, savings, short, spark, step, when};

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
        parts.push(groups("category", router.per_category.iter(), Some(&router.total)));
    }
    parts.push(groups("model", router.per_model.iter(), None));
    let quality = quality(router);
    if let Some(table) = quality {
        parts.push(table);
    }
    if router.trend.points.len() > 1 {
        let trend = &router.trend;
        let bars = spark(trend.points.iter().map(|point| point.requests));
        parts.push(format!("Requests, each bar {}: {bars}", step(trend.step_hours)));
    }
    let mut sentences = savings(router);
    sentences.extend(router.notes.iter().cloned());
    if let Some(verdict) = &router.verdict {
        // What is saved has been said with how it is known.
        let shown = verdict.checks.iter().filter(|check| !matches!(check.case, Case::Cost | Case::Latency));
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
        Says::For => "+",
        Says::Against => "-",
        Says::Open => "?",
        Says::Nothing => " ",
    }
}

/// Two tables of the same groups: what there is of them, and how long they took.
fn groups<'a>(name: &str, all: impl Iterator<Item = (&'a String, &'a Group)>, total: Option<&Group>) -> String {
    let mut all: Vec<(&str, &Group)> = all.map(|(name, group)| (name.as_str(), group)).collect();
    all.sort_by_key(|(_, group)| std::cmp::Reverse(group.figures.requests));
    all.extend(total.map(|total| ("all", total)));
    let compared = total.is_some_and(|total| total.baseline.is_some());
    format!("{}\n\n{}", amounts(name, &all, compared), times(name, &all, compared))
}

fn amounts(name: &str, all: &[(&str, &Group)], compared: bool) -> Table {
    let mut table = new_table();
    let head = [name, "requests", "share", "errors", "left", "fallbacks", "tokens in", "out", "cost", "baseline"];
    table.set_header(head.into_iter().take(if compared { 10 } else { 9 }));
    for (name, group) in all {
        let Figures { requests, share, errors, left, fallbacks, tokens, cost_usd, .. } = group.figures;
        let mut row = vec![(*name).to_owned(), requests.to_string(), percent(share)];
        row.extend([errors, left, fallbacks].map(|count| count.to_string()));
        row.extend([tokens.input, tokens.output].map(short));
        row.push(dollars(Some(cost_usd)));
        if compared {
            row.push(dollars(group.baseline.and_then(|side| side.cost_usd)));
        }
        table.add_row(row);
    }
    align(&mut table);
    table
}

fn times(name: &str, all: &[(&str, &Group)], compared: bool) -> Table {
    let mut table = new_table();
    let head = [name, "decision", "first token", "p95", "p99", "mean", "p50", "p95", "p99", "baseline"];
    table.set_header(head.into_iter().take(if compared { 10 } else { 9 }));
    for (name, group) in all {
        let (first, whole) = (&group.figures.first_token_ms, &group.figures.latency_ms);
        let all = [
            group.figures.decision_ms.p50,
            first.p50,
            first.p95,
            first.p99,
            whole.mean,
            whole.p50,
            whole.p95,
            whole.p99,
        ];
        let mut row = vec![(*name).to_owned()];
        row.extend(all.map(milliseconds));
        if compared {
            row.push(milliseconds(group.baseline.and_then(|side| side.mean_latency_ms)));
        }
        table.add_row(row);
    }
    align(&mut table);
    table
}

/// What is known of how good answers and decisions are; columns of which nothing is known are left out.
fn quality(router: &RouterReport) -> Option<String> {
    let known = |group: &Group| group.feedback.is_some() || group.judged.is_some() || group.accuracy.is_some();
    let groups = router.per_category.iter().filter(|(_, group)| known(group));
    let mut groups: Vec<(&str, &Group)> = groups.map(|(name, group)| (name.as_str(), group)).collect();
    if groups.is_empty() && !known(&router.total) {
        return None;
    }
    groups.push(("all", &router.total));
    let shown = [
        groups.iter().any(|(_, group)| group.accuracy.is_some()),
        groups.iter().any(|(_, group)| group.feedback.is_some()),
        groups.iter().any(|(_, group)| group.judged.is_some()),
    ];
    let row = |name: &str, blocks: [Vec<String>; 3]| -> Vec<String> {
        let kept = blocks.into_iter().zip(shown).filter(|(_, shown)| *shown).flat_map(|(block, _)| block);
        [name.to_owned()].into_iter().chain(kept).collect()
    };
    let head: [&[&str]; 3] = [
        &["right", "95 %", "labels"],
        &["score", "95 %", "scores", "corrected"],
        &["won", "tied", "lost", "not worse"],
    ];
    let mut table = new_table();
    table.set_header(row("category", head.map(|block| block.iter().map(|name| (*name).to_owned()).collect())));
    for (name, group) in groups {
        table.add_row(row(name, [right(group), feedback(group), judged(group)]));
    }
    align(&mut table);
    Some(table.to_string())
}

fn right(group: &Group) -> Vec<String> {
    let Some(right) = group.accuracy else { return vec![dash(); 3] };
    vec![percent(right.accuracy), interval(right.ci95), right.labels.to_string()]
}

fn feedback(group: &Group) -> Vec<String> {
    let Some(one) = group.feedback else { return vec![dash(); 4] };
    let [score, ci95] =
        one.score.map_or([dash(), dash()], |score| [format!("{:.2}", score.share), interval(score.ci95)]);
    vec![score, ci95, one.scored.to_string(), format!("{} of {}", one.corrected, one.labelled)]
}

fn judged(group: &Group) -> Vec<String> {
    let Some(standing) = group.judged else { return vec![dash(); 4] };
    let outcomes = standing.outcomes;
    let mut row: Vec<String> = [outcomes.wins, outcomes.ties, outcomes.losses].map(|count| count.to_string()).into();
    row.push(
        standing.not_worse.map_or_else(dash, |share| format!("{} ({})", percent(share.share), interval(share.ci95))),
    );
    row
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
            "\nWith its categories {} requests would have cost {cost} instead of {now}, and taken {} instead of {} each \
             (models with fewer than 30 requests of their own by their profiles).",
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
