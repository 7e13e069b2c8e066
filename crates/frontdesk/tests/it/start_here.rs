//! docs/start-here.md, walked from its first command to its last: what it says to run is run, and what it says to change
//! is changed, over scripted models.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::client::{chat, eventually};
use crate::command::{self, Said};
use crate::daemon::Daemon;
use crate::gateway::{read, read_rows};
use crate::reply::Reply;
use crate::upstream::Upstream;

const DOCUMENT: &str = include_str!("../../../../docs/start-here.md");
const SMALL: &str = "meta-llama/llama-3.1-8b-instruct";
const LARGE: &str = "deepseek/deepseek-chat-v3-0324";
const JUDGE: &str = "moonshotai/kimi-k2-5";
/// What a user asks, in two kinds.
const GREETINGS: [&str; 4] = ["hello", "good morning!", "thanks a lot", "hi, how are you?"];
const CODE: [&str; 4] = [
    "Write a Python function that reverses a linked list.",
    "Why does this Rust code not compile: fn main() { let x: i32 = \"a\"; }",
    "Refactor this SQL query: SELECT * FROM a, b WHERE a.id = b.id",
    "Write a unit test in Go for a function that parses dates.",
];

/// Where the walk is.
struct Walk {
    folder: tempfile::TempDir,
    upstream: Upstream,
    daemon: Option<Daemon>,
    /// The configuration that the reader changes.
    file: String,
    /// Requests so far.
    sent: usize,
    /// What the commands said.
    said: Vec<(String, Said)>,
}

impl Walk {
    fn start() -> Self {
        let upstream = Upstream::start();
        for (model, says) in [(SMALL, "a small answer"), (LARGE, "a large answer"), (JUDGE, "tie")] {
            upstream.script(model, [Reply::answer(says)]);
        }
        let folder = tempfile::tempdir().unwrap();
        Self { folder, upstream, daemon: None, file: "frontdesk.toml".into(), sent: 0, said: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["export", _] => {}
            ["cp", from, to] => self.copy(from, to),
            ["curl", ..] => self.curl(line),
            ["frontdesk", "serve"] => self.serve(),
            ["frontdesk", "label", rows, ..] => self.run(line, &self.keys(rows)),
            ["frontdesk", ..] => self.run(line, ""),
            _ => panic!("the walk does not know how to `{line}`"),
        }
        if line.starts_with("frontdesk init") {
            self.point_to_the_upstream();
        }
    }

    fn run(&mut self, line: &str, keys: &str) {
        let said = command::run(self.folder.path(), line.strip_prefix("frontdesk ").unwrap(), keys);
        assert_eq!(said.code, 0, "{line}: {said:?}");
        self.said.push((line.to_owned(), said));
    }

    /// What the newest run of a command said.
    fn of(&self, begin: &str) -> &Said {
        let (_, said) = self.said.iter().rev().find(|(line, _)| line.starts_with(begin)).unwrap();
        said
    }

    /// The one thing that the document does not say, and that the log is read by a test.
    fn point_to_the_upstream(&self) {
        let path = self.path("frontdesk.toml");
        let mut config = std::fs::read_to_string(&path).unwrap();
        let base = self.upstream.base_url();
        for (from, to) in [("https://api.cheapestinference.com/v1", base.as_str()), ("127.0.0.1:8080", "127.0.0.1:0")] {
            assert!(config.contains(from));
            config = config.replace(from, to);
        }
        std::fs::write(path, config + "\n[log]\nformat = \"json\"\n").unwrap();
    }

    fn serve(&mut self) {
        let mut command = command::command(self.folder.path(), "serve");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        self.daemon = Some(Daemon::start(command));
    }

    /// Sends what the document's client sends, and the rest of a week.
    fn curl(&mut self, line: &str) {
        let body = line.split_once("-d '").unwrap().1.trim_end_matches('\'');
        self.send(body);
        self.week();
    }

    fn week(&mut self) {
        for text in GREETINGS.iter().chain(&CODE) {
            let message = json!({"role": "user", "content": text});
            self.send(&json!({"model": "auto", "messages": [message]}).to_string());
        }
        eventually("all rows are there", || {
            (read_rows(&self.path("frontdesk.db"), "status").len() == self.sent).then_some(())
        });
    }

    fn send(&mut self, body: &str) {
        let answer = self.daemon.as_ref().unwrap().send(&chat("", body)).answer();
        assert_eq!(answer.status, 200, "{answer:?}");
        self.sent += 1;
    }

    fn copy(&mut self, from: &str, to: &str) {
        std::fs::copy(self.path(from), self.path(to)).unwrap();
        self.file = to.into();
        if to == "frontdesk.toml" {
            self.daemon.as_ref().unwrap().wait_for_log("the configuration was loaded again");
            self.week();
        }
    }

    /// Takes out the lines that are to go, and puts those that come in the place of the last of them.
    fn change(&self, diff: &str) {
        let path = self.path(&self.file);
        let config = std::fs::read_to_string(&path).unwrap();
        let mut lines: Vec<&str> = config.lines().collect();
        let mut at = None;
        for change in diff.lines() {
            if let Some(line) = change.strip_prefix('-') {
                let found = lines.iter().position(|known| *known == line);
                let position = found.unwrap_or_else(|| panic!("{} has no line `{line}`", self.file));
                lines.remove(position);
                at = Some(position);
            } else {
                let position = at.unwrap();
                lines.insert(position, change.strip_prefix('+').unwrap());
                at = Some(position + 1);
            }
        }
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }

    /// Agrees with what was said, in the order in which rows are asked about.
    fn keys(&self, rows: &str) -> String {
        let rows = std::fs::read_to_string(self.path(rows)).unwrap();
        let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let categories = ["simple", "general", "reasoning", "code", "agent"];
        let number = |row: Value| categories.iter().position(|known| row["said"] == *known).unwrap() + 1;
        rows.map(|row| number(row).to_string()).collect()
    }
}

/// The document's blocks: their language and their lines.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let fenced = DOCUMENT.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

#[test]
fn the_five_steps_can_be_walked() {
    let mut walk = Walk::start();
    for (language, text) in blocks() {
        match language {
            "sh" => text.lines().for_each(|line| walk.command(line)),
            "diff" => walk.change(text),
            _ => panic!("the walk does not know {language}"),
        }
    }
    let ledger = walk.path("frontdesk.db");
    // The first week went to the large model, and the second in two tiers.
    let models = read_rows(&ledger, "model, category");
    assert!(models[..9].iter().all(|row| row == "large general"), "{models:?}");
    let small = models[9..].iter().filter(|row| *row == "small simple").count();
    assert!((2..=4).contains(&small), "{models:?}");
    let shadows = read(&ledger, "SELECT count(*) || ' ' || count(category) FROM shadows");
    assert_eq!(shadows, ["9 9"]);
    for (command, expected) in [
        ("frontdesk label", "rows have a label"),
        ("frontdesk eval", "accuracy 1.000"),
        ("frontdesk judge", "not worse than `large`'s"),
    ] {
        let said = walk.of(command);
        assert!(said.out.contains(expected), "{command}: {said:?}");
    }
}
