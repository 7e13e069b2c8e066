//! What a simulation came to: one value for the terminal, for JSON and for the page.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use proof::comparison::{Comparison, Figures, Savings, Sums};
use proof::simulation::{Change, Confusion, Curve, Estimated, Evidence, Known, Move, Outcome, Queued, Speed};
use routing::{Kind, ModelId, Router};
use serde::Serialize;
use serde_json::{Value, json};

use super::play::{Part, Play, Player};
use super::{prompts, traffic};
use crate::demo::guide;

/// What was simulated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// The guide's requests.
    Guide,
    /// Prompts of a file.
    Prompts(prompts::Counts),
    /// The traffic of a ledger.
    Ledger(traffic::Counts),
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) source: Source,
    pub(super) main: Side,
    pub(super) against: Option<Side>,
    /// The embedded classifier in its judge's place.
    pub(super) without_judge: Option<Side>,
    /// As it was.
    pub(super) recorded: Option<Sums>,
    pub(super) moves: Moved,
    /// What must be known to read the figures.
    pub(super) notes: Vec<String>,
}

/// What moves.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Moved {
    /// `baseline`, `recorded` or `config`.
    pub(super) from: &'static str,
    /// `config` or `against`.
    pub(super) to: &'static str,
    pub(super) models: Vec<Move>,
}

/// A configuration.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) config: String,
    pub(super) router: String,
    pub(super) changed: Vec<String>,
    pub(super) classifier: &'static str,
    pub(super) baseline: String,
    pub(super) outcome: Outcome,
    pub(super) sensitivity: Sensitivity,
    pub(super) speeds: BTreeMap<String, Speed>,
    pub(super) classified_anew: u64,
    pub(super) unknown_category: u64,
    /// Models without a price that answered.
    pub(super) unpriced: Vec<String>,
}

/// What other errors and other prices would do.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sensitivity {
    /// `None`: nobody knows how often the classifier errs.
    pub(super) errors: Option<Curve>,
    pub(super) prices: Vec<Change>,
}

impl Told {
    /// What a play came to. `errors` is what the command line says of the classifier's.
    pub(super) fn of(play: &Play<'_>, source: &Source, errors: Option<&str>) -> anyhow::Result<Self> {
        let errors = errors.map(Errors::read).transpose()?;
        let side = |part| {
            let player = play.players.iter().find(|player| player.part == part);
            player.map(|player| Side::of(player, errors.as_ref())).transpose()
        };
        let main = side(Part::Main)?.context("there is a player")?;
        let replayed = matches!(source, Source::Ledger(_));
        let mut told = Self {
            source: *source,
            against: side(Part::Against)?,
            without_judge: side(Part::WithoutJudge)?,
            recorded: replayed.then(|| play.recorded.clone()),
            moves: moves(play, replayed),
            notes: Vec::new(),
            main,
        };
        told.notes = super::notes::notes(&told, play);
        Ok(told)
    }

    /// Requests of the workload.
    pub(super) fn requests(&self) -> u64 {
        let outcome = &self.main.outcome;
        outcome.comparison.overall.routed.requests + outcome.refused.values().sum::<u64>()
    }

    /// How much less the other configuration takes and costs.
    pub(super) fn difference(&self) -> Option<Savings> {
        let other = &self.against.as_ref()?.outcome.comparison.overall.routed;
        Some(Savings::of(other, &self.main.outcome.comparison.overall.routed))
    }

    /// For machines: latencies in milliseconds, savings as shares, money in dollars and in billionths.
    pub(super) fn json(&self) -> Value {
        let guided = matches!(self.source, Source::Guide);
        let mut all = self.main.json(guided);
        let mut set = |name: &str, value: Value| {
            if let Some(fields) = all.as_object_mut() {
                fields.insert(name.to_owned(), value);
            }
        };
        set("simulated", json!(true));
        set("speedup", Value::Null);
        set("requests", json!(self.requests()));
        set("moves", json!(self.moves));
        set("notes", json!(self.notes));
        set("source", self.source_json());
        if let Some(against) = &self.against {
            let mut other = against.json(guided);
            if let Some(fields) = other.as_object_mut() {
                fields.insert("difference".into(), json!(self.difference()));
            }
            set("against", other);
        }
        if let Some(side) = &self.without_judge {
            set("embedded", side.compared(guided));
        }
        let recorded = self.recorded.as_ref().map(Figures::from);
        if let (Some(recorded), Some(overall)) = (recorded, all.get_mut("overall").and_then(Value::as_object_mut)) {
            overall.insert("recorded".into(), json!(recorded));
        }
        all
    }

    fn source_json(&self) -> Value {
        match self.source {
            Source::Guide => json!({"kind": "guide"}),
            Source::Prompts(counts) => json!({
                "kind": "prompts", "broken_lines": counts.broken,
                "output_tokens_assumed": {"requests": counts.without_output, "tokens": counts.output_tokens},
            }),
            Source::Ledger(counts) => json!({
                "kind": "ledger", "unanswered_left_out": counts.unanswered, "category_by_shadow": counts.shadowed,
                "labelled": counts.labelled,
            }),
        }
    }
}

fn moves(play: &Play<'_>, replayed: bool) -> Moved {
    let table = |player: Option<&Player<'_>>, place| {
        player.map_or_else(String::new, |player| player.setup.config.table.alias(ModelId::at(place)).to_owned())
    };
    let main = |place| table(play.players.first(), place);
    let recorded = |place| play.history.model(place).to_owned();
    if let Some(against) = play.against() {
        let models = play.moves.named(&main, &|place| table(Some(against), place));
        return Moved { from: "config", to: "against", models };
    }
    let from = if replayed { "recorded" } else { "baseline" };
    let models = if replayed { play.moves.named(&recorded, &main) } else { play.moves.named(&main, &main) };
    Moved { from, to: "config", models }
}

