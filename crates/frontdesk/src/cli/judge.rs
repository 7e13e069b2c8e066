//! `frontdesk judge`.

mod told;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use ledger::{Marks, Reader};
use proof::quality::{Compared, Quality};
use routing::{ModelId, NanoUsd, Router};

use super::{NO, files};
use crate::config::Config;
use crate::judging::{self, Bench, Candidate, Plan, Planner, Stop};
use crate::names::near;
use crate::request::forward::call::Callee;
use crate::request::forward::client::Client;
use told::Summary;

/// Have a model compare the routes' answers with the baseline's: a sample of the requests in the ledger whose prompt is
/// kept is answered by the route's model (the kept answer, where there is one) and by the router's baseline, and a model
/// says which is better, in both orders. Whatever was compared is kept, and the same command goes on where it stopped.
#[derive(clap::Args)]
pub(super) struct Judge {
    /// The model that judges, by its alias: best one that is neither a route nor the baseline.
    #[arg(long)]
    judge: String,
    /// How many requests are to be compared in all, those compared earlier included.
    #[arg(short, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    n: u32,
    /// What may be spent this time, USD: nothing is begun that could cost more than is left.
    #[arg(long, default_value_t = 1.0, value_parser = dollars)]
    budget: f64,
    /// The configuration, which names the ledger and the models.
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
    /// The router whose requests are meant; otherwise the first.
    #[arg(long)]
    router: Option<String>,
    /// Only requests of the last `7d`, `12h`; otherwise all that the ledger has.
    #[arg(long, value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// The most tokens of an answer that is asked for.
    #[arg(long, default_value_t = 2_048, value_parser = clap::value_parser!(u32).range(16..))]
    max_tokens: u32,
    /// Another seed draws other requests.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn dollars(text: &str) -> Result<f64, String> {
    let usd: f64 = text.trim_start_matches('$').parse().map_err(|_| "not a number of dollars".to_owned())?;
    if usd.is_finite() && usd > 0.0 { Ok(usd) } else { Err("write a number of dollars above zero".to_owned()) }
}

