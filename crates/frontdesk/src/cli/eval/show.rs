//! An evaluation as people and machines read it.

use std::collections::BTreeMap;

use classify::evaluation::Share;
use classify::sample::Estimate;
use classify::{Evaluation, Judged};
use comfy_table::{Table, presets};
use serde_json::json;

use super::{BAR, OfSample};

/// Prints an evaluation.
pub(in crate::cli) fn print(evaluation: &Evaluation, json: bool) -> anyhow::Result<()> {
    if json {
        anstream::println!("{}", serde_json::to_string(evaluation)?);
    } else {
        table(evaluation);
    }
    Ok(())
}

/// What a sample says of the traffic, in words.
pub(super) fn sentences(OfSample { estimate, unlabelled, of }: OfSample) -> String {
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
    let mut rows = new_table();
    rows.set_header(["confidence", "accuracy there", "share", "n"]);
    for bin in &evaluation.calibration {
        let numbers = [bin.confidence, bin.accuracy, bin.share].map(|number| format!("{number:.3}"));
        rows.add_row(numbers.into_iter().chain([bin.n.to_string()]));
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

pub(super) fn shares(name: &str, parts: &BTreeMap<String, Share>) {
    let mut rows = new_table();
    rows.set_header([name, "n", "accuracy"]);
    for (part, share) in parts {
        rows.add_row([part.clone(), share.n.to_string(), format!("{:.3}", share.accuracy)]);
    }
    anstream::println!("{rows}");
}

pub(super) fn new_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

pub(super) fn list_errors(mut judged: Vec<Judged<'_>>, json: bool) {
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
