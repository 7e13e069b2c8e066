//! The tables of a simulation, the same in a terminal and on a page.

use proof::comparison::{Sides, Sums};
use proof::simulation::{Curve, Move, Queued};
use routing::NanoUsd;

use super::show::{dollars, other, seconds, usd};
use super::told::{Side, Source, Told};
use crate::demo::guide;
use crate::screen::Grid;

/// Categories, beside the baseline.
pub(super) fn categories(told: &Told) -> Grid {
    let alone = format!("{} alone", told.main.baseline);
    let guided = matches!(told.source, Source::Guide);
    let mut head = vec!["category", "requests", "latency", "p95"];
    head.extend(guided.then_some("guide says"));
    head.extend([&*alone, "cost", &*alone]);
    let row = |(name, Sides { routed, baseline }): (String, Sides)| {
        let p95 = if routed.requests > 0 { seconds(routed.spread().p95) } else { "-".to_owned() };
        let says = if name == ALL { Some(guide::mean_ms()) } else { guide::latency_ms(&name) };
        let mut row = vec![name, routed.requests.to_string(), mean(&routed), p95];
        row.extend(guided.then(|| says.map_or_else(|| "-".to_owned(), seconds)));
        row.extend([mean(&baseline), dollars(routed.cost), dollars(baseline.cost)]);
        row
    };
    Grid::new(1, &head, sides(&told.main, None).into_iter().map(|(name, [main, _])| row((name, main))))
}

/// What else is set beside it, each with what it is: the other configuration, and the embedded classifier in its judge's
/// place.
pub(super) fn beside(told: &Told) -> Vec<(String, Grid)> {
    let mut tables = Vec::new();
    if let Some(against) = &told.against {
        let title = format!("Beside the other configuration, {}:", other(against));
        let head = ["category", "requests", "there", "latency", "there", "cost", "there"];
        tables.push((title, compared(&head, &told.main, against)));
    }
    if let Some(embedded) = &told.without_judge {
        let head = ["category", "requests", "embedded", "latency", "embedded", "cost", "embedded"];
        tables.push(("Beside the embedded classifier alone:".to_owned(), compared(&head, &told.main, embedded)));
    }
    tables
}

fn compared(head: &[&str], main: &Side, other: &Side) -> Grid {
    let row = |(name, sides): (String, [Sides; 2])| {
        let [here, there] = sides.map(|sides| sides.routed);
        let requests = [&here, &there].map(|sums| sums.requests.to_string());
        let times = [&here, &there].map(mean);
        let costs = [&here, &there].map(|sums| dollars(sums.cost));
        [name].into_iter().chain(requests).chain(times).chain(costs).collect()
    };
    Grid::new(1, head, sides(main, Some(other)).into_iter().map(row))
}

/// What stands for all categories.
const ALL: &str = "all";

/// The categories of one or two configurations in the guide's order, and all of them together.
fn sides(main: &Side, other: Option<&Side>) -> Vec<(String, [Sides; 2])> {
    let sides = [Some(main), other];
    let mut names: Vec<&String> =
        sides.into_iter().flatten().flat_map(|side| side.outcome.comparison.per_category.keys()).collect();
    names.sort_by_key(|name| (guide::place(name), *name));
    names.dedup();
    let of = |side: Option<&Side>, name: &str| {
        side.and_then(|side| side.outcome.comparison.per_category.get(name).cloned()).unwrap_or_default()
    };
    let all = sides.map(|side| side.map(|side| side.outcome.comparison.overall.clone()).unwrap_or_default());
    let each = names.into_iter().map(|name| (name.clone(), sides.map(|side| of(side, name))));
    each.chain([(ALL.to_owned(), all)]).collect()
}

fn mean(sums: &Sums) -> String {
    if sums.requests == 0 { "-".to_owned() } else { seconds(sums.mean_latency_ms()) }
}

/// Requests that go to another model, or take other time or money where they go, and how many do not.
pub(super) fn moves(told: &Told) -> (Grid, u64) {
    let head = ["from", "to", "requests", "latency before", "after", "cost before", "after"];
    let shown = |one: &Move| (one.mean_latency_ms.map(seconds), one.cost_nano_usd.map(|cost| dollars(NanoUsd(cost))));
    let stays = |one: &&Move| {
        let ([before, after], [cost_before, cost_after]) = shown(one);
        one.from == one.to && before == after && cost_before == cost_after
    };
    let row = |one: &Move| {
        let (times, costs) = shown(one);
        let names = [one.from.clone(), one.to.clone(), one.requests.to_string()];
        names.into_iter().chain(times).chain(costs).collect()
    };
    let (stay, change): (Vec<&Move>, Vec<&Move>) = told.moves.models.iter().partition(stays);
    (Grid::new(2, &head, change.into_iter().map(row)), stay.iter().map(|one| one.requests).sum())
}

/// How requests waited for models that answer only so many at once; `None`: none is such.
pub(super) fn waits(told: &Told) -> Option<Grid> {
    let all = waiting(told);
    let row = |(name, queued): &(String, Queued)| {
        let spread = queued.waiting_ms.spread;
        let shares = [queued.utilisation, queued.waited].map(|share| format!("{:.0} %", 100.0 * share));
        let waits = [queued.waiting_ms.mean, spread.p95, spread.p99].map(seconds);
        let counts = [name.clone(), queued.concurrent.to_string(), queued.requests.to_string()];
        counts.into_iter().chain(shares).chain(waits).collect()
    };
    let head = ["model", "at once", "requests", "busy", "waited", "mean wait", "p95", "p99"];
    (!all.is_empty()).then(|| Grid::new(1, &head, all.iter().map(row)))
}

/// The models that requests can wait for, under either configuration.
pub(super) fn waiting(told: &Told) -> Vec<(String, Queued)> {
    let mut all = Vec::new();
    for (side, there) in [(Some(&told.main), ""), (told.against.as_ref(), " there")] {
        let Some(queue) = side.and_then(Side::queue) else { continue };
        let used = queue.models.into_iter().filter(|queued| queued.requests > 0);
        all.extend(used.map(|queued| (format!("{}{there}", queued.model), queued)));
        all.extend(queue.baseline.map(|queued| (format!("{} alone{there}", queued.model), queued)));
    }
    all
}

/// What fewer or more of the classifier's errors would come to.
pub(super) fn errors(curve: &Curve) -> Grid {
    let row = |point: &proof::simulation::Point| {
        let shares = [point.savings.latency, point.savings.cost].map(|share| format!("{:.1} %", 100.0 * share));
        let figures = [format!("{:.1} %", 100.0 * point.error_rate), seconds(point.mean_latency_ms)];
        figures.into_iter().chain([usd(point.cost_usd)]).chain(shares).collect()
    };
    Grid::new(0, &["errors", "latency", "cost", "saves time", "saves cost"], curve.points.iter().map(row))
}

/// What other prices would come to; nothing where no model has one.
pub(super) fn prices(side: &Side) -> Option<Grid> {
    let row = |change: &proof::simulation::Change| {
        let money = [change.cost_usd, change.baseline_cost_usd].map(usd);
        let begin = [change.model.clone(), format!("× {}", change.factor)];
        let share = format!("{:.1} %", 100.0 * change.savings_cost);
        begin.into_iter().chain(money).chain([share]).collect()
    };
    let changes = &side.sensitivity.prices;
    let head = ["price of", "times", "cost", "baseline", "saves"];
    (!changes.is_empty()).then(|| Grid::new(1, &head, changes.iter().map(row)))
}
