//! The one binary.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .init();
    match frontdesk::cli::run().await {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("frontdesk: {error:#}");
            ExitCode::FAILURE
        }
    }
}
