//! The traffic of a ledger as workload.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, bail};
use classify::dataset::conversation;
use indicatif::ProgressBar;
use ledger::{Reader, Replayed};
use proof::comparison::Spent;
use proof::simulation::{History, Item, Route, Speed};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use routing::prompt::estimate_tokens;
use routing::record::Costing;
use routing::{Needs, Prompt, Tally, Usage};

use super::Traffic;
use super::find::{Decided, Finder};
use super::play::{Play, Request};
use super::setup::Setup;
use crate::cli::recorded;

/// Rows that are looked at, and where asked for classified, at once.
const CHUNK: usize = 4_096;

/// A ledger with what its history says of models.
pub(super) struct Recorded {
    reader: Reader,
    router: String,
    period: Range<i64>,
    /// Its requests, of all routers.
    requests: u64,
    pub(super) history: History,
    pub(super) speeds: HashMap<String, Speed>,
}

/// What became of its rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Rows that were replayed.
    pub(super) requests: u64,
    /// Rows whose client did not get its whole answer; left out.
    pub(super) unanswered: u64,
    /// Rows whose category is the shadow classifier's.
    pub(super) shadowed: u64,
    /// Rows that have a label.
    pub(super) labelled: u64,
}

/// A row until it is taken.
struct Row {
    decided: Decided,
    wrote: Option<usize>,
    usage: Usage,
    time_us: i64,
    spent: Spent,
    prompt: Option<String>,
}

impl Recorded {
    /// Opens the ledger of a configuration, or a file.
    pub(super) fn open(setup: &Setup, file: Option<&Path>, traffic: &Traffic) -> anyhow::Result<Self> {
        let path = file.map_or_else(|| recorded::path(&setup.config), Ok)?;
        if !path.exists() {
            bail!("there is no ledger at {}: `frontdesk serve` writes it", path.display());
        }
        let reader = Reader::open(path)?;
        let period = recorded::since_us(traffic.since)..i64::MAX;
        let mut cells: BTreeMap<(String, String), Tally> = BTreeMap::new();
        let mut routers: BTreeMap<String, u64> = BTreeMap::new();
        let mut each = |key: ledger::CellKey, tally: Tally| {
            *routers.entry(key.origin.router).or_default() += tally.requests;
            cells.entry((key.origin.model, key.origin.category)).or_default().merge(&tally);
        };
        reader.tallies(&period, &mut each).context("the ledger cannot be read")?;
        let router = setup.router()?.name.clone();
        if routers.get(&router).copied().unwrap_or(0) == 0 {
            bail!(nothing(&reader, path, &router, &routers, traffic.since.is_some())?);
        }
        let (history, speeds) = told_by(cells);
        Ok(Self { reader, router, period, requests: routers.values().sum(), history, speeds })
    }

    /// Takes every row through a play.
    pub(super) fn replay(&self, play: &mut Play<'_>, traffic: &Traffic, bar: &ProgressBar) -> anyhow::Result<Counts> {
        bar.set_length(self.requests);
        let failed = "the ledger cannot be read";
        let (mut labels, mut shadows) = (HashMap::new(), HashMap::new());
        let mut label = |row: ledger::Labelled| drop(labels.insert(row.id, row.label));
        self.reader.labels(&self.period, &mut label).context(failed)?;
        if traffic.shadow {
            let mut shadow = |row: ledger::Shadowed| drop(row.said.map(|said| shadows.insert(row.id, said)));
            self.reader.shadows(&self.period, usize::MAX, &mut shadow).context(failed)?;
        }
        let mut counts = Counts::default();
        let first = play.players.first().map(|player| player.finder.clone()).context("there is a player")?;
        let finders: Vec<(Finder, bool)> = play
            .players
            .iter()
            .map(|player| (player.finder.clone(), traffic.classify || !player.finder.same(&first)))
            .collect();
        let anew = finders.iter().any(|(_, anew)| *anew);
        let mut rows = Vec::with_capacity(CHUNK);
        let mut stopped = Ok(());
        let mut each = |replayed: Replayed<'_>| {
            if stopped.is_err() {
                return;
            }
            if !replayed.answered {
                counts.unanswered += 1;
                return;
            }
            let (label, shadow) = (labels.remove(&replayed.id), shadows.remove(&replayed.id));
            counts.requests += 1;
            counts.labelled += u64::from(label.is_some());
            counts.shadowed += u64::from(shadow.is_some());
            rows.push(Row::of(&replayed, &self.history, label, shadow));
            if rows.len() == CHUNK {
                stopped = take(play, &mut rows, &finders);
                bar.inc(CHUNK as u64);
            }
        };
        self.reader.replay(&self.router, &self.period, anew, &mut each).context(failed)?;
        stopped?;
        take(play, &mut rows, &finders)?;
        if counts.requests == 0 {
            bail!("no request of `{}` in that time was answered: there is nothing to replay", self.router);
        }
        Ok(counts)
    }
}

