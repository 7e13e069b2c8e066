//! Having a model compare the routes' answers with the baseline's: what is drawn, what is asked, and the loop over it.

mod plan;
mod ask;
mod compare;

pub(crate) use compare::{Bench, Facts};
pub(crate) use plan::{Candidate, Plan, Planner};

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use indicatif::ProgressBar;
use ledger::{Judgement, Marks, Reader};
use proof::purse::Purse;
use routing::NanoUsd;
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};

use ask::Failed;
use compare::{Ended, Ready};

/// Comparisons at once; each makes one call at a time.
const AT_ONCE: usize = 4;
/// So many failures without a comparison between them, and the rest is not tried any more.
const HOPELESS: usize = 8;
/// Once there are so many verdicts, a judge that mostly talks nonsense is not paid for more of it.
const ENOUGH: u64 = 20;

/// Why it ended before all that was drawn was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stop {
    /// The next comparison could have cost more than is left.
    Budget,
    /// Ctrl-C.
    Interrupted,
    /// Call after call failed, or a provider refuses our credential.
    Failures,
    /// The judge's answers are no verdicts.
    Nonsense,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The comparisons, in the order they ended; each is in the ledger.
    pub(crate) judgements: Vec<Judgement>,
    /// Reasons why others could not be made, with how many had each.
    pub(crate) failures: BTreeMap<String, u64>,
    /// Why it stopped before the end, if it did.
    pub(crate) stopped: Option<Stop>,
    /// What all calls cost.
    pub(crate) spent: NanoUsd,
    /// What was asked and what was not.
    pub(crate) facts: Facts,
    in_a_row: usize,
}

impl Outcome {
    /// Notes a failure; whether to stop.
    fn failed(&mut self, failed: Failed) {
        self.in_a_row += 1;
        if failed.for_all || self.in_a_row >= HOPELESS {
            self.stopped = self.stopped.or(Some(Stop::Failures));
        }
        *self.failures.entry(failed.why).or_default() += 1;
    }

    /// Notes a comparison.
    fn judged(&mut self, judgement: Judgement) {
        self.in_a_row = 0;
        self.judgements.push(judgement);
        let verdicts = || self.judgements.iter().flat_map(|row| [row.first, row.second]);
        let (all, nonsense) = (verdicts().count() as u64, verdicts().filter(Option::is_none).count() as u64);
        if all >= ENOUGH && nonsense * 2 > all {
            self.stopped = self.stopped.or(Some(Stop::Nonsense));
        }
    }
}

/// Compares what was drawn, a few at once, and writes every judgement as soon as it is there. The first Ctrl-C lets those
/// that run end, the second breaks them off.
///
/// # Errors
/// When the ledger cannot be read or written.
pub(crate) async fn run(
    bench: &Bench<'_>,
    drawn: Vec<Candidate>,
    budget: NanoUsd,
    ledger: &Path,
    bar: &ProgressBar,
) -> anyhow::Result<Outcome> {
    let marks = Marks::open(ledger)?;
    let mut interrupts = signal(SignalKind::interrupt()).context("Ctrl-C cannot be waited for")?;
    let (mut purse, mut outcome) = (Purse::of(budget), Outcome::default());
    let (mut queue, mut running) = (drawn.into_iter(), FuturesUnordered::new());
    let mut next = None;
    loop {
        while running.len() < AT_ONCE && outcome.stopped.is_none() {
            if next.is_none() {
                next = take(bench, &mut queue, ledger, &mut outcome)?;
            }
            let Some(ready) = next.take_if(|ready| purse.reserve(ready.most)) else { break };
            running.push(bench.compare(ready));
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            ended = running.next() => {
                let Some(ended) = ended else { break };
                purse.settle(ended.most, ended.cost);
                settle(ended, &marks, &mut outcome)?;
                outcome.spent = purse.spent();
                bar.inc(1);
                bar.set_message(format!("${:.4} spent", purse.spent().as_usd()));
            }
            () = interrupted(&mut interrupts) => {
                if outcome.stopped == Some(Stop::Interrupted) {
                    break;
                }
                outcome.stopped = Some(Stop::Interrupted);
                bar.suspend(|| anstream::eprintln!("what runs may end; Ctrl-C again breaks it off"));
            }
        }
    }
    if next.is_some() && outcome.stopped.is_none() {
        outcome.stopped = Some(Stop::Budget);
    }
    Ok(outcome)
}

async fn interrupted(interrupts: &mut Signal) {
    if interrupts.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// The next that can be compared. The ledger is opened for each, because one that is read for long cannot be tidied up by
/// the gateway that writes it.
fn take(
    bench: &Bench<'_>,
    queue: &mut dyn Iterator<Item = Candidate>,
    ledger: &Path,
    outcome: &mut Outcome,
) -> anyhow::Result<Option<Ready>> {
    for candidate in queue {
        let conversation = Reader::open(ledger)?.conversation(candidate.id).context("the ledger cannot be read")?;
        match bench.ready(candidate, conversation) {
            Ok(ready) => return Ok(Some(ready)),
            Err(why) => *outcome.failures.entry(why).or_default() += 1,
        }
    }
    Ok(None)
}

fn settle(ended: Ended, marks: &Marks, outcome: &mut Outcome) -> anyhow::Result<()> {
    outcome.facts.add(&ended.facts);
    match ended.result {
        Ok(judgement) => {
            marks.judgement(&judgement).context("the judgement cannot be written to the ledger")?;
            outcome.judged(judgement);
        }
        Err(failed) => outcome.failed(failed),
    }
    Ok(())
}
