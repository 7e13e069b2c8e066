//! `frontdesk serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::BAD_CONFIG;
use crate::config::env;
use crate::gateway;

/// Run the gateway.
#[derive(clap::Args)]
pub(super) struct Serve {
    /// The configuration.
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
    /// Listen on other than loopback addresses although no key protects them.
    #[arg(long)]
    insecure: bool,
}

impl Serve {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let config = match env::load(&self.config)? {
            Ok(config) => config,
            Err(problems) => {
                anstream::eprintln!("{problems}");
                return Ok(ExitCode::from(BAD_CONFIG));
            }
        };
        let address = config.server.listen;
        if !address.ip().is_loopback() && !self.insecure {
            anstream::eprintln!(
                "{address} can be reached from other machines and no key protects it: listen on 127.0.0.1, or add --insecure"
            );
            return Ok(ExitCode::from(BAD_CONFIG));
        }
        gateway::run(config, Some(&self.config))
    }
}