impl Side {
    fn of(player: &Player<'_>, errors: Option<&Errors>) -> anyhow::Result<Self> {
        let Player { setup, simulation, finder, .. } = player;
        let (router, table) = (&finder.router, &setup.config.table);
        let outcome = simulation.outcome();
        let confusion = errors.map(|errors| errors.of(router));
        let evidence = match (errors, &confusion) {
            (Some(Errors::Rate(rate)), _) => Evidence::Rate(*rate),
            (Some(Errors::File(_)), Some(confusion)) => Evidence::Evaluation(confusion),
            _ => Evidence::Labels(&outcome.confusion),
        };
        if let (Some(Errors::File(_)), Some(0)) = (errors, confusion.as_ref().map(Confusion::total)) {
            bail!("--errors: the evaluation has none of the categories of the router `{}`", router.name);
        }
        let used = || outcome.costs.keys().chain([&simulation.scenario().baseline]);
        let speed = |model: &ModelId| {
            let speed = simulation.scenario().speeds.get(model.index()).copied().flatten()?;
            Some((table.alias(*model).to_owned(), speed))
        };
        let unpriced = |model: &&ModelId| table.model(**model).is_some_and(|model| model.price.is_none());
        let mut without: Vec<_> = used().filter(unpriced).map(|model| table.alias(*model).to_owned()).collect();
        without.dedup();
        Ok(Self {
            config: setup.name.clone(),
            router: router.name.clone(),
            changed: setup.changed.clone(),
            classifier: word(router.classifying.kind),
            baseline: table.alias(simulation.scenario().baseline).to_owned(),
            sensitivity: Sensitivity { errors: simulation.error_curve(&evidence)?, prices: simulation.price_changes() },
            speeds: used().filter_map(speed).collect(),
            classified_anew: player.classified_anew,
            unknown_category: player.unknown_category,
            unpriced: without,
            outcome,
        })
    }

    fn compared(&self, guided: bool) -> Value {
        let comparison: &Comparison = &self.outcome.comparison;
        if guided { guide::beside(comparison) } else { json!(comparison.shown()) }
    }

    fn json(&self, guided: bool) -> Value {
        let mut all = self.compared(guided);
        let outcome = &self.outcome;
        let more = json!({
            "config": self.config,
            "router": self.router,
            "changed": self.changed,
            "classifier": self.classifier,
            "baseline": self.baseline,
            "sensitivity": self.sensitivity,
            "queue": self.queue(),
            "estimated": {"routed": outcome.estimated, "baseline": outcome.estimated_on_baseline},
            "speeds": self.speeds,
            "judged": outcome.judged,
            "classified_anew": self.classified_anew,
            "unknown_category": self.unknown_category,
            "unpriced_models": self.unpriced,
            "refused": outcome.refused,
        });
        if let (Some(fields), Value::Object(more)) = (all.as_object_mut(), more) {
            fields.extend(more);
        }
        all
    }

    /// How requests waited; `None` where nothing can.
    pub(super) fn queue(&self) -> Option<Queues> {
        let (models, baseline) = (self.outcome.queued.clone(), self.outcome.queued_on_baseline.clone());
        (!models.is_empty() || baseline.is_some()).then_some(Queues { models, baseline })
    }

    /// Whether a speed was measured.
    pub(super) fn measured(&self, known: Known) -> Vec<&str> {
        self.speeds.iter().filter(|(_, speed)| speed.known == known).map(|(alias, _)| alias.as_str()).collect()
    }

    /// How output tokens are known, on both sides together.
    pub(super) fn estimated(&self) -> &Estimated {
        &self.outcome.estimated
    }
}

/// How requests waited.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Queues {
    pub(super) models: Vec<Queued>,
    /// Where all of them go to the baseline.
    pub(super) baseline: Option<Queued>,
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Embedded => "embedded",
        Kind::Llm => "llm",
        Kind::Cascade => "cascade",
        Kind::None => "none",
    }
}

/// What the command line says of the classifier's errors.
enum Errors {
    Rate(f64),
    /// Of an evaluation: by label, then by what was said.
    File(BTreeMap<String, BTreeMap<String, u64>>),
}

impl Errors {
    fn read(written: &str) -> anyhow::Result<Self> {
        if let Ok(rate) = written.parse::<f64>() {
            if !(0.0..=1.0).contains(&rate) {
                bail!("--errors {written}: write a share from 0 to 1, or a file that `frontdesk eval --json` printed");
            }
            return Ok(Self::Rate(rate));
        }
        let text = std::fs::read_to_string(Path::new(written))
            .with_context(|| format!("--errors {written}: neither a share from 0 to 1 nor a file that can be read"))?;
        let confusion =
            serde_json::from_str::<Value>(&text).ok().and_then(|mut file| Some(file.get_mut("confusion")?.take()));
        let confusion = confusion.and_then(|confusion| serde_json::from_value(confusion).ok());
        let help = || {
            format!("--errors {written}: it is no evaluation; make one with `frontdesk eval FILE --json > {written}`")
        };
        Ok(Self::File(confusion.with_context(help)?))
    }

    fn of(&self, router: &Router) -> Confusion {
        let mut confusion = Confusion::default();
        let Self::File(rows) = self else { return confusion };
        for (meant, row) in rows {
            for (said, count) in row {
                if let (Some(meant), Some(said)) = (router.find(meant), router.find(said)) {
                    confusion.add(meant, said, *count);
                }
            }
        }
        confusion
    }
}
