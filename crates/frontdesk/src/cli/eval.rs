//! `frontdesk eval`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use classify::evaluation::Share;
use classify::{Bound, Evaluation, Example, Judged, evaluate};
use comfy_table::{Table, presets};
use routing::Router;
use serde_json::json;
use tokio::time::Instant;

use super::{Configured, NO, files};

/// Measure how right a classifier is on labelled prompts.
#[derive(clap::Args)]
pub(super) struct Eval {
    /// Labelled prompts, JSON Lines.
    #[arg(required = true)]
    files: Vec<PathBuf>,
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

impl Eval {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let (examples, broken) = files::examples(&self.files)?;
        let (router, bound) = match &self.classifier {
            Some(path) if path.as_os_str() != "embedded" => {
                let model = files::weights(path)?;
                let router = files::router_of(&model);
                (router.clone(), Bound::to(Arc::clone(&model), &router))
            }
            _ => files::classifier(&self.configured)?,
        };
        let judged = judge(&router, &bound, &examples);
        let evaluation = print(&judged, &router, self.json)?;
        if self.errors {
            list_errors(judged, self.json);
        }
        let enough = self.min.is_none_or(|min| evaluation.accuracy >= min);
        Ok(if enough && broken == 0 { ExitCode::SUCCESS } else { ExitCode::from(NO) })
    }
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
            example,
            said: category.map(|category| category.name.clone()),
            confidence: said.map_or(0.0, |said| said.confidence),
            took_us,
        }
    };
    examples.iter().map(one).collect()
}

/// Measures and prints.
pub(super) fn print(judged: &[Judged<'_>], router: &Router, json: bool) -> anyhow::Result<Evaluation> {
    // Categories are configured from the weakest to the strongest, as in the guide.
    let guide = ["simple", "general", "code", "reasoning", "agent"];
    let strength = |label: &str| {
        let place = guide.iter().position(|known| *known == label);
        place
            .or_else(|| router.categories.iter().position(|category| category.name == label))
            .map_or(0.0, |place| f64::from(u32::try_from(place).unwrap_or(u32::MAX)))
    };
    let evaluation = evaluate(judged, &strength);
    if json {
        anstream::println!("{}", serde_json::to_string(&evaluation)?);
    } else {
        table(&evaluation);
    }
    Ok(evaluation)
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
