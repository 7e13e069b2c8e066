//! `frontdesk demo`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::demo::{self, Kind};

/// Where the demonstration listens, unless it ends at once.
const LISTEN: &str = "127.0.0.1:8080";
/// Any free port of this machine.
const ANY_PORT: &str = "127.0.0.1:0";

/// Show it: simulated models, the gateway before them, a thousand requests through it, and what routing saved.
#[derive(clap::Args)]
pub(super) struct Demo {
    /// Requests of the guide's mix.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    requests: u32,
    /// How many times faster than real ones the simulated models are.
    #[arg(long, default_value_t = 20.0, value_parser = speedup)]
    speedup: f64,
    /// What decides: the embedded classifier, or a model that is asked, as in the guide.
    #[arg(long, value_enum, default_value = "embedded")]
    classifier: Kind,
    /// Where the gateway listens; with --exit any free port.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Keep the ledger in this file, which must not be there yet, for `frontdesk report`; its times are compressed.
    #[arg(long)]
    ledger: Option<PathBuf>,
    /// End after the table instead of going on serving.
    #[arg(long)]
    exit: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn speedup(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1.0..=1_000.0).contains(&number) { Ok(number) } else { Err("write a number from 1 to 1000".to_owned()) }
}

impl Demo {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        if let Some(path) = self.ledger.as_deref().filter(|path| path.exists()) {
            bail!("{} is there already: name another file, or move it away", path.display());
        }
        let runtime = tokio::runtime::Runtime::new().context("the runtime cannot be started")?;
        runtime.block_on(self.show())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn show(&self) -> anyhow::Result<()> {
        let folder = tempfile::tempdir().context("there is no place for the demonstration's ledger")?;
        let ledger = self.ledger.clone().unwrap_or_else(|| folder.path().join("demo.db"));
        let requests = usize::try_from(self.requests).unwrap_or(usize::MAX);
        let demo = demo::Demo { requests, speedup: self.speedup, kind: self.classifier };
        let default = if self.exit { ANY_PORT } else { LISTEN };
        let running = demo.start(self.listen.map_or_else(|| default.parse(), Ok)?, &ledger).await?;
        let bar = ProgressBar::new(1);
        let style = "{bar:40} {percent:>3} %  {msg}  {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let outcome = demo.run(&running, &ledger, &bar).await?;
        bar.finish_and_clear();
        if self.json {
            anstream::println!("{}", outcome.json());
        } else {
            anstream::println!("{}", outcome.table());
        }
        if let Some(path) = &self.ledger {
            anstream::eprintln!(
                "\nThe ledger is {0}, with times {1} times shorter than model time. To look at it:\n\n  \
                 frontdesk init --preset cheapestinference\n  frontdesk report --ledger {0}",
                path.display(),
                self.speedup
            );
        }
        if !self.exit {
            let address = running.address;
            anstream::eprintln!(
                "\nStill serving, with simulated models, at http://{address}/v1 (Ctrl-C ends it). Try:\n\n  \
                 curl -i http://{address}/v1/chat/completions -H 'content-type: application/json' \\\n    \
                 -d '{{\"model\":\"auto\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi there\"}}]}}'\n"
            );
            tokio::signal::ctrl_c().await.context("Ctrl-C cannot be waited for")?;
        }
        running.stop.cancel();
        Ok(())
    }
}
