//! What both stages say of labelled prompts, a JSON object a line, to choose how they are weighed against each other:
//! `cargo run --release -p classify --example both_stages -- data/gold.jsonl`.

#![expect(clippy::print_stdout, reason = "what it finds is what it prints")]

use std::error::Error;

use classify::look::Look;
use classify::{Embedded, Encoder, read_examples};

fn main() -> Result<(), Box<dyn Error>> {
    let (first, second) = (Embedded::builtin()?, Encoder::builtin()?);
    for path in std::env::args().skip(1) {
        let (examples, _) = read_examples(&std::fs::read_to_string(path)?);
        for example in &examples {
            let prompt = example.prompt();
            let Some(look) = Look::at(&prompt) else { continue };
            let row = serde_json::json!({
                "label": example.label, "labels": Encoder::LABELS, "source": example.source, "lang": example.lang,
                "first": first.probabilities_at(&look), "second": second.probabilities(&look),
            });
            println!("{row}");
        }
    }
    Ok(())
}
