//! The report for a terminal: a screen a router.

use proof::report::{Report, RouterReport, Says, Shadow};

use super::tables::{by_category, by_model, differing, interval, quality};
use super::words::{checks, counted, dollars, milliseconds, percent, savings, spark, step, when};
use crate::screen::{list, paragraph};

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
    let requests = counted(router.total.figures.requests);
    let mut parts = Vec::new();
    match &router.router {
        Some(name) => parts.push(format!("Router {name}: {requests}")),
        None => parts.push(format!("Without a router (a model was named, or it failed before): {requests}")),
    }
    if let Some(verdict) = &router.verdict {
        parts.push(paragraph(&verdict.sentence));
    }
    if router.router.is_some() {
        parts.extend(by_category(router).map(|grid| grid.text()));
    }
    parts.extend(by_model(router).map(|grid| grid.text()));
    parts.extend(quality(router).map(|grid| grid.text()));
    if router.trend.points.len() > 1 {
        let trend = &router.trend;
        let bars = spark(trend.points.iter().map(|point| point.requests));
        parts.push(format!("Requests, each bar {}: {bars}", step(trend.step_hours)));
    }
    let mut sentences = savings(router);
    sentences.extend(router.notes.iter().cloned());
    sentences.extend(checks(router).map(|check| format!("{} {}", mark(check.says), check.sentence)));
    if !sentences.is_empty() {
        parts.push(list(&sentences.join("\n")));
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

fn of_shadow(shadow: &Shadow) -> String {
    let mut text = format!(
        "The shadow ({}) was asked about {}; it agrees with {}, took {} (p95 {}) and cost {}.",
        shadow.classifier,
        counted(shadow.requests),
        shadow.agreement.map_or_else(|| "-".to_owned(), |share| percent(share.share)),
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
            "\nWith its categories {} would have cost {cost} instead of {now}, and taken {} instead of {} each \
             (models with fewer than 30 requests of their own by their profiles).",
            counted(would.requests),
            milliseconds(would.mean_latency_ms),
            milliseconds(was.mean_latency_ms),
        ));
    }
    let text = paragraph(&text);
    if shadow.differing.is_empty() {
        return text;
    }
    let mut table = differing(shadow);
    table.rows.truncate(10);
    format!("{text}\n\n{}", table.text())
}
