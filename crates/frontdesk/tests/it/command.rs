//! Commands as processes of their own, run in a folder.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit code.
    pub(crate) code: i32,
    /// On the standard output.
    pub(crate) out: String,
    /// On the standard error.
    pub(crate) err: String,
}

impl Said {
    /// What it said on the standard output, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What a command said, once it has ended.
    pub(crate) fn at_the_end_of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A command in a folder, its arguments parted by single spaces. The key that starter files name is set.
pub(crate) fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
    command.args(arguments.split(' ')).current_dir(folder).env("CHEAPESTINFERENCE_API_KEY", "s3cret");
    command
}

/// Starts one.
pub(crate) fn start(folder: &Path, arguments: &str) -> Child {
    let mut command = command(folder, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Runs a command in a folder, with these keys on its standard input.
pub(crate) fn run(folder: &Path, arguments: &str, keys: &str) -> Said {
    let mut child = start(folder, arguments);
    // A command that reads no keys may be gone before they come.
    child.stdin.take().unwrap().write_all(keys.as_bytes()).ok();
    Said::at_the_end_of(child)
}
