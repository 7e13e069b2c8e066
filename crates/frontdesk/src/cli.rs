//! The command line: one file a command.

mod serve;
mod check;
mod classify;
mod eval;
mod train;
mod files;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Serve(serve::Serve),
    /// Say what is wrong with a configuration.
    Check(check::Check),
    /// Say where texts would go: those given, or each line of the input.
    Classify(classify::Classify),
    /// Measure how right a classifier is on labelled prompts.
    Eval(eval::Eval),
    /// Train the embedded classifier on labelled prompts.
    Train(train::Train),
}

/// Where the configuration is, for commands that can do without.
#[derive(clap::Args)]
struct Configured {
    /// The configuration; without it, the built-in classifier with its five categories.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The router whose classifier is meant; otherwise the first.
    #[arg(long)]
    router: Option<String>,
}

/// Runs what the arguments ask for.
///
/// # Errors
/// What stops it, for people.
pub fn run() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Check(check) => check.run(),
        Command::Classify(classify) => classify.run(),
        Command::Eval(eval) => eval.run(),
        Command::Train(train) => train.run(),
    }
}
