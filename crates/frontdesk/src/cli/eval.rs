//! `frontdesk eval`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use classify::evaluation::Share;
use classify::sample::{Estimate, weigh};
use classify::{Bound, Evaluation, Example, Judged, Logged, evaluate};
use comfy_table::{Table, presets};
use routing::Router;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::files::{self, Labelled};
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
        let (labelled, configured) = self.labelled()?;
        let logged = of_sample(&labelled)?;
        let (router, mut judged) = match (&self.classifier, &logged) {
            (None, Some(logged)) => (files::any_router(&configured)?, as_said(&labelled.examples, logged)),
            _ => {
                let (router, bound) = self.bound(&configured)?;
                let judged = judge(&router, &bound, &labelled.examples);
                (router, judged)
            }
        };
        let of_sample = logged.map(|logged| OfSample {
            estimate: weigh(&mut judged, &logged, &labelled.unlabelled),
            unlabelled: labelled.open,
            of: labelled.of,
        });
        let mut evaluation = measure(&judged, &router);
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

    /// The classifier that is measured.
    fn bound(&self, configured: &Configured) -> anyhow::Result<(Router, Bound)> {
        match &self.classifier {
            Some(path) if path.as_os_str() != "embedded" => {
                let model = files::weights(path)?;
                let router = files::router_of(&model);
                Ok((router.clone(), Bound::to(model, &router)))
            }
            _ => files::classifier(configured),
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

/// Measures what was judged.
pub(super) fn measure(judged: &[Judged<'_>], router: &Router) -> Evaluation {
    // Categories are configured from the weakest to the strongest, as in the guide.
    let guide = ["simple", "general", "code", "reasoning", "agent"];
    let strength = |label: &str| {
        let place = guide.iter().position(|known| *known == label);
        place
            .or_else(|| router.categories.iter().position(|category| category.name == label))
            .map_or(0.0, |place| f64::from(u32::try_from(place).unwrap_or(u32::MAX)))
    };
    evaluate(judged, &strength)
}

/// Prints an evaluation.
pub(super) fn print(evaluation: &Evaluation, json: bool) -> anyhow::Result<()> {
    if json {
        anstream::println!("{}", serde_json::to_string(evaluation)?);
    } else {
        table(evaluation);
    }
    Ok(())
}

/// What a sample says of the traffic, in words.
fn sentences(OfSample { estimate, unlabelled, of }: OfSample) -> String {
    let Estimate { requests, covered, ci95: [low, high], .. } = estimate;
    let mut text =
        format!("Accuracy, interval and shares are of the {requests:.0} requests that the labelled {of} stand for.");
    if unlabelled > 0 {
        text.push_str(&format!(" {unlabelled} {of} have no label yet."));
    }
    if covered < 1.0 {
        let open = 100.0 * (1.0 - covered);
        text.push_str(&format!(
            " {open:.1} % of the requests are in strata without a label and may be right or wrong."
        ));
    }
    text.push('\n');
    text.push_str(&match estimate.clears(BAR) {
        Some(true) => format!("It clears 90 %: it is at least {:.1} %.", 100.0 * low),
        Some(false) => format!("It does not clear 90 %: it is at most {:.1} %.", 100.0 * high),
        None => "Whether it clears 90 % is not sure: that needs more labels.".to_owned(),
    });
    text
}

fn table(evaluation: &Evaluation) {
    let [low, high] = evaluation.accuracy_ci95;
    anstream::println!(
        "{} prompts: accuracy {:.3} (95 %: {low:.3} to {high:.3}), macro F1 {:.3}, calibration error {:.3}",
        evaluation.n,
        evaluation.accuracy,
        evaluation.macro_f1,
        evaluation.ece
    );
    anstream::println!(
        "wrong routes: {:.1} % to a dearer model than needed (waste), {:.1} % to a weaker one (risk); a decision takes {:.0} µs (p99 {:.0})",
        100.0 * evaluation.wrong_routes.waste,
        100.0 * evaluation.wrong_routes.risk,
        evaluation.decision_us.p50,
        evaluation.decision_us.p99
    );
    confusion(evaluation);
    for (name, parts) in [("source", &evaluation.by_source), ("language", &evaluation.by_lang)] {
        if parts.len() > 1 {
            shares(name, parts);
        }
    }
    let mut rows = new_table();
    rows.set_header(["min_confidence", "share above", "accuracy there"]);
    for row in &evaluation.coverage {
        let numbers = [row.min_confidence, row.coverage, row.accuracy];
        rows.add_row(numbers.map(|number| format!("{number:.3}")));
    }
    anstream::println!("{rows}");
}

fn confusion(evaluation: &Evaluation) {
    let labels: Vec<&String> = evaluation.per_category.keys().collect();
    let mut rows = new_table();
    let heads = ["category", "n", "precision", "recall", "F1"].map(ToOwned::to_owned);
    rows.set_header(heads.into_iter().chain(labels.iter().map(|label| format!("→ {label}"))));
    for (label, measures) in &evaluation.per_category {
        let said =
            |other: &&String| evaluation.confusion.get(label).and_then(|row| row.get(*other)).copied().unwrap_or(0);
        let numbers = [measures.precision, measures.recall, measures.f1].map(|number| format!("{number:.3}"));
        let begin = [label.clone(), measures.n.to_string()].into_iter().chain(numbers);
        rows.add_row(begin.chain(labels.iter().map(|other| said(other).to_string())));
    }
    anstream::println!("{rows}");
}

fn shares(name: &str, parts: &BTreeMap<String, Share>) {
    let mut rows = new_table();
    rows.set_header([name, "n", "accuracy"]);
    for (part, share) in parts {
        rows.add_row([part.clone(), share.n.to_string(), format!("{:.3}", share.accuracy)]);
    }
    anstream::println!("{rows}");
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

fn list_errors(mut judged: Vec<Judged<'_>>, json: bool) {
    judged.retain(|row| !row.is_right());
    judged.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    for row in judged {
        let (label, said) = (&row.example.label, row.said.as_deref().unwrap_or("-"));
        let text: String = row.example.text().chars().take(160).collect();
        if json {
            anstream::println!("{}", json!({"label": label, "said": said, "confidence": row.confidence, "text": text}));
        } else {
            anstream::println!("{:.2} {label} → {said}: {}", row.confidence, text.replace('\n', " "));
        }
    }
}
