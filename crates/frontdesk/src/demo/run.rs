//! One demonstration from start to end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use classify::look::Look;
use indicatif::ProgressBar;
use ledger::{Ledger, Options, Served};
use proof::comparison::{Comparison, Spent};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use routing::{Classifier, RouterId};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::outcome::Outcome;
use super::simulated::Models;
use super::visitors::{Part, visit};
use super::{answer, workload};
use crate::app::App;
use crate::config::{self, Config, Endpoint, Outside};
use crate::request::forward::client::Client;
use crate::server;

/// The configuration that is demonstrated; its models are simulated.
pub const CONFIG: &str = include_str!("../../../../config/cheapestinference.toml");
/// The router that the workload goes through.
pub const ROUTER: &str = "auto";
/// The same router with a model as judge, the guide's own way.
const JUDGED: &str = "auto-llm";
/// The judge: the guide's small model.
pub const JUDGE: &str = "llama-8b";
/// Requests a second that the machine is asked to bear, gateway, simulated models and visitors together.
const PACE: f64 = 300.0;
/// The most visitors at once.
const MOST_VISITORS: usize = 256;
/// How long rows are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What decides in a demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// The classifier inside the process.
    Embedded,
    /// A model is asked, as in the guide; the embedded classifier is shown beside it.
    Llm,
}

/// What is demonstrated.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// Requests of the guide's mix.
    pub requests: usize,
    /// How many times faster than the guide's models the simulated ones are.
    pub speedup: f64,
    /// What decides.
    pub kind: Kind,
}

/// A gateway before simulated models.
#[derive(Debug)]
pub struct Running {
    /// The gateway.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Stops it.
    pub stop: CancellationToken,
    baseline: String,
}

struct NoSecrets;

impl Outside for NoSecrets {
    fn variable(&self, _name: &str) -> Option<String> {
        Some("simulated".into())
    }

    fn file(&self, _path: &str) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

/// The configuration of the demonstration, with the router of the guide's own way beside the embedded one.
///
/// # Errors
/// When the starter file is wrong, which its test excludes.
pub fn config(text: &str) -> anyhow::Result<Config> {
    let mut config = config::parse("config/cheapestinference.toml", text, &NoSecrets)?;
    let table = &mut config.table;
    let mut judged = table.routers.first().cloned().context("the starter file has a router")?;
    judged.name = JUDGED.into();
    judged.classifying.kind = routing::Kind::Llm;
    judged.classifying.model = table.find_model(JUDGE);
    table.routers.push(judged);
    config.classifiers.push(None);
    Ok(config)
}

impl Demo {
    /// Starts the simulated models and the gateway before them, with its ledger in a file.
    ///
    /// # Errors
    /// When the address is taken or the file cannot be written.
    pub async fn start(&self, listen: SocketAddr, ledger: &Path) -> anyhow::Result<Running> {
        let simulated = TcpListener::bind("127.0.0.1:0").await.context("the simulated models cannot listen")?;
        let base = format!("http://{}/v1", simulated.local_addr()?);
        let mut config = config(&CONFIG.replace("https://api.cheapestinference.com/v1", &base))?;
        let listener = TcpListener::bind(listen).await.with_context(|| format!("{listen} cannot be listened on"))?;
        let address = listener.local_addr()?;
        config.server.listen = address;
        config.ledger.path = ledger.display().to_string();
        let router = config.table.routers.first().context("the starter file has a router")?;
        let baseline = config.table.alias(router.baseline.context("the router has a baseline")?).to_owned();
        let meant = answer::meant(&workload::items(self.requests.max(1_000)));
        let models = Models::new(&config.table, meant, self.speedup)?;
        let app = App::new(config, Client::new()?, Ledger::open(ledger, Options::default())?);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(models.serve(simulated));
        tasks.spawn(server::serve(Arc::clone(&app), listener, stop.clone()));
        Ok(Running { app, address, stop, baseline })
    }

