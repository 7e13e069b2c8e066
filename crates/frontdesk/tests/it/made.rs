//! Ledgers made of rows that a test thinks up, and commands over them.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use fastrand::Rng;
use frontdesk::config::{self, Config, Outside};
use ledger::{Entry, Ledger, Marks, Options};
use routing::record::{AttemptRow, Costing, Tokens};
use routing::{Attempt, DecidedBy, Outcome, Record, Usage, cost};
use serde_json::Value;

/// Four models of known price and speed; `large` is what everything is compared with.
pub(crate) const CONFIG: &str = r#"
[ledger]
url = "sqlite:ledger.db"
[providers.p]
base_url = "http://127.0.0.1:9/v1"
[models.small]
provider = "p"
price = { input = 0.02, output = 0.05 }
profile = { first_token = "200ms", tokens_per_second = 200 }
[models.large]
provider = "p"
price = { input = 0.27, output = 0.40 }
profile = { first_token = "1200ms", tokens_per_second = 60 }
[models.coder]
provider = "p"
price = { input = 0.30, output = 1.00 }
profile = { first_token = "800ms", tokens_per_second = 80 }
[models.swift]
provider = "p"
price = { input = 1.00, output = 4.00 }
profile = { first_token = "300ms", tokens_per_second = 300 }
[routers.auto]
default = "general"
fallback = ["large"]
baseline = "large"
classifier = { kind = "embedded", encoder = false }
categories.simple.models = ["small"]
categories.general.models = ["large"]
categories.code.models = ["coder"]
"#;

/// The first second of the made traffic, since the Unix epoch: 2026-11-01.
pub(crate) const BEGIN: u64 = 1_793_491_200;

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A folder with a configuration and a ledger.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) config: Config,
    folder: tempfile::TempDir,
}

struct Nothing;

impl Outside for Nothing {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}

/// Traffic of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) requests: u64,
    pub(crate) days: u64,
    /// Categories with the parts of a hundred that they are, and the models that answer them.
    pub(crate) parts: &'static [(&'static str, u64, &'static str)],
    /// The parts of a hundred that are marked as batch.
    pub(crate) batch: u64,
}

impl Made {
    /// With the usual configuration, in which each first text is replaced by the second, and no ledger yet.
    pub(crate) fn new(changes: &[(&str, &str)]) -> Self {
        let text = changes.iter().fold(CONFIG.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "there is no {from} to be changed");
            text.replace(from, to)
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("frontdesk.toml"), &text).unwrap();
        Self { config: config::parse("made.toml", &text, &Nothing).unwrap(), folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes rows to the ledger.
    pub(crate) fn write(&self, records: impl IntoIterator<Item = Record>) -> Ledger {
        let ledger = Ledger::open(&self.path("ledger.db"), Options::default()).unwrap();
        for record in records {
            assert!(ledger.append(Entry { record, text: None }));
        }
        assert!(ledger.flush(Duration::from_secs(30)));
        ledger
    }

    /// Rows of traffic of a kind, evenly over its days.
    pub(crate) fn traffic(&self, shape: Shape, seed: u64) -> Vec<Record> {
        let mut rng = Rng::with_seed(seed);
        let step = shape.days * 86_400_000 / shape.requests;
        (0..shape.requests)
            .map(|number| {
                let mut point = rng.u64(..100);
                let part = shape.parts.iter().find(|(_, share, _)| {
                    let inside = point < *share;
                    point = point.saturating_sub(*share);
                    inside
                });
                let (category, _, model) = *part.unwrap();
                let mut record = self.record(BEGIN * 1_000 + number * step, model, &mut rng);
                record.category = Some(category.into());
                record.metadata = (rng.u64(..100) < shape.batch).then(|| r#"{"batch":true}"#.into());
                record
            })
            .collect()
    }

    /// A row that this model answered, as fast as it is and at its price.
    pub(crate) fn record(&self, milliseconds: u64, model: &str, rng: &mut Rng) -> Record {
        let table = &self.config.table;
        let id = table.find_model(model).unwrap();
        let known = table.model(id).unwrap();
        let baseline = table.model(table.find_model("large").unwrap()).unwrap();
        // Most answers are short, a few are long.
        let output = 40 + rng.u64(..200) * rng.u64(1..4);
        let usage = Usage { input: rng.u64(50..800), cached: 0, output, reasoning: 0 };
        let profile = known.profile.unwrap();
        let noise = 0.8 + 0.4 * rng.f64();
        let total_us = Duration::from_secs_f64(profile.answer_ms(output) / 1e3 * noise).as_micros();
        let spent = known.price.map(|price| cost(&price, &usage));
        let mut attempt = Attempt { outcome: Outcome::Answered, usage, ..Attempt::begun(id) };
        attempt.cost = spent.unwrap_or_default();
        Record {
            id: u128::from(milliseconds) << 80 | u128::from(rng.u64(..)),
            time_us: i64::try_from(milliseconds * 1_000).unwrap(),
            endpoint: "/v1/chat/completions",
            router: Some("auto".into()),
            requested_model: "auto".into(),
            confidence: Some(0.97),
            decided_by: Some(DecidedBy::Embedded),
            decision_us: rng.u64(40..900),
            attempts: vec![AttemptRow { model: model.into(), attempt }],
            model: Some(model.into()),
            status: 200,
            usage,
            tokens: Tokens::Measured,
            cost: spent.unwrap_or_default(),
            costing: if spent.is_some() { Costing::Measured } else { Costing::Unpriced },
            baseline_cost: baseline.price.map(|price| cost(&price, &usage)),
            first_token_us: Some(u64::try_from(profile.first_token.as_micros()).unwrap()),
            total_us: u64::try_from(total_us).unwrap(),
            overhead_us: 90,
            ..Record::default()
        }
    }

    /// Labels so many of the rows, evenly; of a hundred so many get the category that they were given.
    pub(crate) fn label(&self, records: &[Record], labels: usize, right: u64) {
        let marks = Marks::open(&self.path("ledger.db")).unwrap();
        let every = records.len() / labels;
        for (number, record) in (0_u64..).zip(records.iter().step_by(every).take(labels)) {
            let said = record.category.as_deref().unwrap();
            let other = if said == "code" { "general" } else { "code" };
            let label = if number * 37 % 100 < right { said } else { other };
            let labelled_us = i64::try_from((BEGIN + 700_000) * 1_000_000).unwrap();
            assert!(marks.label(record.id, Some(label), labelled_us).unwrap());
        }
    }

    /// Runs a command in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}
