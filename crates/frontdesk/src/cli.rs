//! The command line: one file a command.

mod demo;
mod serve;
mod init;
mod check;
mod schema;
mod classify;
mod eval;
mod train;
mod sample;
mod label;
mod judge;
mod report;
mod simulate;
mod files;
mod recorded;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(test)]
pub(crate) use init::PRESETS;

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
    /// Show it: simulated models, the gateway before them, a thousand requests through it, and what routing saved.
    Demo(demo::Demo),
    /// Run the gateway.
    Serve(serve::Serve),
    /// Write a starter configuration.
    Init(init::Init),
    /// Say what is wrong with a configuration.
    Check(check::Check),
    /// Print the JSON Schema of the configuration.
    Schema(schema::Schema),
    /// Say where texts would go: those given, or each line of the input.
    Classify(classify::Classify),
    /// Measure how right a classifier is on labelled prompts.
    Eval(eval::Eval),
    /// Train the embedded classifier on labelled prompts.
    Train(train::Train),
    /// Draw requests of the ledger to label.
    Sample(sample::Sample),
    /// Ask for the labels of a sample, one key each.
    Label(label::Label),
    /// Have a model compare the routes' answers with the baseline's.
    Judge(judge::Judge),
    /// Reckon what requests would take and cost under a configuration, without sending anything.
    Simulate(Box<simulate::Simulate>),
    /// Say what the ledger's traffic came to, what routing saved, and whether it pays.
    Report(report::Report),
}

/// Where the configuration is, for commands that can do without.
#[derive(Clone, clap::Args)]
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
        Command::Demo(demo) => demo.run(),
        Command::Serve(serve) => serve.run(),
        Command::Init(init) => init.run(),
        Command::Check(check) => check.run(),
        Command::Schema(schema) => schema.run(),
        Command::Classify(classify) => classify.run(),
        Command::Eval(eval) => eval.run(),
        Command::Train(train) => train.run(),
        Command::Sample(sample) => sample.run(),
        Command::Label(label) => label.run(),
        Command::Judge(judge) => judge.run(),
        Command::Report(report) => report.run(),
        Command::Simulate(simulate) => simulate.run(),
    }
}
