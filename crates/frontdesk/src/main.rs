//! The front desk for large language models.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match frontdesk::cli::run() {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("frontdesk: {error:#}");
            ExitCode::FAILURE
        }
    }
}
