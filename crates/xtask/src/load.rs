//! Load: the gateway beside nginx's `proxy_pass`, which is about as fast as a proxy gets.
//!
//! One core for the server that is measured, the other for the load and the upstream, which is an nginx that answers
//! with a fixed body (no model is behind it). Every figure of both is taken in the same run, alternately, because the
//! machine is shared; what counts is the ratio of the medians.

mod servers;
mod client;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use servers::{Servers, Target};

/// Cores: of the measured server, and of load and upstream.
const SERVER_CORE: &str = "0";
const LOAD_CORE: &str = "1";

/// Measure the gateway beside nginx on this machine; needs nginx, wrk and taskset.
#[derive(clap::Args)]
pub(crate) struct Load {
    /// Seconds of each run under load.
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Runs of each kind; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only what has this in its name.
    #[arg(long, default_value = "")]
    only: String,
    /// A Markdown file for the table, with date and machine.
    #[arg(long)]
    out: Option<std::path::PathBuf>,
    /// The binary to measure.
    #[arg(long, default_value = "target/release/frontdesk")]
    binary: std::path::PathBuf,
}

/// What is measured: a name, the request, and how.
struct Case {
    name: &'static str,
    bar: &'static str,
    body: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Requests a second over 64 connections; more is better.
    Throughput,
    /// What the proxy adds to the median time of one request after another, microseconds; less is better.
    Added,
    /// The same, to the first event of a stream.
    FirstToken,
}

impl Load {
    pub(crate) fn run(&self, root: &Path) -> anyhow::Result<ExitCode> {
        for tool in ["nginx", "wrk", "taskset"] {
            if Command::new("which").arg(tool).output()?.stdout.is_empty() {
                bail!("{tool} is missing: install nginx, wrk and util-linux with the system's package manager");
            }
        }
        let servers = Servers::start(&root.join(&self.binary))?;
        let mut report =
            String::from("| measure | bar | nginx | frontdesk | ratio |\n| --- | --- | --- | --- | --- |\n");
        for case in cases().into_iter().filter(|case| case.name.contains(&self.only)) {
            let (mut nginx, mut ours) = (Vec::new(), Vec::new());
            for _ in 0..self.runs {
                nginx.push(self.measure(&case, &servers, Target::Nginx)?);
                ours.push(self.measure(&case, &servers, Target::Frontdesk)?);
            }
            let (nginx, ours) = (median(nginx), median(ours));
            let line = format!("| {} | {} | {nginx:.0} | {ours:.0} | {:.2} |", case.name, case.bar, ours / nginx);
            println!("{line}");
            writeln!(report, "{line}")?;
        }
        let idle = servers.memory_mib()?;
        let ready = Servers::ready_ms(&root.join(&self.binary), self.runs)?;
        let size = std::fs::metadata(root.join(&self.binary))?.len() / 1_000_000;
        writeln!(report, "\nAfter the load: {idle} MiB resident. Ready in {ready:.0} ms. Binary {size} MB.")?;
        println!("\n{report}");
        if let Some(path) = &self.out {
            let head = format!("# Load, {}\n\n{}\n\n", today()?, machine()?);
            std::fs::write(path, head + &report).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn measure(&self, case: &Case, servers: &Servers, target: Target) -> anyhow::Result<f64> {
        let port = servers.port(target);
        match case.kind {
            Kind::Throughput => client::throughput(port, &case.body, self.seconds, LOAD_CORE),
            Kind::Added | Kind::FirstToken => {
                let whole = case.kind == Kind::Added;
                let direct = client::median_us(servers.port(Target::Upstream), &case.body, whole)?;
                Ok(client::median_us(port, &case.body, whole)? - direct)
            }
        }
    }
}

fn today() -> anyhow::Result<String> {
    Ok(output(Command::new("date").args(["--utc", "+%Y-%m-%d"]))?.trim().to_owned())
}

/// What the figures were taken on.
fn machine() -> anyhow::Result<String> {
    let cpus = std::fs::read_to_string("/proc/cpuinfo")?;
    let models: Vec<&str> = cpus.lines().filter(|line| line.starts_with("model name")).collect();
    let model = models.first().and_then(|line| line.split(':').nth(1)).unwrap_or("unknown processor").trim();
    Ok(format!(
        "{model}, {} cores, shared and noisy: compare the ratios. One core for the measured server, the other for the load and \
         the upstream; ledger and metrics on. Made by `cargo xtask load`.",
        models.len()
    ))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A question of about sixty tokens.
const QUESTION: &str = "We moved our small bakery's order sheet from paper to a spreadsheet last spring, and since then \
    two people sometimes take the same order. What would be a sensible way to organise who takes which order during the \
    morning rush, without buying new software, and how should we explain it to the part-time staff?";

fn body(model: &str, text: &str, stream: bool) -> String {
    format!(r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"{text}"}}]}}"#)
}

fn cases() -> Vec<Case> {
    let large = "lorem ipsum ".repeat(1_000_000 / 12);
    let case = |name, bar, body, kind| Case { name, bar, body, kind };
    vec![
        case("named model, 64 connections, requests/s", "≥ 0.5", body("m", QUESTION, false), Kind::Throughput),
        case(
            "auto, embedded classifier, 64 connections, requests/s",
            "≥ 0.35",
            body("auto", QUESTION, false),
            Kind::Throughput,
        ),
        case("streams of 50 events, 64 connections, streams/s", "≥ 0.5", body("s", QUESTION, true), Kind::Throughput),
        case("named model, 1 connection, added p50 µs", "≤ 1.4", body("m", QUESTION, false), Kind::Added),
        case("stream, 1 connection, first token, added p50 µs", "≤ 1.5", body("s", QUESTION, true), Kind::FirstToken),
        case("1 MB body, 1 connection, added p50 µs", "≤ 1.5", body("m", &large, false), Kind::Added),
    ]
}

/// Starts a program on a core.
fn pinned(core: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

/// The tool's whole output.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?} cannot be run"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
