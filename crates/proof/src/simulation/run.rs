//! One request after another through a scenario.

use std::collections::{BTreeMap, HashMap};

use routing::{CategoryId, ModelId, Needs, NoRoute, Then, Usage};

use super::errors::Confusion;
use super::history::{Estimated, History, Ratios};
use super::queue::{Queue, Queued};
use super::scenario::{Heads, NeedsClass, Scenario, Unable};
use crate::comparison::{Comparison, Spent};

/// A request of a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Item<'a> {
    /// When it comes, microseconds since the first; no earlier than those before it. Only queues look at it.
    pub arrival_us: u64,
    /// What it asks of a model.
    pub needs: Needs,
    /// Its tokens: those that were written at the time, or what the workload says.
    pub usage: Usage,
    /// Whose tokens these are, a place of the history; `None`: the workload's.
    pub wrote: Option<usize>,
    /// What it was meant to be, where that is known.
    pub meant: Option<&'a str>,
}

/// Where a request goes under a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its category, or the model of a rule.
    pub then: Then,
    /// Whether a classifier said so, which might have erred.
    pub classified: bool,
    /// The tokens of the judge that was asked for it.
    pub judge: Option<Usage>,
}

/// What a request took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Took {
    /// The model that it went to.
    pub model: ModelId,
    /// As it was routed.
    pub routed: Spent,
    /// On the baseline alone.
    pub baseline: Spent,
}

/// Sums over the requests that have category, needs and writer in common.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cell {
    pub(super) requests: u64,
    pub(super) usage: Usage,
}

/// What requests that have these in common are summed by: category, needs, the place of who wrote them.
pub(super) type CellKey = (CategoryId, NeedsClass, Option<usize>);

/// A scenario that requests go through.
#[derive(Debug)]
pub struct Simulation<'a> {
    pub(super) scenario: Scenario<'a>,
    pub(super) ratios: Ratios,
    pub(super) heads: Heads,
    /// Of requests whose category a classifier found.
    pub(super) cells: HashMap<CellKey, Cell>,
    pub(super) outcome: Outcome,
    queues: Vec<Option<Queue>>,
    baseline_queue: Option<Queue>,
}

/// What came of all requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// As they were routed and on the baseline alone, the served ones.
    pub comparison: Comparison,
    /// By model, what it cost: its answers and its judgements.
    pub costs: BTreeMap<ModelId, u128>,
    /// How output tokens are known where requests are routed.
    pub estimated: Estimated,
    /// How output tokens are known on the baseline.
    pub estimated_on_baseline: Estimated,
    /// Requests that no model of their route can serve, by why. They are in no sum.
    pub refused: BTreeMap<String, u64>,
    /// How requests waited, by model; empty where nothing can wait.
    pub queued: Vec<Queued>,
    /// How they would wait for the baseline.
    pub queued_on_baseline: Option<Queued>,
    /// What a classifier said of the requests of which it is known what they were meant to be.
    pub confusion: Confusion,
    /// Requests that judges were asked about.
    pub judged: u64,
}

impl<'a> Simulation<'a> {
    /// Nothing yet.
    #[must_use]
    pub fn new(scenario: Scenario<'a>, history: &History) -> Self {
        let queue = |model: &routing::Model| Some(Queue::new(model.profile?.concurrent?));
        let queues: Vec<_> =
            scenario.table.models.iter().map(|model| queue(model).filter(|_| scenario.queues)).collect();
        Self {
            ratios: history.ratios(scenario.table),
            heads: Heads::new(scenario.table),
            cells: HashMap::new(),
            outcome: Outcome::default(),
            baseline_queue: queues.get(scenario.baseline.index()).cloned().flatten(),
            queues,
            scenario,
        }
    }

    /// The scenario.
    #[must_use]
    pub fn scenario(&self) -> &Scenario<'a> {
        &self.scenario
    }

    /// Takes a request; `None`: no model of its route can serve it, which is counted.
    ///
    /// # Errors
    /// When nobody knows how fast a model is.
    pub fn add(&mut self, item: &Item<'_>, route: &Route) -> Result<Option<Took>, Unable> {
        let class = self.heads.class(&item.needs);
        let model = match self.heads.head(&self.scenario, route.then, class) {
            Ok(model) => model,
            Err(none) => {
                self.refuse(&none);
                return Ok(None);
            }
        };
        let mut routed = self.answer(model, item, false)?;
        if let (Some(usage), None) = (&route.judge, self.scenario.only) {
            let judge = self.scenario.the_router()?.classifying.model.ok_or(Unable::Mixed)?;
            let spent = self.scenario.spent(judge, usage)?;
            routed.latency_us += spent.latency_us;
            routed.cost += spent.cost;
            self.outcome.judged += 1;
            *self.outcome.costs.entry(judge).or_default() += u128::from(spent.cost.0);
        }
        let baseline = self.answer(self.scenario.baseline, item, true)?;
        let category = self.scenario.category(route.then);
        self.outcome.comparison.add(category, item.meant, &routed, &baseline);
        if let (Then::Category(said), true) = (route.then, route.classified) {
            self.note(said, class, item)?;
        }
        Ok(Some(Took { model, routed, baseline }))
    }

    fn answer(&mut self, model: ModelId, item: &Item<'_>, baseline: bool) -> Result<Spent, Unable> {
        let outcome = &mut self.outcome;
        let (estimated, queue) = if baseline {
            (&mut outcome.estimated_on_baseline, self.baseline_queue.as_mut())
        } else {
            (&mut outcome.estimated, self.queues.get_mut(model.index()).and_then(Option::as_mut))
        };
        let output = estimated.tokens(&self.ratios, item.wrote, item.usage.output, model.index());
        let mut spent = self.scenario.spent(model, &Usage { output, ..item.usage })?;
        if let Some(queue) = queue {
            spent.waited_us = queue.wait(item.arrival_us, spent.latency_us);
            spent.latency_us += spent.waited_us;
        }
        if !baseline {
            *outcome.costs.entry(model).or_default() += u128::from(spent.cost.0);
        }
        Ok(spent)
    }

    fn note(&mut self, said: CategoryId, class: NeedsClass, item: &Item<'_>) -> Result<(), Unable> {
        let cell = self.cells.entry((said, class, item.wrote)).or_default();
        cell.requests += 1;
        cell.usage = cell.usage.plus(item.usage);
        if let Some(meant) = item.meant.and_then(|meant| self.scenario.the_router().ok()?.find(meant)) {
            self.outcome.confusion.note(meant, said);
        }
        Ok(())
    }

    fn refuse(&mut self, none: &NoRoute) {
        *self.outcome.refused.entry(none.to_string()).or_default() += 1;
    }

    /// What came of the requests so far.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let alias = |position| self.scenario.table.alias(ModelId::at(position));
        let queued = self.queues.iter().enumerate().filter_map(|(position, queue)| Some((position, queue.as_ref()?)));
        Outcome {
            queued: queued.map(|(position, queue)| queue.queued(alias(position))).collect(),
            queued_on_baseline: self
                .baseline_queue
                .as_ref()
                .map(|queue| queue.queued(alias(self.scenario.baseline.index()))),
            ..self.outcome.clone()
        }
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
