//! What the compiler does not hold: who may depend on whom, how long files are, whether the documents name what is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;

/// The longest source file, tests included.
const LONGEST_FILE: usize = 500;
/// Crates, and what they must not depend on, even through others.
const WALLS: [(&str, &[&str]); 5] = [
    ("routing", &["tokio", "http", "hyper", "serde_json", "rusqlite"]),
    ("proof", &["tokio", "http", "hyper", "serde_json", "rusqlite", "classify"]),
    ("wire", &["tokio", "hyper", "rusqlite"]),
    ("classify", &["tokio", "http", "hyper", "rusqlite"]),
    ("ledger", &["http", "hyper", "tokio"]),
];
/// Words that only one file may have, with what it is for.
const ONLY_IN: [(&str, &str); 3] = [
    ("StatusCode::", "crates/frontdesk/src/error.rs"),
    ("std::env::var(", "crates/frontdesk/src/config/env.rs"),
    ("SystemTime::now", "crates/frontdesk/src/app.rs"),
];

/// Runs every check; fails when one finds something.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let mut found = Vec::new();
    walls(root, &mut found)?;
    let mut sources = Vec::new();
    rust_files(&root.join("crates"), &mut sources)?;
    for path in &sources {
        source(root, path, &mut found)?;
    }
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        named_files(root, document, &mut found)?;
    }
    for line in &found {
        println!("{line}");
    }
    println!("tidy: {} files looked at, {} problems", sources.len(), found.len());
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn walls(root: &Path, found: &mut Vec<String>) -> anyhow::Result<()> {
    for (package, forbidden) in WALLS {
        let mut command = Command::new("cargo");
        command.args(["tree", "-p", package, "-e", "normal", "--prefix", "none", "--format", "{p}"]);
        let output = command.current_dir(root).output().context("cargo tree cannot be run")?;
        let tree = String::from_utf8_lossy(&output.stdout).into_owned();
        for line in tree.lines() {
            let name = line.split_whitespace().next().unwrap_or_default();
            if forbidden.contains(&name) {
                found.push(format!("{package} depends on {name}, which it must not know"));
            }
        }
    }
    Ok(())
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn source(root: &Path, path: &Path, found: &mut Vec<String>) -> anyhow::Result<()> {
    let text = fs::read_to_string(path)?;
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        found.push(format!("{name}: {lines} lines; the most is {LONGEST_FILE}"));
    }
    if !text.starts_with("//!") && !name.ends_with("_tests.rs") && !name.ends_with("/tests.rs") {
        found.push(format!("{name}: does not begin with what it is for (//!)"));
    }
    let is_tool = name.contains("/xtask/") || name.contains("/tests/") || name.ends_with("tests.rs");
    for (word, home) in ONLY_IN {
        if text.contains(word) && name != home && !is_tool {
            found.push(format!("{name}: `{word}` belongs in {home} only"));
        }
    }
    Ok(())
}

/// Paths in backticks that look like files of the repository must be there.
fn named_files(root: &Path, document: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    let Ok(text) = fs::read_to_string(root.join(document)) else {
        found.push(format!("{document} is missing"));
        return Ok(());
    };
    for name in text.split('`').skip(1).step_by(2) {
        let plain = name.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
        let rooted = ["crates/", "config/", "docs/", "data/", "weights/", "fuzz/", "tests/", ".ci/"];
        if plain && rooted.iter().any(|folder| name.starts_with(folder)) && !root.join(name).exists() {
            found.push(format!("{document} names {name}, which is not there"));
        }
    }
    Ok(())
}