/// How much and how fast models wrote.
fn told_by(cells: BTreeMap<(String, String), Tally>) -> (History, HashMap<String, Speed>) {
    let mut history = History::default();
    let mut by_model: BTreeMap<String, Tally> = BTreeMap::new();
    for ((model, category), tally) in cells {
        history.note(&model, &category, &tally);
        by_model.entry(model).or_default().merge(&tally);
    }
    let speeds = by_model.into_iter().filter_map(|(model, tally)| Some((model, Speed::measured(&tally)?))).collect();
    (history, speeds)
}

/// Why there is nothing to replay.
fn nothing(
    reader: &Reader,
    path: &Path,
    router: &str,
    routers: &BTreeMap<String, u64>,
    since: bool,
) -> anyhow::Result<String> {
    let path = path.display();
    let Some((first, last)) = reader.span().context("the ledger cannot be read")? else {
        return Ok(format!("the ledger {path} has no request yet: let `frontdesk serve` answer some, then try again"));
    };
    let named: Vec<_> = routers.iter().filter(|(name, requests)| !name.is_empty() && **requests > 0).collect();
    let when = if since { " in that time" } else { "" };
    if named.is_empty() && since {
        let day =
            |time_us| jiff::Timestamp::from_microsecond(time_us).map_or_else(|_| "?".into(), |time| time.to_string());
        let (first, last) = (day(first), day(last));
        return Ok(format!(
            "the ledger {path} has no routed request in that time: its requests are from {first} to {last}"
        ));
    }
    if named.is_empty() {
        return Ok(format!("the ledger {path} has only requests that named their model: send some to `{router}`"));
    }
    let named: Vec<_> = named.iter().map(|(name, requests)| format!("`{name}` ({requests})")).collect();
    Ok(format!(
        "the ledger {path} has no request of the router `{router}`{when}, but of {}: name one with --router",
        named.join(", ")
    ))
}

impl Row {
    fn of(replayed: &Replayed<'_>, history: &History, label: Option<String>, shadow: Option<String>) -> Self {
        let (usage, tools) = (replayed.usage, replayed.tools.unwrap_or(false));
        let category = replayed.category.unwrap_or_default();
        let shadowed = shadow.is_some();
        Self {
            wrote: history.place(replayed.model, category),
            decided: Decided {
                category: shadow.or_else(|| replayed.category.map(ToOwned::to_owned)),
                by: if shadowed { "embedded" } else { replayed.decided_by }.to_owned(),
                confidence: replayed.confidence.filter(|_| !shadowed),
                model: replayed.model.to_owned(),
                needs: Needs { tools, input_tokens: usage.input, ..Needs::default() },
                meant: label,
            },
            usage,
            time_us: replayed.time_us,
            spent: Spent {
                latency_us: replayed.total_us,
                waited_us: 0,
                cost: replayed.cost,
                input: usage.input,
                output: usage.output,
                unpriced: replayed.costing == Costing::Unpriced,
            },
            prompt: replayed.prompt.map(ToOwned::to_owned),
        }
    }

    /// What a player finds: the route, whether it was classified anew, whether its category is unknown.
    fn found(&self, (finder, anew): &(Finder, bool)) -> (Route, bool, bool) {
        let classified = matches!(self.decided.by.as_str(), "embedded" | "llm" | "default");
        let prompt = self
            .prompt
            .as_deref()
            .filter(|_| *anew && classified)
            .and_then(|messages| prompt(messages, self.decided.needs.tools));
        if let Some(prompt) = prompt {
            return (finder.of_prompt(&prompt, self.decided.meant.as_deref()), true, false);
        }
        let (route, known) = finder.kept(&self.decided);
        (route, false, !known)
    }
}

/// The kept messages as routing sees them.
fn prompt(messages: &str, tools: bool) -> Option<Prompt<'static>> {
    let (turns, _) = conversation(&format!("{{\"messages\":{messages}}}")).ok()?;
    let input_tokens = estimate_tokens(turns.iter().map(|turn| turn.text.len()).sum());
    Some(Prompt { turns, needs: Needs { tools, input_tokens, ..Needs::default() } })
}

fn take(play: &mut Play<'_>, rows: &mut Vec<Row>, finders: &[(Finder, bool)]) -> anyhow::Result<()> {
    let found = |row: &Row| finders.iter().map(|finder| row.found(finder)).collect::<Vec<_>>();
    let found: Vec<_> = rows.par_iter().map(found).collect();
    for (row, found) in rows.drain(..).zip(found) {
        let mut routes = Vec::with_capacity(found.len());
        for (player, (route, anew, unknown)) in play.players.iter_mut().zip(found) {
            player.classified_anew += u64::from(anew);
            player.unknown_category += u64::from(unknown);
            routes.push(route);
        }
        let item = Item {
            needs: row.decided.needs,
            usage: row.usage,
            wrote: row.wrote,
            meant: row.decided.meant.as_deref(),
            ..Item::default()
        };
        play.take(&Request { item, routes, recorded: Some((row.time_us, row.spent)) })?;
    }
    Ok(())
}
