//! The command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use ledger::{Ledger, Options};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{self, Config, Outside, Problems};
use crate::request::forward::client::Client;
use crate::server;

/// Exit code of a command that ran and whose answer is no.
const NO: u8 = 1;
/// Exit code of a configuration that cannot be used (`EX_CONFIG` would be 78, `EX_USAGE` 64).
const BAD_CONFIG: u8 = 64;

#[derive(Parser)]
#[command(version, about = "The front desk for large language models.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway.
    Serve {
        /// The configuration.
        #[arg(long, default_value = "frontdesk.toml")]
        config: PathBuf,
        /// Listen on other than loopback addresses although no key protects them.
        #[arg(long)]
        insecure: bool,
    },
    /// Say what is wrong with a configuration.
    Check {
        /// The configuration.
        #[arg(long, default_value = "frontdesk.toml")]
        config: PathBuf,
    },
}

/// Runs what the arguments ask for.
///
/// # Errors
/// What stops it, for people.
pub async fn run() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Serve { config, insecure } => serve(&config, insecure).await,
        Command::Check { config } => check(&config),
    }
}

struct Process;

impl Outside for Process {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
}

fn load(path: &Path) -> anyhow::Result<Result<Config, Problems>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(config::parse(&path.display().to_string(), &text, &Process))
}

fn check(path: &Path) -> anyhow::Result<ExitCode> {
    match load(path)? {
        Ok(config) => {
            let table = &config.table;
            let (routers, models) = (table.routers.len(), table.models.len());
            anstream::println!(
                "{}: fine; {routers} routers, {models} models",
                path.display()
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            anstream::eprintln!("{problems}");
            Ok(ExitCode::from(NO))
        }
    }
}

async fn serve(path: &Path, insecure: bool) -> anyhow::Result<ExitCode> {
    let config = match load(path)? {
        Ok(config) => config,
        Err(problems) => {
            anstream::eprintln!("{problems}");
            return Ok(ExitCode::from(BAD_CONFIG));
        }
    };
    let address = config.server.listen;
    if !address.ip().is_loopback() && !insecure {
        anstream::eprintln!(
            "{address} can be reached from other machines and no key protects it: listen on 127.0.0.1, or add --insecure"
        );
        return Ok(ExitCode::from(BAD_CONFIG));
    }
    let ledger = Ledger::open(Path::new(&config.ledger.path), Options::default())?;
    let app = App::new(config, Client::new()?, ledger);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("{address} cannot be listened on"))?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let serving = server::serve(Arc::clone(&app), listener, stop.clone());
    let stopping = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping: running requests may end");
        stop.cancel();
    };
    tokio::join!(serving, stopping);
    Ok(ExitCode::SUCCESS)
}
