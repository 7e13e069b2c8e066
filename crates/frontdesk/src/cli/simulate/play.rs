//! One workload through one or more configurations at once.

use std::collections::HashMap;

use anyhow::Context;
use proof::comparison::{Spent, Sums};
use proof::simulation::{History, Item, Moves, Poisson, Route, Scenario, Simulation, Speed};
use routing::Kind;

use super::find::Finder;
use super::setup::Setup;

/// When requests come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The workload says when.
    pub(super) timed: bool,
    /// So many a second instead.
    pub(super) arrivals: Option<f64>,
    pub(super) seed: u64,
}

/// What a configuration is in a play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The one that was asked for.
    Main,
    /// The one beside it.
    Against,
    /// The one that was asked for with the embedded classifier in its judge's place.
    WithoutJudge,
}

/// A configuration that the workload goes through.
#[derive(Debug)]
pub(super) struct Player<'a> {
    pub(super) part: Part,
    pub(super) setup: &'a Setup,
    pub(super) finder: Finder,
    pub(super) simulation: Simulation<'a>,
    /// Requests that were classified now, not at the time.
    pub(super) classified_anew: u64,
    /// Requests of categories that the router has not: its default took them.
    pub(super) unknown_category: u64,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Play<'a> {
    pub(super) players: Vec<Player<'a>>,
    pub(super) moves: Moves,
    /// As it was, where the workload is of a ledger.
    pub(super) recorded: Sums,
    pub(super) history: &'a History,
    pub(super) pace: Pace,
    speeds: &'a HashMap<String, Speed>,
    arrivals: Option<Poisson>,
    first_us: Option<i64>,
    last_us: u64,
}

/// A request with what was found for it by each player.
#[derive(Clone, Debug)]
pub(super) struct Request<'a> {
    pub(super) item: Item<'a>,
    pub(super) routes: Vec<Route>,
    /// When it came, microseconds since the Unix epoch, and what it took; where it is of a ledger.
    pub(super) recorded: Option<(i64, Spent)>,
}

impl<'a> Play<'a> {
    /// Nothing played yet.
    pub(super) fn new(
        setups: &'a [Setup],
        history: &'a History,
        speeds: &'a HashMap<String, Speed>,
        pace: Pace,
    ) -> anyhow::Result<Self> {
        let mut play = Self {
            players: Vec::new(),
            moves: Moves::default(),
            recorded: Sums::default(),
            history,
            pace,
            speeds,
            arrivals: pace.arrivals.map(|per_second| Poisson::new(per_second, pace.seed)),
            first_us: None,
            last_us: 0,
        };
        for (setup, part) in setups.iter().zip([Part::Main, Part::Against]) {
            play.join(setup, part, Finder::of(setup)?)?;
        }
        Ok(play)
    }

    /// Lets the embedded classifier play too where the first player asks a judge for everything.
    pub(super) fn beside_judge(&mut self) -> anyhow::Result<()> {
        let first = self.players.first().context("there is a player")?;
        let setup = first.setup;
        if first.finder.router.classifying.kind == Kind::Llm && setup.only.is_none() {
            self.join(setup, Part::WithoutJudge, Finder::without_judge(setup)?)?;
        }
        Ok(())
    }

    fn join(&mut self, setup: &'a Setup, part: Part, finder: Finder) -> anyhow::Result<()> {
        let table = &setup.config.table;
        let mut speeds = Scenario::speeds(table, self.speeds);
        for given in &setup.given {
            let profile = table.model(*given).and_then(|model| model.profile);
            if let (Some(speed), Some(profile)) = (speeds.get_mut(given.index()), profile) {
                *speed = Some(Speed::of(&profile, proof::simulation::Known::Given));
            }
        }
        let scenario = Scenario {
            table,
            router: setup.id,
            baseline: setup.baseline()?,
            only: setup.only,
            speeds,
            queues: self.pace.timed || self.pace.arrivals.is_some(),
        };
        let simulation = Simulation::new(scenario, self.history);
        self.players.push(Player { part, setup, finder, simulation, classified_anew: 0, unknown_category: 0 });
        Ok(())
    }

    /// Takes a request through every player.
    pub(super) fn take(&mut self, request: &Request<'_>) -> anyhow::Result<()> {
        let mut item = request.item;
        item.arrival_us = self.arrival(request);
        let mut took = Vec::with_capacity(self.players.len());
        for (player, route) in self.players.iter_mut().zip(&request.routes) {
            took.push(player.simulation.add(&item, route)?);
        }
        if let Some((_, spent)) = &request.recorded {
            self.recorded.add(spent);
        }
        let Some(first) = took.first().copied().flatten() else { return Ok(()) };
        let second = took.get(1).copied().flatten();
        let baseline = self.players.first().map_or(0, |player| player.simulation.scenario().baseline.index());
        let second = second.filter(|_| self.against().is_some());
        match (second, &request.recorded, item.wrote) {
            (Some(second), ..) => {
                self.moves.add((first.model.index(), &first.routed), (second.model.index(), &second.routed));
            }
            (None, Some((_, spent)), Some(wrote)) => {
                self.moves.add((wrote, spent), (first.model.index(), &first.routed));
            }
            (None, ..) => self.moves.add((baseline, &first.baseline), (first.model.index(), &first.routed)),
        }
        Ok(())
    }

    /// The configuration beside the one that was asked for.
    pub(super) fn against(&self) -> Option<&Player<'a>> {
        self.players.iter().find(|player| player.part == Part::Against)
    }

    fn arrival(&mut self, request: &Request<'_>) -> u64 {
        if let Some(arrivals) = &mut self.arrivals {
            return arrivals.next_us();
        }
        let Some((time_us, _)) = request.recorded else { return 0 };
        let first_us = *self.first_us.get_or_insert(time_us);
        // Rows are ordered by the millisecond of their id.
        self.last_us = self.last_us.max(u64::try_from(time_us.saturating_sub(first_us)).unwrap_or(0));
        self.last_us
    }
}