    /// Sends the workload through the gateway: routed, and to the baseline model alone.
    ///
    /// # Errors
    /// When a request is not answered whole, or the ledger lacks one.
    pub async fn run(&self, running: &Running, ledger: &Path, bar: &ProgressBar) -> anyhow::Result<Outcome> {
        let items = workload::items(self.requests);
        let gateway = Endpoint {
            tls: false,
            host: running.address.ip().to_string(),
            port: running.address.port(),
            prefix: String::new(),
        };
        let mut parts = vec![("routed", ROUTER), ("baseline", &*running.baseline)];
        if self.kind == Kind::Llm {
            parts.insert(0, ("judged", JUDGED));
        }
        bar.set_length((items.len() * parts.len()) as u64);
        let client = Client::new()?;
        read_beforehand(&running.app, &items)?;
        for (name, model) in &parts {
            bar.set_message(*name);
            let part = Part { gateway: &gateway, model, name };
            let whole = visit(&client, part, &items, self.at_once(), bar).await;
            if whole != items.len() {
                bail!("{} of {} requests of the part `{name}` were not answered", items.len() - whole, items.len());
            }
        }
        if !running.app.ledger.flush(PATIENCE) {
            bail!("the ledger could not be written");
        }
        let rows = Rows::read(ledger)?;
        let routed = rows.compared("routed", items.len(), self.speedup)?;
        let judged = match self.kind {
            Kind::Embedded => None,
            Kind::Llm => Some(rows.compared("judged", items.len(), self.speedup)?),
        };
        Ok(Outcome { requests: items.len(), speedup: self.speedup, baseline: running.baseline.clone(), routed, judged })
    }

    /// How many visitors there are at once: few where answers are fast, so that the machine does not slow them down.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to small numbers")]
    fn at_once(&self) -> usize {
        let seconds = super::guide::mean_ms() / 1e3 / self.speedup;
        ((PACE * seconds) as usize).clamp(4, MOST_VISITORS)
    }
}

/// Lets the encoder read what it will be asked about. Time is compressed, it is not: requests would come many times
/// faster than from real visitors, find it busy, and be decided without it.
fn read_beforehand(app: &App, items: &[workload::Item]) -> anyhow::Result<()> {
    let snapshot = app.snapshot();
    let router = snapshot.config.table.routers.first().context("the starter file has a router")?;
    let (Some(Some(bound)), Some(below)) = (snapshot.config.classifiers.first(), router.classifying.encoder_below)
    else {
        return Ok(());
    };
    items.par_iter().for_each(|item| {
        let prompt = item.prompt();
        let unsure = bound.classify(&prompt).is_some_and(|first| first.confidence < below);
        let look = Look::at(&prompt).filter(|_| unsure);
        if let Some((look, said)) = look.and_then(|look| Some((look, bound.encoded(&look)?))) {
            snapshot.encoded.put(RouterId::at(0), &look, said);
        }
    });
    Ok(())
}

/// The ledger's rows by part and number.
struct Rows(HashMap<(String, usize), Served>);

impl Rows {
    fn read(ledger: &Path) -> anyhow::Result<Self> {
        let connection = ledger::open(ledger)?;
        let mut rows = HashMap::new();
        ledger::served_since(&connection, 0, &mut |row| {
            if let Some((key, row)) = keyed(row) {
                rows.insert(key, row);
            }
        })?;
        Ok(Self(rows))
    }

    /// Each request of a part beside the same one on the baseline.
    fn compared(&self, part: &str, requests: usize, speedup: f64) -> anyhow::Result<Comparison> {
        let row = |part: &str, number: usize| {
            let row = self.0.get(&(part.to_owned(), number));
            row.with_context(|| format!("request {number} of the part `{part}` is not in the ledger"))
        };
        let mut compared = Comparison::default();
        for number in 0..requests {
            let (routed, baseline) = (row(part, number)?, row("baseline", number)?);
            let (category, meant) = (routed.category.as_deref().unwrap_or_default(), field(routed, "meant"));
            compared.add(category, meant.as_deref(), &spent(routed, speedup), &spent(baseline, speedup));
        }
        Ok(compared)
    }
}

fn keyed(row: Served) -> Option<((String, usize), Served)> {
    let key = (field(&row, "part")?, field(&row, "number")?.parse().ok()?);
    Some((key, row))
}

fn field(row: &Served, name: &str) -> Option<String> {
    let metadata: Value = serde_json::from_str(row.metadata.as_deref()?).ok()?;
    Some(metadata.get(name)?.as_str()?.to_owned())
}

/// In model time.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "microseconds of a demonstration"
)]
fn spent(row: &Served, speedup: f64) -> Spent {
    Spent {
        latency_us: (row.total_us as f64 * speedup).round() as u64,
        waited_us: 0,
        cost: row.cost + row.classifier_cost,
        input: row.usage.input,
        output: row.usage.output,
        unpriced: false,
    }
}
