//! `frontdesk report`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::files;
use crate::report::{Asked, When, html, make, terminal};

/// Say what the ledger's traffic came to, what routing saved, and whether it pays.
#[derive(clap::Args)]
pub(super) struct Report {
    /// The configuration, which names the ledger, the baselines and the prices.
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
    /// Another ledger than the configuration's.
    #[arg(long)]
    ledger: Option<PathBuf>,
    /// Only requests of the last `7d`, or since `2026-11-25` or `2026-11-25T10:00:00Z`; otherwise all.
    #[arg(long)]
    since: Option<When>,
    /// Only requests before that, written in the same way.
    #[arg(long)]
    until: Option<When>,
    /// Only requests of this router.
    #[arg(long)]
    router: Option<String>,
    /// Only requests of this key.
    #[arg(long)]
    key: Option<String>,
    /// Requests of this key are batch work that nobody waits for, as those with metadata "batch": true; may be repeated.
    #[arg(long)]
    batch_key: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write a page with drawings, one file that needs no other.
    #[arg(long)]
    html: Option<PathBuf>,
}

impl Report {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let config = files::offline(&self.config)?;
        let asked = Asked {
            since: self.since,
            until: self.until,
            router: self.router.clone(),
            key: self.key.clone(),
            batch_keys: self.batch_key.clone(),
        };
        let ledger = self.ledger.as_deref().unwrap_or(Path::new(&config.ledger.path));
        let report = make(ledger, &config.table, &asked, jiff::Timestamp::now().as_microsecond())?;
        if let Some(path) = &self.html {
            std::fs::write(path, html(&report)).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        if self.json {
            anstream::println!("{}", serde_json::to_string(&report)?);
        } else {
            anstream::println!("{}", terminal(&report));
            if let Some(path) = &self.html {
                anstream::println!("\nThe page is {}.", path.display());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
