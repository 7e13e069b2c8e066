//! Development tasks: `cargo xtask test`, `cargo xtask tidy`, `cargo xtask load`.
#![expect(clippy::print_stdout, reason = "a tool for developers at a terminal")]

mod tests;
mod tidy;
mod load;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Development tasks.")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run all tests, the official clients' included; needs Python 3 and Node 20.
    Test,
    /// Check what fmt and clippy do not: layering, lengths, files that the documents name.
    Tidy,
    /// Measure the gateway beside nginx on this machine; needs nginx, wrk and taskset.
    Load(load::Load),
}

fn main() -> anyhow::Result<ExitCode> {
    // The workspace's root, wherever the command is run.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match Cli::parse().task {
        Task::Test => tests::run(&root),
        Task::Tidy => tidy::run(&root),
        Task::Load(load) => load.run(&root),
    }
}
