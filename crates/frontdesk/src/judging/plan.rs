//! Which requests are compared.

use std::collections::{BTreeMap, BTreeSet};

use classify::sample::allocate;
use fastrand::Rng;
use ledger::Comparable;
use proof::quality::Compared;
use serde::Serialize;

/// Steps by which the requests of a category are spread over the order.
const SPREAD: usize = 1_000_000;

/// A request that is to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its id, a UUID.
    pub(crate) id: u128,
    /// Its category.
    pub(crate) category: String,
    /// The alias of the model that answered it.
    pub(crate) model: String,
    /// Whether the answer that is kept is compared, instead of one asked anew.
    pub(crate) stored: bool,
    /// Whether this takes the place of another judgement of it.
    pub(crate) again: bool,
}

/// Requests that are never drawn, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LeftOut {
    /// The model that answered is the baseline itself.
    pub(crate) route_is_baseline: u64,
    /// Tools were offered with them, which are not kept: without them no model would answer as it did.
    pub(crate) tools_offered: u64,
    /// Their prompt is not kept.
    pub(crate) prompt_not_kept: u64,
    /// The model that answered is not in the configuration any more, and the answer is not kept.
    pub(crate) model_gone: u64,
}

/// What is drawn from what.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// What is to be compared, in an order that mixes the categories.
    pub(crate) drawn: Vec<Candidate>,
    /// By category, the answered requests that the comparisons stand for.
    pub(crate) requests: BTreeMap<String, u64>,
    /// What was compared before: category and verdicts.
    pub(crate) earlier: Vec<(String, [Option<f64>; 2])>,
    /// What is never drawn.
    pub(crate) left_out: LeftOut,
}

impl Plan {
    /// What was compared before.
    pub(crate) fn earlier(&self) -> impl Iterator<Item = Compared<'_>> {
        self.earlier.iter().map(|(category, [first, second])| Compared { category, first: *first, second: *second })
    }
}

/// Draws from a stream of requests. Requests are ranked by a hash of id and seed, and the first of each category are
/// taken, so that a ledger which grew meanwhile leads to much the same sample.
#[derive(Debug)]
pub(crate) struct Planner<'a> {
    n: usize,
    seed: u64,
    baseline: &'a str,
    models: BTreeSet<&'a str>,
    max_tokens: u64,
    plan: Plan,
    parts: BTreeMap<String, Part>,
}

/// The requests of a category.
#[derive(Debug, Default)]
struct Part {
    ranked: Vec<(u64, Candidate)>,
    offered: usize,
    judged: usize,
}

impl<'a> Planner<'a> {
    /// Draws until there are `n` comparisons, those of earlier included. `models` are the aliases that can be asked. An
    /// answer that is kept is taken where it is shorter than one that is asked for may be.
    pub(crate) fn new(n: usize, seed: u64, baseline: &'a str, models: BTreeSet<&'a str>, max_tokens: u64) -> Self {
        Self { n, seed, baseline, models, max_tokens, plan: Plan::default(), parts: BTreeMap::new() }
    }

    /// Offers the next request of the stream.
    pub(crate) fn offer(&mut self, request: Comparable) {
        let left_out = &mut self.plan.left_out;
        if request.model == self.baseline {
            left_out.route_is_baseline += 1;
            return;
        }
        *self.plan.requests.entry(request.category.clone()).or_default() += 1;
        let part = self.parts.entry(request.category.clone()).or_default();
        if let Some(verdicts) = request.judged {
            part.judged += 1;
            self.plan.earlier.push((request.category, verdicts));
            return;
        }
        let stored = request.answer_kept && request.output < self.max_tokens;
        if request.tools == Some(true) {
            left_out.tools_offered += 1;
        } else if !request.kept {
            left_out.prompt_not_kept += 1;
        } else if !stored && !self.models.contains(&*request.model) {
            left_out.model_gone += 1;
        } else {
            let Comparable { id, category, model, judged_otherwise: again, .. } = request;
            part.offered += 1;
            part.ranked.push((hashed(id, self.seed), Candidate { id, category, model, stored, again }));
            // Sorting every time that it has doubled keeps what is kept small, at little cost.
            if part.ranked.len() >= 2 * self.n.max(512) {
                part.keep(self.n);
            }
        }
    }

