//! The gateway as a process of its own, with its configuration in a folder that a test may change.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use serde_json::Value;

use crate::client::{Answer, Connection, chat, eventually, hi, request};
use crate::gateway::read_rows;
use crate::upstream::Upstream;

/// One model at first, whose provider's key is in a file.
const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
shutdown_grace = "3s"
[log]
format = "json"
level = "info"
[ledger]
url = "sqlite:FOLDER/ledger.db"
[providers.up]
base_url = "UPSTREAM"
api_key = "file:FOLDER/key"
retries = 0
[models.small]
provider = "up"
price = { input = 1.0, output = 2.0 }
[models.large]
provider = "up"
[routers.auto]
default = "simple"
classifier = { kind = "none" }
categories.simple.models = ["small"]
"#;

/// A folder with a configuration, and an upstream.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) upstream: Upstream,
    folder: tempfile::TempDir,
}

/// A running process.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) address: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self { upstream: Upstream::start(), folder: tempfile::tempdir().unwrap() };
        std::fs::write(home.path("key"), "s3cret-first").unwrap();
        home.configure(&[]);
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the usual configuration, in which each first text is replaced by the second.
    pub(crate) fn configure(&self, changes: &[(&str, &str)]) {
        let folder = self.folder.path().display().to_string();
        let known = CONFIG.replace("FOLDER", &folder).replace("UPSTREAM", &self.upstream.base_url());
        let config = changes.iter().fold(known, |config, (from, to)| {
            assert!(config.contains(from), "there is no {from} to be changed");
            config.replace(from, to)
        });
        std::fs::write(self.path("frontdesk.toml"), config).unwrap();
    }

    /// The command that serves with this configuration.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        command.arg("serve").arg("--config").arg(self.path("frontdesk.toml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// A process that listens.
    pub(crate) fn start(&self) -> Daemon {
        Daemon::start(self.command())
    }

    /// These columns of every row of the ledger.
    pub(crate) fn rows(&self, columns: &str) -> Vec<String> {
        read_rows(&self.path("ledger.db"), columns)
    }
}

impl Daemon {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let theirs = Arc::clone(&log);
        let reader = std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| theirs.lock().push(line)));
        let mut daemon = Self { address: ([0, 0, 0, 0], 0).into(), child, log, reader: Some(reader) };
        let listening = daemon.wait_for_log("listening");
        daemon.address = listening["address"].as_str().unwrap().parse().unwrap();
        daemon
    }

    /// The first line of the log with this message, once it is there.
    pub(crate) fn wait_for_log(&self, message: &str) -> Value {
        eventually(&format!("the log says {message}"), || {
            let log = self.log.lock();
            let mut lines = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.find(|line| line["message"] == message)
        })
    }

    /// The whole log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().join("\n")
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&self, bytes: &[u8]) -> Connection {
        Connection::send(self.address, bytes)
    }

    /// Asks for a model by name, streamed or not.
    pub(crate) fn ask(&self, model: &str, stream: bool) -> Answer {
        self.send(&chat("", &hi(model, stream))).answer()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&request(&format!("GET {path}"), "", b"")).answer()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success(), "kill -{name}");
    }

    /// Kills it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; its status and log.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = eventually("the process ends", || self.child.try_wait().unwrap());
        self.reader.take().unwrap().join().unwrap();
        (status, self.log())
    }
}

impl Drop for Daemon {
    /// No process outlives its test.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
