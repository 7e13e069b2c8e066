//! Makes a ledger of many rows to measure with: `cargo run --release -p ledger --example many_rows -- FILE [ROWS]`.
//!
//! Thirty days of the guide's mix through the router `auto` of config/cheapestinference.toml, at that file's speeds and
//! prices, with answers of different lengths; one request in fifty fails. The same rows for the same number every time.
#![expect(
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a tool for developers at a terminal"
)]

use std::path::Path;
use std::time::Duration;

use ledger::{Entry, Ledger, Options};
use routing::record::{AttemptRow, Costing, Tokens};
use routing::{Attempt, DecidedBy, NanoUsd, Outcome, Price, Record, Usage, cost};

/// Microseconds of thirty days.
const SPAN_US: u64 = 30 * 24 * 3_600 * 1_000_000;
/// When they begin, microseconds since the Unix epoch.
const START_US: u64 = 1_790_000_000_000_000;
/// Rows between two waits for the disk.
const GROUP: u64 = 20_000;

/// Category, its share in a thousand, its model, input and output price, first token (µs), µs a token.
type Share = (&'static str, u64, &'static str, [f64; 2], f64, f64);
const MIX: [Share; 4] = [
    ("simple", 600, "llama-8b", [0.02, 0.05], 200e3, 5e3),
    ("general", 300, "deepseek-v3", [0.27, 0.40], 1.2e6, 1e6 / 60.0),
    ("reasoning", 70, "deepseek-r1", [0.50, 2.15], 2.1e6, 1e6 / 30.0),
    ("code", 30, "qwen3-coder", [0.30, 1.00], 800e3, 12.5e3),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("say which file: many_rows FILE [ROWS]")?;
    let rows: u64 = arguments.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    if Path::new(&file).exists() {
        return Err(format!("{file} is there already").into());
    }
    let ledger = Ledger::open(Path::new(&file), Options::default())?;
    let mut random = Random(0x5eed);
    for number in 0..rows {
        ledger.append(Entry { record: record(number, rows, &mut random), text: None });
        if number % GROUP == GROUP - 1 && !ledger.flush(Duration::from_secs(60)) {
            return Err("the disk is too slow".into());
        }
    }
    if !ledger.flush(Duration::from_secs(60)) {
        return Err("the disk is too slow".into());
    }
    println!("{file}: {rows} rows");
    Ok(())
}

/// Splitmix64: enough for made-up traffic.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn record(number: u64, rows: u64, random: &mut Random) -> Record {
    let mut place = random.next() % 1_000;
    let found = MIX.iter().find(|(_, share, ..)| {
        let inside = place < *share;
        place = place.saturating_sub(*share);
        inside
    });
    let (category, _, model, prices, first_us, token_us) = found.copied().unwrap_or(MIX[0]);
    let failed = random.next().is_multiple_of(50);
    let input = 100 + random.next() % 900;
    let output = 1 + (-(1.0 - random.share()).ln() * 200.0) as u64;
    let usage = Usage { input, cached: 0, output: if failed { 0 } else { output }, reasoning: 0 };
    let price = |[input, output]: [f64; 2]| {
        let [input, output] = [input, output].map(NanoUsd::from_usd);
        Price { input, cached_input: input, output }
    };
    let jitter = 0.8 + 0.4 * random.share();
    let first_token_us = (first_us * jitter) as u64;
    let total_us = ((first_us + token_us * usage.output as f64) * jitter) as u64;
    let cost_of = |prices| cost(&price(prices), &usage);
    let time_us = START_US + u64::try_from(u128::from(SPAN_US) * u128::from(number) / u128::from(rows)).unwrap_or(0);
    let attempt = Attempt {
        outcome: if failed { Outcome::TimedOut } else { Outcome::Answered },
        first_token_us: (!failed).then_some(first_token_us),
        total_us,
        usage,
        cost: cost_of(prices),
        ..Attempt::begun(routing::ModelId(0))
    };
    Record {
        id: (u128::from(time_us / 1_000) << 80) | (7 << 76) | u128::from(number),
        time_us: i64::try_from(time_us).unwrap_or(i64::MAX),
        endpoint: "/v1/chat/completions",
        router: Some("auto".into()),
        requested_model: "auto".into(),
        category: Some(category.into()),
        confidence: Some((0.55 + 0.45 * random.share()) as f32),
        decided_by: Some(DecidedBy::Embedded),
        decision_us: 40,
        chain: vec![model.into(), "deepseek-v3".into()],
        attempts: vec![AttemptRow { model: model.into(), attempt }],
        model: (!failed).then(|| model.into()),
        stream: true,
        status: if failed { 504 } else { 200 },
        error: failed.then(|| "timeout".into()),
        usage,
        tokens: Tokens::Measured,
        cost: cost_of(prices),
        costing: Costing::Measured,
        baseline_cost: Some(cost_of([0.27, 0.40])),
        first_token_us: (!failed).then_some(first_token_us),
        total_us,
        overhead_us: 60,
        ..Record::default()
    }
}
