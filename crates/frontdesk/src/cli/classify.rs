//! `frontdesk classify`.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use classify::Bound;
use routing::{DecidedBy, Prompt, Router};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Configured, NO, files};

/// Say where texts would go: those given, or each line of the input.
#[derive(clap::Args)]
pub(super) struct Classify {
    /// The text; otherwise each line of stdin.
    text: Vec<String>,
    /// Prompts as JSON Lines of `text` or `messages`; labels are not needed and ignored.
    #[arg(long)]
    file: Option<PathBuf>,
    #[command(flatten)]
    configured: Configured,
    /// Print JSON, one object a text.
    #[arg(long)]
    json: bool,
}

impl Classify {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let (router, bound) = files::classifier(&self.configured)?;
        if let Some(path) = &self.file {
            return self.jsonl(path, &router, &bound);
        }
        if !self.text.is_empty() {
            self.say(&router, &bound, &Prompt::text(self.text.join(" ")))?;
            return Ok(ExitCode::SUCCESS);
        }
        let input = std::io::stdin();
        if input.is_terminal() {
            anstream::eprintln!("one text a line; end with Ctrl-D");
        }
        for line in input.lock().lines() {
            let line = line.context("the input cannot be read")?;
            if !line.trim().is_empty() {
                self.say(&router, &bound, &Prompt::text(line))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn jsonl(&self, path: &PathBuf, router: &Router, bound: &Bound) -> anyhow::Result<ExitCode> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        // Rows without a label are fine here: they get one that nobody reads.
        let labelled: Vec<String> = text.lines().map(with_label).collect();
        let (examples, bad) = classify::read_examples(&labelled.join("\n"));
        for example in &examples {
            self.say(router, bound, &example.prompt())?;
        }
        for line in &bad {
            anstream::eprintln!("{}, {line}", path.display());
        }
        Ok(if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NO) })
    }

    fn say(&self, router: &Router, bound: &Bound, prompt: &Prompt<'_>) -> anyhow::Result<()> {
        let began = Instant::now();
        let said = bound.whole(prompt, router.classifying.encoder_below);
        let took = began.elapsed().as_micros();
        let name = |position: usize| router.categories.get(position).map_or("", |category| category.name.as_str());
        let sure = said.as_ref().filter(|said| said.confidence >= router.classifying.min_confidence);
        let category = sure.map_or(router.default, |said| said.category);
        let by = if sure.is_some() { DecidedBy::Embedded } else { DecidedBy::Default };
        let confidence = said.as_ref().map(|said| said.confidence);
        if self.json {
            let all = said.iter().flat_map(|said| said.probabilities.iter().enumerate());
            let probabilities: Map<String, Value> =
                all.map(|(position, probability)| (name(position).to_owned(), json!(probability))).collect();
            let line = json!({
                "category": name(category.index()), "confidence": confidence, "decided_by": by.word(),
                "probabilities": probabilities, "decision_us": u64::try_from(took).unwrap_or(u64::MAX),
            });
            anstream::println!("{line}");
        } else {
            let text = prompt.last_user().map_or("", |turn| &turn.text);
            let text: String = text.chars().take(100).map(|c| if c == '\n' { ' ' } else { c }).collect();
            anstream::println!("{:10} {:.2}  {text}", name(category.index()), confidence.unwrap_or(0.0));
        }
        Ok(())
    }
}

/// A row with a label, whether it had one or not.
fn with_label(line: &str) -> String {
    match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(mut row)) => {
            row.entry("label").or_insert_with(|| json!("-"));
            Value::Object(row).to_string()
        }
        _ => line.to_owned(),
    }
}
