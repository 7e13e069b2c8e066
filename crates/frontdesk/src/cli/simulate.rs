//! `frontdesk simulate`.

mod setup;
mod find;
mod play;
mod prompts;
mod traffic;
mod told;
mod tables;
mod show;
mod notes;
mod html;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::NO;
use play::Play;
use setup::Setup;
use told::Told;

/// Reckon what requests would take and cost under a configuration, without sending anything.
#[derive(clap::Args)]
pub(super) struct Simulate {
    /// Prompts as JSON Lines of `text` or `messages`, with `label` and `output_tokens` where known; without it and
    /// without --ledger, the guide's thousand requests.
    #[arg(conflicts_with = "ledger")]
    workload: Option<PathBuf>,
    /// The configuration; without it, the demonstration's, and with --ledger, frontdesk.toml.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The router; otherwise the first.
    #[arg(long)]
    router: Option<String>,
    /// Another configuration to set beside it.
    #[arg(long)]
    against: Option<PathBuf>,
    /// The router of the other configuration (or of the same one); otherwise the one of the same name, else the first.
    #[arg(long)]
    against_router: Option<String>,
    #[command(flatten)]
    traffic: Traffic,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    coming: Coming,
    /// The classifier's errors for the sensitivity: a share (0.1), or a file that `frontdesk eval --json` printed; otherwise
    /// from labels, where there are any.
    #[arg(long)]
    errors: Option<String>,
    /// Requests of the guide's mix.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    requests: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write a page of its own too.
    #[arg(long)]
    html: Option<PathBuf>,
}

/// Traffic of a ledger as workload.
#[derive(clap::Args)]
struct Traffic {
    /// Replay the traffic of a ledger: the configuration's, or this file's.
    #[arg(long, num_args = 0..=1, value_name = "FILE")]
    ledger: Option<Option<PathBuf>>,
    /// Only requests of the last `7d`, `12h`; otherwise all that the ledger has.
    #[arg(long, value_parser = humantime::parse_duration, requires = "ledger")]
    since: Option<Duration>,
    /// Classify every request anew whose prompt is kept; otherwise only for another configuration whose classifier differs.
    #[arg(long, requires = "ledger")]
    classify: bool,
    /// Take the category that the shadow classifier said, where it was asked.
    #[arg(long, requires = "ledger", conflicts_with = "classify")]
    shadow: bool,
}

/// What is to be different from the configuration that was read.
#[derive(clap::Args)]
struct Changes {
    /// Send everything to this model.
    #[arg(long, value_name = "ALIAS")]
    model: Option<String>,
    /// The model to compare with; otherwise the router's `baseline`.
    #[arg(long, value_name = "ALIAS")]
    baseline: Option<String>,
    /// Another price, USD per million tokens: `ALIAS.output=0.3` (also `input`, `cached_input`).
    #[arg(long, value_name = "ALIAS.KIND=USD")]
    price: Vec<String>,
    /// Another speed, to the first token and tokens a second from there: `ALIAS=200ms,80`.
    #[arg(long, value_name = "ALIAS=TIME,SPEED")]
    speed: Vec<String>,
    /// How many requests a model answers at the same time: `ALIAS=8`.
    #[arg(long, value_name = "ALIAS=N")]
    concurrent: Vec<String>,
}

/// When requests come, and how long their answers are.
#[derive(clap::Args)]
struct Coming {
    /// So many requests a second, at random; models with `concurrent` in their profile then let requests wait. A ledger's
    /// requests come when they came, unless this is given.
    #[arg(long, value_name = "PER_SECOND", value_parser = above_zero)]
    arrivals: Option<f64>,
    /// The seed of the arrivals.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Output tokens of prompts that do not say theirs.
    #[arg(long, default_value_t = crate::demo::guide::OUTPUT_TOKENS)]
    output_tokens: u64,
}

fn above_zero(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "write a number, 20 or 0.5".to_owned())?;
    if number > 0.0 && number <= 1e6 { Ok(number) } else { Err("write a number above 0, at most a million".to_owned()) }
}

impl Simulate {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let setups = self.setups()?;
        let bar = ProgressBar::new(1);
        let style = "{bar:40} {percent:>3} %  {pos} requests  {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (told, broken) = match (&self.workload, &self.traffic.ledger) {
            (_, Some(file)) => (self.traffic(&setups, file.as_deref(), &bar)?, 0),
            (Some(path), None) => self.prompts(&setups, path, &bar)?,
            (None, None) => (self.guide(&setups, &bar)?, 0),
        };
        bar.finish_and_clear();
        if let Some(path) = &self.html {
            std::fs::write(path, html::page(&told)).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        if self.json {
            anstream::println!("{}", told.json());
        } else {
            anstream::println!("{}", show::text(&told));
        }
        Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::from(NO) })
    }

    /// The configuration, and the other one where one is asked for.
    fn setups(&self) -> anyhow::Result<Vec<Setup>> {
        let replayed = self.traffic.ledger.is_some();
        let here = || PathBuf::from("frontdesk.toml");
        let config = self.config.clone().or_else(|| replayed.then(here));
        let mut first = Setup::read(config.as_deref(), self.router.as_deref())?;
        let (name, path) = (first.router()?.name.clone(), config.as_deref());
        let second = match (&self.against, &self.against_router) {
            (None, None) => None,
            (None, Some(router)) => Some(Setup::read(path, Some(router))?),
            (Some(other), None) => Some(Setup::read_near(other, &name)?),
            (Some(other), Some(router)) => Some(Setup::read(Some(other), Some(router))?),
        };
        first.change(&self.changes)?;
        let mut setups = vec![first];
        setups.extend(second);
        Ok(setups)
    }

    fn traffic(&self, setups: &[Setup], file: Option<&std::path::Path>, bar: &ProgressBar) -> anyhow::Result<Told> {
        let first = setups.first().context("there is a configuration")?;
        let traffic = traffic::Recorded::open(first, file, &self.traffic)?;
        let mut play = Play::new(setups, &traffic.history, &traffic.speeds, self.pace(true))?;
        let counts = traffic.replay(&mut play, &self.traffic, bar)?;
        Told::of(&play, &told::Source::Ledger(counts), self.errors.as_deref())
    }

    fn prompts(&self, setups: &[Setup], path: &std::path::Path, bar: &ProgressBar) -> anyhow::Result<(Told, usize)> {
        let (history, speeds) = Default::default();
        let mut play = Play::new(setups, &history, &speeds, self.pace(false))?;
        let counts = prompts::file(&mut play, path, self.coming.output_tokens, bar)?;
        if counts.requests == 0 {
            bail!("there is no prompt in {}: each line is {{\"text\":\"…\"}} or {{\"messages\":[…]}}", path.display());
        }
        let broken = counts.broken;
        Ok((Told::of(&play, &told::Source::Prompts(counts), self.errors.as_deref())?, broken))
    }

    fn guide(&self, setups: &[Setup], bar: &ProgressBar) -> anyhow::Result<Told> {
        let (history, speeds) = Default::default();
        let mut play = Play::new(setups, &history, &speeds, self.pace(false))?;
        play.beside_judge()?;
        prompts::guide(&mut play, usize::try_from(self.requests).unwrap_or(usize::MAX), bar)?;
        Told::of(&play, &told::Source::Guide, self.errors.as_deref())
    }

    fn pace(&self, timed: bool) -> play::Pace {
        play::Pace { timed, arrivals: self.coming.arrivals, seed: self.coming.seed }
    }
}
