//! `frontdesk eval`.

mod show;
mod strength;
mod steady;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use classify::sample::{Estimate, weigh};
use classify::{Bound, Evaluation, Example, Judged, Logged, evaluate};
use routing::Router;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(super) use show::print;
use show::{list_errors, sentences};
pub(super) use strength::Strengths;

use super::files::{self, Given, Labelled};
use super::{Configured, NO, recorded};

/// Measure how right a classifier is on labelled prompts.
#[derive(clap::Args)]
pub(super) struct Eval {
    /// Labelled prompts, JSON Lines.
    #[arg(required_unless_present = "ledger")]
    files: Vec<PathBuf>,
    /// Measure by the requests that have a label in the ledger of the configuration (frontdesk.toml where none is named).
    #[arg(long, conflicts_with = "files")]
    ledger: bool,
    /// With --ledger: only requests of the last `7d`, `12h`.
    #[arg(long, value_parser = humantime::parse_duration, requires = "ledger")]
    since: Option<Duration>,
    #[command(flatten)]
    configured: Configured,
    /// Weights to measure instead of the configured ones: a file that `train` made, or `embedded`.
    #[arg(long)]
    classifier: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The files hold pairs, {"text":"…","changed":"…"}: measure how often both get the same category.
    #[arg(long, conflicts_with_all = ["ledger", "classifier"])]
    pairs: bool,
    /// List what was misrouted, the most confident first.
    #[arg(long)]
    errors: bool,
    /// Exit with 1 below this accuracy.
    #[arg(long)]
    min: Option<f64>,
}

/// The accuracy that routing is asked for.
const BAR: f64 = 0.9;

/// What is said of a sample besides the evaluation.
#[derive(Clone, Copy, Debug)]
struct OfSample {
    estimate: Estimate,
    unlabelled: usize,
    /// What is counted: rows or requests.
    of: &'static str,
}

/// The contract's fields, and those of a sample behind them.
#[derive(Serialize)]
struct SampleJson<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    /// `true`, `false` or `"unsure"`.
    clears_90: Value,
    /// Rows, or requests of the ledger, without a label.
    unlabelled: usize,
    /// How many requests the sample stands for.
    requests: f64,
    /// The share of them in strata that have a label.
    covered: f64,
}

impl Eval {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        if self.pairs {
            return self.steady();
        }
        let (labelled, configured) = self.labelled()?;
        let logged = of_sample(&labelled)?;
        let given = self.given(&configured)?;
        let mut judged = match (&self.classifier, &logged) {
            (None, Some(logged)) => as_said(&labelled.examples, logged),
            _ => judge(&given.router, given.bound()?, &labelled.examples),
        };
        let of_sample = logged.map(|logged| OfSample {
            estimate: weigh(&mut judged, &logged, &labelled.unlabelled),
            unlabelled: labelled.open,
            of: labelled.of,
        });
        let mut evaluation = evaluate(&judged, &|label| given.strengths.of(label));
        if let Some(OfSample { estimate, .. }) = &of_sample {
            evaluation.accuracy_ci95 = estimate.ci95;
        }
        self.print(&evaluation, of_sample)?;
        if self.errors {
            list_errors(judged, self.json);
        }
        let enough = self.min.is_none_or(|min| evaluation.accuracy >= min);
        Ok(if enough && labelled.broken == 0 { ExitCode::SUCCESS } else { ExitCode::from(NO) })
    }

    /// What it is measured by, and with which configuration.
    fn labelled(&self) -> anyhow::Result<(Labelled, Configured)> {
        let mut configured = self.configured.clone();
        if !self.ledger {
            return Ok((files::labelled(&self.files)?, configured));
        }
        configured.config = Some(recorded::configuration(&configured));
        Ok((recorded::labelled(&configured, self.since)?, configured))
    }

    /// The router and the classifier that are measured.
    fn given(&self, configured: &Configured) -> anyhow::Result<Given> {
        match &self.classifier {
            Some(path) if path.as_os_str() != "embedded" => Ok(Given::of(files::weights(path)?)),
            _ => files::given(configured),
        }
    }

    fn print(&self, evaluation: &Evaluation, of_sample: Option<OfSample>) -> anyhow::Result<()> {
        let Some(of_sample) = of_sample else { return print(evaluation, self.json) };
        if !self.json {
            print(evaluation, false)?;
            anstream::println!("{}", sentences(of_sample));
            return Ok(());
        }
        let OfSample { estimate, unlabelled, of: _ } = of_sample;
        let clears_90 = estimate.clears(BAR).map_or_else(|| json!("unsure"), |clears| json!(clears));
        let Estimate { requests, covered, .. } = estimate;
        let row = SampleJson { evaluation, clears_90, unlabelled, requests, covered };
        anstream::println!("{}", serde_json::to_string(&row)?);
        Ok(())
    }
}

/// What the gateway said of every example, where they are of samples; `None`: none is.
fn of_sample(labelled: &Labelled) -> anyhow::Result<Option<Vec<Logged>>> {
    let logged: Vec<Logged> = labelled.logged.iter().flatten().cloned().collect();
    if logged.is_empty() && labelled.unlabelled.is_empty() {
        return Ok(None);
    }
    if logged.len() < labelled.examples.len() {
        bail!("some of these rows have a weight and some have none: measure them apart");
    }
    Ok(Some(logged))
}

/// What the gateway said of each example at the time.
fn as_said<'a>(examples: &'a [Example], logged: &[Logged]) -> Vec<Judged<'a>> {
    let one = |(example, logged): (&'a Example, &Logged)| Judged {
        // Where no classifier was asked, the gateway did not doubt.
        confidence: logged.confidence.unwrap_or(1.0),
        took_us: logged.decision_us,
        ..Judged::of(example, Some(logged.said.clone()))
    };
    examples.iter().zip(logged).map(one).collect()
}

/// What a classifier says of each example.
pub(super) fn judge<'a>(router: &Router, bound: &Bound, examples: &'a [Example]) -> Vec<Judged<'a>> {
    let one = |example: &'a Example| {
        let prompt = example.prompt();
        let began = Instant::now();
        let said = bound.whole(&prompt, router.classifying.encoder_below);
        let took_us = began.elapsed().as_secs_f64() * 1e6;
        let category = said.as_ref().and_then(|said| router.category(said.category));
        Judged {
            confidence: said.map_or(0.0, |said| said.confidence),
            took_us,
            ..Judged::of(example, category.map(|category| category.name.clone()))
        }
    };
    examples.iter().map(one).collect()
}
