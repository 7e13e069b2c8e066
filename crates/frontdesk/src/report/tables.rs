//! The tables of a report, the same in a terminal and on a page.

use proof::report::{Figures, Group, RouterReport, Shadow};

use super::words::{dollars, milliseconds, percent, short};
use crate::screen::Grid;

/// Groups with their names, the largest first.
pub(super) type Named<'a> = Vec<(&'a str, &'a Group)>;

/// The categories of a router, the largest first.
pub(super) fn categories(router: &RouterReport) -> Named<'_> {
    largest_first(router.per_category.iter())
}

/// The categories of a router and all of it: what there was of them, and how long they took.
pub(super) fn by_category(router: &RouterReport) -> [Grid; 2] {
    let mut all = categories(router);
    all.push(("all", &router.total));
    let compared = router.total.baseline.is_some();
    [amounts("category", &all, compared), times("category", &all, compared)]
}

/// The models that answered, in the same way.
pub(super) fn by_model(router: &RouterReport) -> [Grid; 2] {
    let mut all = largest_first(router.per_model.iter());
    // What no model answered took nobody's time.
    let answered: Named<'_> = all.iter().filter(|(name, _)| *name != "-").copied().collect();
    all.iter_mut().filter(|(name, _)| *name == "-").for_each(|(name, _)| *name = "(none answered)");
    [amounts("model", &all, false), times("model", &answered, false)]
}

fn largest_first<'a>(all: impl Iterator<Item = (&'a String, &'a Group)>) -> Named<'a> {
    let mut all: Named<'_> = all.map(|(name, group)| (name.as_str(), group)).collect();
    all.sort_by_key(|(_, group)| std::cmp::Reverse(group.figures.requests));
    all
}

fn amounts(name: &str, all: &[(&str, &Group)], compared: bool) -> Grid {
    let head = [name, "requests", "share", "errors", "left", "fallbacks", "tokens in", "out", "cost", "baseline"];
    let row = |(name, group): &(&str, &Group)| {
        let Figures { requests, share, errors, left, fallbacks, tokens, cost_usd, .. } = group.figures;
        let mut row = vec![(*name).to_owned(), requests.to_string(), percent(share)];
        row.extend([errors, left, fallbacks].map(|count| count.to_string()));
        row.extend([tokens.input, tokens.output].map(short));
        row.push(dollars(Some(cost_usd)));
        row.push(dollars(group.baseline.and_then(|side| side.cost_usd)));
        row
    };
    grid(&head, all.iter().map(row), compared)
}

fn times(name: &str, all: &[(&str, &Group)], compared: bool) -> Grid {
    let head = [name, "decision", "first token", "p95", "p99", "mean", "p50", "p95", "p99", "baseline"];
    let row = |(name, group): &(&str, &Group)| {
        let Figures { decision_ms, first_token_ms: first, latency_ms: whole, .. } = &group.figures;
        let baseline = group.baseline.and_then(|side| side.mean_latency_ms);
        let times = [decision_ms.p50, first.p50, first.p95, first.p99, whole.mean, whole.p50, whole.p95, whole.p99];
        [(*name).to_owned()].into_iter().chain(times.map(milliseconds)).chain([milliseconds(baseline)]).collect()
    };
    grid(&head, all.iter().map(row), compared)
}

/// The last column is the baseline's, and only there where something is compared.
fn grid(head: &[&str], rows: impl Iterator<Item = Vec<String>>, compared: bool) -> Grid {
    let columns = if compared { head.len() } else { head.len().saturating_sub(1) };
    let kept = |mut row: Vec<String>| {
        row.truncate(columns);
        row
    };
    let head: Vec<&str> = head.iter().take(columns).copied().collect();
    Grid::new(1, &head, rows.map(kept))
}

/// What is known of how good answers and decisions are; columns of which nothing is known are left out.
pub(super) fn quality(router: &RouterReport) -> Option<Grid> {
    let known = |group: &Group| group.feedback.is_some() || group.judged.is_some() || group.accuracy.is_some();
    let mut groups: Named<'_> = categories(router).into_iter().filter(|(_, group)| known(group)).collect();
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
    let head = row("category", head.map(|block| block.iter().map(|name| (*name).to_owned()).collect()));
    let rows = groups.into_iter().map(|(name, group)| row(name, [right(group), feedback(group), judged(group)]));
    Some(Grid { head, rows: rows.collect(), names: 1 })
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

/// Where a shadow says other categories than were decided, the most frequent first.
pub(super) fn differing(shadow: &Shadow) -> Grid {
    let rows = shadow.differing.iter().map(|one| vec![one.decided.clone(), one.said.clone(), one.requests.to_string()]);
    Grid::new(2, &["decided", "shadow says", "requests"], rows)
}

/// An interval of a share.
pub(super) fn interval([low, high]: [f64; 2]) -> String {
    format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high)
}

fn dash() -> String {
    "-".to_owned()
}