impl Judge {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut config = files::config(&self.config)?;
        for provider in &mut config.providers {
            // Whole answers have no first token to wait for: their heads come when all of them is there.
            provider.timeouts.first_token = provider.timeouts.total;
        }
        let router = files::router(&config, &self.config, self.router.as_deref())?;
        let (judge, baseline) = self.judges(&config, router)?;
        let path = ledger(&config)?;
        // Brings a ledger of an older version up to date.
        drop(Marks::open(path)?);
        let (judge, baseline) = (callee(&config, judge)?, callee(&config, baseline)?);
        let plan = self.plan(&config, router, [&judge.model.alias, &baseline.model.alias], path)?;
        if plan.drawn.is_empty() && plan.earlier.is_empty() {
            bail!(told::nothing(&plan, router, &config, &self.config, self.since.is_some()));
        }
        let unpriced = unpriced(&config, &[judge, baseline], &plan.drawn);
        if !unpriced.is_empty() {
            bail!(told::unpriced(&unpriced));
        }
        let client = Client::new()?;
        let (max_tokens, seed) = (u64::from(self.max_tokens), self.seed);
        let bench = Bench { client: &client, config: &config, judge, baseline, max_tokens, seed };
        self.compare(&bench, router, plan, path)
    }

    /// The judge, and the baseline.
    fn judges(&self, config: &Config, router: &Router) -> anyhow::Result<(ModelId, ModelId)> {
        let table = &config.table;
        let aliases = table.models.iter().map(|model| &*model.alias);
        let unknown = || format!("there is no model `{}`: {}", self.judge, near(&self.judge, aliases));
        let judge = table.find_model(&self.judge).with_context(unknown)?;
        let lacking = || {
            let name = &router.name;
            format!(
                "the router `{name}` has no model to be compared with: write baseline = \"…\" under [routers.{name}]"
            )
        };
        Ok((judge, router.baseline.with_context(lacking)?))
    }

    fn plan(&self, config: &Config, router: &Router, names: [&str; 2], path: &Path) -> anyhow::Result<Plan> {
        let since = self.since.and_then(|since| i64::try_from(since.as_micros()).ok());
        let since = since.map_or(0, |since| jiff::Timestamp::now().as_microsecond().saturating_sub(since));
        let [_, baseline] = names;
        let models: BTreeSet<&str> = config.table.models.iter().map(|model| &*model.alias).collect();
        let n = usize::try_from(self.n).unwrap_or(usize::MAX);
        let mut planner = Planner::new(n, self.seed, baseline, models, u64::from(self.max_tokens));
        let reader = Reader::open(path)?;
        let read = reader.comparable(&router.name, since, names, &mut |request| planner.offer(request));
        read.context("the ledger cannot be read")?;
        Ok(planner.draw())
    }

    fn compare(&self, bench: &Bench<'_>, router: &Router, mut plan: Plan, path: &Path) -> anyhow::Result<ExitCode> {
        let drawn = std::mem::take(&mut plan.drawn);
        let n = drawn.len();
        let [judge, baseline] = [&bench.judge, &bench.baseline].map(|callee| callee.model.alias.as_str());
        if n > 0 {
            anstream::eprintln!("{}", told::begin(&drawn, router, [judge, baseline], self.budget));
        }
        let budget = NanoUsd::from_usd(self.budget);
        let bar = ProgressBar::new(n as u64);
        let style = "{bar:40} {pos} of {len}  {msg}  {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let outcome = runtime.block_on(judging::run(bench, drawn, budget, path, &bar))?;
        bar.finish_and_clear();
        let new = outcome.judgements.iter().map(|row| Compared {
            category: &row.category,
            first: row.first,
            second: row.second,
        });
        let summary = Summary {
            router: &router.name,
            judge,
            baseline,
            asked_for: self.n,
            budget,
            seed: self.seed,
            drawn: n,
            position: Quality::of(new.clone(), &plan.requests).position,
            quality: Quality::of(plan.earlier().chain(new), &plan.requests),
            plan: &plan,
            outcome: &outcome,
        };
        if self.json {
            anstream::println!("{}", summary.json());
        } else {
            anstream::println!("{}", summary.text());
        }
        let failed = matches!(outcome.stopped, Some(Stop::Failures | Stop::Nonsense)) || summary.position.is_nonsense();
        let vain = n > 0 && outcome.judgements.is_empty();
        Ok(if failed || vain { ExitCode::from(NO) } else { ExitCode::SUCCESS })
    }
}

/// Where the ledger is.
fn ledger(config: &Config) -> anyhow::Result<&Path> {
    let path = Path::new(&config.ledger.path);
    if config.ledger.path == ":memory:" {
        bail!("the ledger is in memory and gone with the gateway: name a file, [ledger] url = \"sqlite:frontdesk.db\"");
    }
    if !path.exists() {
        bail!("there is no ledger at {}: `frontdesk serve` writes it", path.display());
    }
    Ok(path)
}

fn callee(config: &Config, model: ModelId) -> anyhow::Result<Callee<'_>> {
    Callee::of(config, model).context("the model has no provider")
}

/// The aliases that would be asked and have no price.
fn unpriced<'a>(config: &'a Config, always: &[Callee<'a>], drawn: &[Candidate]) -> Vec<&'a str> {
    let routes: BTreeSet<&str> = drawn.iter().filter(|drawn| !drawn.stored).map(|drawn| &*drawn.model).collect();
    let asked = |alias: &str| routes.contains(alias) || always.iter().any(|callee| callee.model.alias == alias);
    let models = config.table.models.iter().filter(|model| model.price.is_none() && asked(&model.alias));
    models.map(|model| model.alias.as_str()).collect()
}