    /// What was drawn: of each category as many as `classify::sample` allots to it, less what was compared before.
    pub(crate) fn draw(mut self) -> Plan {
        let sizes: Vec<usize> = self.parts.values().map(|part| part.offered + part.judged).collect();
        let shares = allocate(self.n, &sizes);
        let mut drawn = Vec::new();
        for (mut part, share) in self.parts.into_values().zip(shares) {
            part.keep(share.saturating_sub(part.judged));
            let drawn_of_it = part.ranked.len();
            // Categories are spread over the whole, so that one which is broken off is a sample too.
            let place = |position: usize| (2 * position + 1) * SPREAD / drawn_of_it.max(1);
            let placed = part.ranked.into_iter().enumerate();
            drawn.extend(placed.map(|(position, (_, candidate))| (place(position), candidate)));
        }
        drawn.sort_by_key(|(place, _)| *place);
        self.plan.drawn = drawn.into_iter().map(|(_, candidate)| candidate).collect();
        self.plan
    }
}

impl Part {
    fn keep(&mut self, most: usize) {
        self.ranked.sort_unstable_by_key(|(rank, _)| *rank);
        self.ranked.truncate(most);
    }
}

/// A well-mixed number from an id and a seed.
pub(super) fn hashed(id: u128, seed: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "both halves are folded in")]
    let folded = (id >> 64) as u64 ^ id as u64;
    Rng::with_seed(folded ^ Rng::with_seed(seed).u64(..)).u64(..)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of so many requests of `code` that the model `small` answered, changed by number.
    fn plan(n: usize, requests: u128, change: impl Fn(u128, &mut Comparable)) -> Plan {
        let models = BTreeSet::from(["small", "large"]);
        let mut planner = Planner::new(n, 1, "large", models, 100);
        for id in 0..requests {
            let (category, model) = ("code".to_owned(), "small".to_owned());
            let (kept, answer_kept) = (true, false);
            let (tools, judged, judged_otherwise) = (None, None, false);
            let mut request =
                Comparable { id, category, model, output: 10, tools, kept, answer_kept, judged, judged_otherwise };
            change(id, &mut request);
            planner.offer(request);
        }
        planner.draw()
    }

    fn ids(plan: &Plan) -> BTreeSet<u128> {
        plan.drawn.iter().map(|candidate| candidate.id).collect()
    }

    #[test]
    fn small_categories_are_drawn_too_and_mixed_with_the_others() {
        let plan = plan(20, 5_000, |id, request| {
            if id % 1_000 == 0 {
                request.category = "agent".into();
            }
        });
        let agents = plan.drawn.iter().filter(|candidate| candidate.category == "agent").count();
        assert_eq!((plan.drawn.len(), agents, plan.requests["agent"]), (20, 3, 5));
        let agents_in = |drawn: &[Candidate]| drawn.iter().filter(|candidate| candidate.category == "agent").count();
        assert_eq!((agents_in(&plan.drawn[..7]), agents_in(&plan.drawn[..14])), (1, 2));
    }

    #[test]
    fn what_was_compared_before_counts_and_is_not_drawn_again() {
        let first = ids(&plan(40, 1_000, |_, _| {}));
        // Half of it is done, and the ledger has grown.
        let done: BTreeSet<u128> = first.iter().copied().take(25).collect();
        let resumed = plan(40, 1_100, |id, request| {
            request.judged = done.contains(&id).then_some([Some(1.0), None]);
        });
        let again = ids(&resumed);
        assert_eq!((again.len(), resumed.earlier.len()), (15, 25));
        assert!(again.is_disjoint(&done));
        // Nearly all of it is what was drawn the first time.
        assert!(again.intersection(&first).count() >= 11, "{again:?}");
        assert_eq!(ids(&plan(25, 1_000, |id, request| request.judged = (id < 25).then_some([None; 2]))).len(), 0);
    }

    #[test]
    fn what_cannot_be_compared_is_counted() {
        let plan = plan(100, 9, |id, request| match id {
            0 | 1 => request.model = "large".into(),
            2 => request.kept = false,
            3 => request.model = "gone".into(),
            4 => (request.model, request.answer_kept) = ("gone".into(), true),
            5 => (request.answer_kept, request.output) = (true, 100),
            8 => request.tools = Some(true),
            _ => {}
        });
        assert_eq!(
            plan.left_out,
            LeftOut { route_is_baseline: 2, tools_offered: 1, prompt_not_kept: 1, model_gone: 1 }
        );
        assert_eq!((ids(&plan), plan.requests["code"]), (BTreeSet::from([4, 5, 6, 7]), 7));
        let stored: BTreeSet<_> = plan.drawn.iter().filter(|drawn| drawn.stored).map(|drawn| drawn.id).collect();
        // An answer as long as may be asked for would stand beside one that is cut.
        assert_eq!(stored, BTreeSet::from([4]));
    }
}
