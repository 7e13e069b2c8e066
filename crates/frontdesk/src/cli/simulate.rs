//! `frontdesk simulate`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use routing::RouterId;

use super::files;
use crate::demo::{reckon, run, workload};

/// Reckon what a workload would take and cost, without sending anything.
#[derive(clap::Args)]
pub(super) struct Simulate {
    /// The configuration; without it, the demonstration's.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The router; otherwise the first.
    #[arg(long)]
    router: Option<String>,
    /// Requests of the guide's mix.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    requests: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Simulate {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let config = match &self.config {
            Some(path) => files::config(path)?,
            None => run::config(run::CONFIG)?,
        };
        let routers = &config.table.routers;
        let position = match &self.router {
            None => 0,
            Some(name) => routers
                .iter()
                .position(|router| router.name == *name)
                .with_context(|| format!("there is no router `{name}`"))?,
        };
        let items = workload::items(usize::try_from(self.requests).unwrap_or(usize::MAX));
        let outcome = reckon::reckon(&config, RouterId::at(position), &items)?;
        if self.json {
            anstream::println!("{}", outcome.json());
        } else {
            anstream::println!("{}", outcome.table());
        }
        Ok(ExitCode::SUCCESS)
    }
}
