//! `frontdesk check`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::NO;
use crate::config::env;

/// Say what is wrong with a configuration.
#[derive(clap::Args)]
pub(super) struct Check {
    /// The configuration.
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let checked = env::load(&self.config)?;
        if self.json {
            let problems = checked.as_ref().err().map_or(&[][..], |found| &found.problems);
            let list: Vec<_> = problems
                .iter()
                .zip(checked.as_ref().err().into_iter().cycle())
                .map(|(problem, all)| json!({"line": all.line(problem), "message": problem.message, "help": problem.help}))
                .collect();
            anstream::println!("{}", json!({"file": self.config, "ok": list.is_empty(), "problems": list}));
        }
        match checked {
            Ok(config) => {
                let (routers, models) = (config.table.routers.len(), config.table.models.len());
                if !self.json {
                    anstream::println!("{}: fine; {routers} routers, {models} models", self.config.display());
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(problems) => {
                if !self.json {
                    anstream::eprintln!("{problems}");
                }
                Ok(ExitCode::from(NO))
            }
        }
    }
}
