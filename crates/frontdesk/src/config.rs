//! The configuration: what was written becomes what it means, or a list of everything that is wrong with it.

mod problem;
mod placed;
mod raw;
mod secret;
pub mod resolved;
mod resolve;
pub mod env;

pub use problem::{Problem, Problems};
#[cfg(feature = "otlp")]
pub(crate) use resolve::endpoint;
pub use resolved::{Api, Config, Endpoint, LedgerSettings, Log, Provider, Server, Shadow, Timeouts};
pub use secret::Secret;

/// Reads a configuration. `env` looks up environment variables, `file` reads files that hold secrets.
///
/// # Errors
/// Everything that is wrong, all at once.
pub fn parse(name: &str, text: &str, outside: &dyn Outside) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let raw = raw::read(text, &mut problems);
    let config = resolve::resolve(&raw, outside, &mut problems);
    if problems.is_empty() {
        return Ok(config);
    }
    problems.sort_by_key(|problem| problem.span.start);
    // What a shadow takes over from its router's classifier is looked at twice.
    let mut told = Vec::new();
    problems.retain(|problem| {
        let new = !told.contains(problem);
        told.push(problem.clone());
        new
    });
    Err(Problems { file: name.into(), text: text.into(), problems })
}

/// The JSON Schema of the file.
#[must_use]
pub fn schema() -> String {
    raw::schema() + "\n"
}

/// Where secrets come from.
pub trait Outside {
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// The bytes of a file.
    fn file(&self, path: &str) -> std::io::Result<Vec<u8>>;
    /// The bytes of a file that holds a secret.
    fn secret(&self, path: &str) -> std::io::Result<Vec<u8>> {
        self.file(path)
    }
}

#[cfg(test)]
mod tests;
