//! `frontdesk schema`.

use std::process::ExitCode;

use crate::config;

/// Print the JSON Schema of the configuration.
#[derive(clap::Args)]
pub(super) struct Schema {
    /// Changes nothing: a schema is JSON.
    #[arg(long)]
    json: bool,
}

impl Schema {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let _always = self.json;
        anstream::print!("{}", config::schema());
        Ok(ExitCode::SUCCESS)
    }
}
