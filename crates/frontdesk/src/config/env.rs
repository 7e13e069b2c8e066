//! The environment and the files: the one place that reads them for the configuration.

use std::path::Path;

use anyhow::Context;

use super::{Config, Outside, Problems};

/// Chooses what is logged, in the syntax of `tracing_subscriber`'s `EnvFilter`; goes before `[log] level`.
pub const LOG: &str = "FRONTDESK_LOG";

/// The OTLP collector that traces go to, `http://localhost:4318`; without it none are made.
pub const OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The name of this service in traces; `frontdesk` without it.
pub const OTEL_SERVICE: &str = "OTEL_SERVICE_NAME";

/// What surrounds the process.
#[derive(Clone, Copy, Debug)]
pub struct Process;

impl Outside for Process {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}

/// What surrounds a command that calls nobody: secrets are not looked up, and something else stands for them.
struct WithoutSecrets;

impl Outside for WithoutSecrets {
    fn variable(&self, _name: &str) -> Option<String> {
        Some("not-looked-up".into())
    }

    fn file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        Process.file(path)
    }

    fn secret(&self, _path: &str) -> std::io::Result<Vec<u8>> {
        Ok(b"not-looked-up".to_vec())
    }
}

/// Reads and resolves a configuration file.
///
/// # Errors
/// Outside: it cannot be read. Inside: everything that is wrong with it.
pub fn load(path: &Path) -> anyhow::Result<Result<Config, Problems>> {
    load_within(path, &Process)
}

/// The same for a command that calls nobody, so that secrets need not be there.
///
/// # Errors
/// As [`load`].
pub fn load_without_secrets(path: &Path) -> anyhow::Result<Result<Config, Problems>> {
    load_within(path, &WithoutSecrets)
}

fn load_within(path: &Path, outside: &dyn Outside) -> anyhow::Result<Result<Config, Problems>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read; `frontdesk init` writes one", path.display()))?;
    Ok(super::parse(&path.display().to_string(), &text, outside))
}
