//! How long the encoder takes: `cargo run --release -p classify --example encoder_speed -- weights/encoder.fde`.

#![expect(clippy::print_stdout, reason = "what it finds is what it prints")]
#![expect(clippy::disallowed_types, reason = "real time is what is measured")]

use std::error::Error;
use std::time::{Duration, Instant};

use classify::Encoder;
use classify::look::Look;

const ROUNDS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name the encoder's file")?;
    let file = std::fs::read(path)?;
    println!("{:>22}  {}", "read", table(&measured(10, || Encoder::read(&file))));
    let encoder = Encoder::read(&file)?;
    let words = "Write me a function that sorts a list of 17 numbers, then explain é why 它 is correct. ".repeat(60);
    let head = |bytes: usize| words.get(..words.ceil_char_boundary(bytes)).unwrap_or_default();
    let look = |bytes| Look { head: head(bytes), ..Look::default() };
    let mut looks = Vec::new();
    for pieces in [8, 16, 24, 40, 64] {
        looks.extend((1..1_000).map(look).find(|look| encoder.tokens(look).len() >= pieces));
    }
    looks.push(Look { answer: head(400), question: head(400), ..look(400) });
    looks.push(look(3_000));
    for look in &looks {
        let name = format!("{} bytes, {} pieces", look.head.len(), encoder.tokens(look).len());
        println!("{name:>22}  {}", table(&measured(ROUNDS, || encoder.logits(look))));
        println!("{:>22}  {}", "its pieces alone", table(&measured(ROUNDS, || encoder.tokens(look))));
    }
    Ok(())
}

fn measured<T>(rounds: usize, mut work: impl FnMut() -> T) -> Vec<Duration> {
    let round = |_| {
        let begin = Instant::now();
        let result = work();
        let passed = begin.elapsed();
        drop(result);
        passed
    };
    let mut times: Vec<_> = (0..rounds).map(round).collect();
    times.sort();
    times
}

fn table(times: &[Duration]) -> String {
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    format!("least {:.3} ms, p50 {:.3} ms, p90 {:.3} ms", at(0), at(50), at(90))
}
