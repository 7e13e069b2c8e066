//! `frontdesk train`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use classify::train::{self, Options, Progress};
use classify::{Bound, Embedded, evaluate};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;

use super::eval::{Strengths, judge, print};
use super::{Configured, files, recorded};

/// Train the embedded classifier on labelled prompts.
#[derive(clap::Args)]
pub(super) struct Train {
    /// Labelled prompts, JSON Lines.
    #[arg(required_unless_present = "ledger")]
    files: Vec<PathBuf>,
    /// Learn also from the requests that have a label in the ledger of --config (frontdesk.toml where none is named).
    #[arg(long)]
    ledger: bool,
    #[command(flatten)]
    configured: Configured,
    /// Where the weights go.
    #[arg(long)]
    out: PathBuf,
    /// Labelled prompts to measure on; otherwise every twentieth row of the files is held out.
    #[arg(long)]
    dev: Vec<PathBuf>,
    /// The same seed and rows give the same weights.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; otherwise one a core.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// How often every row is learned from.
    #[arg(long, default_value_t = Options::default().epochs)]
    epochs: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Train {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        if !self.ledger && (self.configured.config.is_some() || self.configured.router.is_some()) {
            bail!("--config and --router say whose labels are meant: add --ledger");
        }
        let mut rows = if self.files.is_empty() { Vec::new() } else { files::examples(&self.files)?.0 };
        if self.ledger {
            rows.append(&mut recorded::labelled(&self.configured, None)?.examples);
        }
        let held_out = if self.dev.is_empty() {
            let mut held_out = Vec::new();
            let mut position = 0;
            rows.retain(|row| {
                position += 1;
                let held = position % 20 == 0;
                if held {
                    held_out.push(row.clone());
                }
                !held
            });
            // A text that stands twice in the files would be on both sides.
            let known: std::collections::HashSet<String> = rows.iter().map(classify::Example::normalized).collect();
            held_out.retain(|row| !known.contains(&row.normalized()));
            held_out
        } else {
            files::examples(&self.dev)?.0
        };
        let leaks = train::leaks(&rows, &held_out);
        if leaks > 0 {
            bail!("{leaks} rows to measure on are also to be trained on: take them out of one of the files");
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build_global()
            .context("the threads cannot be started")?;
        let bar = ProgressBar::new(1);
        let style = "{bar:40} {percent:>3} %  loss {msg}  {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let options = Options { seed: self.seed, epochs: self.epochs, ..Options::default() };
        let model = train::train(&rows, &options, &|progress: Progress| {
            bar.set_length(progress.total as u64);
            bar.set_position(progress.rows as u64);
            bar.set_message(format!("{:.3}", progress.loss));
        })?;
        bar.finish_and_clear();
        let file = classify::weights::write(&model);
        std::fs::write(&self.out, &file).with_context(|| format!("{} cannot be written", self.out.display()))?;
        anstream::eprintln!(
            "{}: {} rows, {} labels, {} bytes, temperature {:.2}",
            self.out.display(),
            rows.len(),
            model.labels.len(),
            file.len(),
            model.temperature
        );
        self.measure(model, &held_out)
    }

    fn measure(&self, model: Embedded, held_out: &[classify::Example]) -> anyhow::Result<ExitCode> {
        if held_out.is_empty() {
            anstream::eprintln!("too few rows to hold any out: measure with `frontdesk eval`");
            return Ok(ExitCode::SUCCESS);
        }
        let router = files::router_of(&model);
        let bound = Bound::to(Arc::new(model), &router);
        let strengths = Strengths::new(&router, &routing::Table::default());
        let judged = judge(&router, &bound, held_out);
        print(&evaluate(&judged, &|label| strengths.of(label)), self.json)?;
        Ok(ExitCode::SUCCESS)
    }
}
