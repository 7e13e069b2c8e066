//! All tests: those of the crates, then the official clients against the built gateway.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context;

/// Runs everything; what fails first is told last.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let steps: [(&str, &[&str]); 3] = [
        ("cargo", &["test", "--workspace", "--quiet"]),
        ("cargo", &["build", "--package", "frontdesk", "--quiet"]),
        ("tests/clients/run", &[]),
    ];
    for (program, arguments) in steps {
        println!("== {program} {}", arguments.join(" "));
        let program = if program == "cargo" { program.into() } else { root.join(program) };
        let status = Command::new(&program)
            .args(arguments)
            .current_dir(root)
            .status()
            .with_context(|| format!("{} cannot be run", program.display()))?;
        if !status.success() {
            println!("== failed: {} {}", program.display(), arguments.join(" "));
            return Ok(ExitCode::FAILURE);
        }
    }
    println!("== all tests passed");
    Ok(ExitCode::SUCCESS)
}
