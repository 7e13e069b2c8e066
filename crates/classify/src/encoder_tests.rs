#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "small counts, and numbers that are made to be rounded"
)]

use std::path::Path;

use proptest::prelude::*;
use routing::{Prompt, Role, Turn};
use serde::Deserialize;

use super::*;
use crate::weights::signed;

/// A small model in plain numbers, and the way through it as the papers have it.
#[derive(Default)]
struct Plain {
    hidden: usize,
    heads: usize,
    ffn: usize,
    layers: usize,
    /// Pieces with their scores.
    pieces: Vec<(&'static str, f32)>,
    /// Rows of embeddings.
    words: Rows,
    positions: Rows,
    norm: Norm,
    /// Each layer's query, key, value, mix, up and down.
    linear: Vec<[(Rows, Vec<f64>); 6]>,
    norms: Vec<[Norm; 2]>,
    head: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

/// Rows of bytes with their scales.
type Rows = Vec<(f32, Vec<i8>)>;
/// Gamma and beta.
type Norm = (Vec<f64>, Vec<f64>);

const LABELS: [&str; 3] = ["simple", "code", "é"];

impl Plain {
    /// One of random numbers.
    fn new(layers: usize, hidden: usize, heads: usize, ffn: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        let pieces: Vec<(&'static str, f32)> = vec![("▁", -3.0), ("▁a", -1.0), ("b", -1.0), ("▁ab", -1.5)];
        let numbers = |random: &mut fastrand::Rng, count: usize, around: f64| -> Vec<f64> {
            (0..count).map(|_| f64::from((random.f64() - 0.5 + around) as f32)).collect()
        };
        let rows = |random: &mut fastrand::Rng, count: usize, width: usize| -> Rows {
            (0..count).map(|_| (0.01 + random.f32() / 100.0, (0..width).map(|_| random.i8(-127..)).collect())).collect()
        };
        let mut plain = Self { hidden, heads, ffn, layers, ..Self::default() };
        plain.words = rows(&mut random, pieces.len() + 4, hidden);
        plain.pieces = pieces;
        plain.positions = rows(&mut random, LONGEST, hidden);
        plain.norm = (numbers(&mut random, hidden, 1.0), numbers(&mut random, hidden, 0.0));
        for _ in 0..layers {
            let shapes = [(hidden, hidden); 4].into_iter().chain([(ffn, hidden), (hidden, ffn)]);
            let linear = shapes
                .map(|(outputs, inputs)| (rows(&mut random, outputs, inputs), numbers(&mut random, outputs, 0.0)));
            plain.linear.push(linear.collect::<Vec<_>>().try_into().unwrap());
            let norm = [(); 2].map(|()| (numbers(&mut random, hidden, 1.0), numbers(&mut random, hidden, 0.0)));
            plain.norms.push(norm);
        }
        plain.head = LABELS.iter().map(|_| numbers(&mut random, hidden, 0.0)).collect();
        plain.bias = numbers(&mut random, LABELS.len(), 0.0);
        plain
    }

    /// As the content of a file, without its checksum.
    fn content(&self) -> Vec<u8> {
        let byte = |number: usize| u8::try_from(number).unwrap();
        let short = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let mut file = b"FDE1".to_vec();
        file.extend([byte(self.layers), byte(self.heads)]);
        file.extend([short(self.hidden), short(self.ffn), short(LONGEST)].as_flattened());
        file.extend(u32::try_from(self.pieces.len()).unwrap().to_le_bytes());
        file.push(byte(LABELS.len()));
        file.extend([1e-6_f32, 2.0].map(f32::to_le_bytes).as_flattened());
        for label in LABELS {
            file.push(byte(label.len()));
            file.extend(label.as_bytes());
        }
        for (piece, score) in &self.pieces {
            file.push(byte(piece.len()));
            file.extend(piece.as_bytes());
            file.extend(score.to_le_bytes());
        }
        let rows = |file: &mut Vec<u8>, rows: &Rows| {
            for (scale, row) in rows {
                file.extend(scale.to_le_bytes());
                file.extend(row.iter().map(|number| number.cast_unsigned()));
            }
        };
        let numbers = |file: &mut Vec<u8>, numbers: &[f64]| {
            file.extend(numbers.iter().flat_map(|number| (*number as f32).to_le_bytes()));
        };
        let norm = |file: &mut Vec<u8>, norm: &Norm| {
            numbers(file, &norm.0);
            numbers(file, &norm.1);
        };
        rows(&mut file, &self.words);
        rows(&mut file, &self.positions);
        norm(&mut file, &self.norm);
        for (linear, norms) in self.linear.iter().zip(&self.norms) {
            for (at, (weights, bias)) in linear.iter().enumerate() {
                if at == 4 {
                    norm(&mut file, &norms[0]);
                }
                rows(&mut file, weights);
                numbers(&mut file, bias);
            }
            norm(&mut file, &norms[1]);
        }
        self.head.iter().for_each(|row| numbers(&mut file, row));
        numbers(&mut file, &self.bias);
        file
    }

    fn logits(&self, tokens: &[u32]) -> Vec<f64> {
        let embedded = |(position, token): (usize, &u32)| {
            normed(&self.norm, &added(&unpacked(&self.words[*token as usize]), &unpacked(&self.positions[position])))
        };
        let mut states: Vec<Vec<f64>> = tokens.iter().enumerate().map(embedded).collect();
        for (linear, norms) in self.linear.iter().zip(&self.norms) {
            let [query, key, value, mix, up, down] = linear;
            let all = |layer| states.iter().map(|state| times(layer, state)).collect::<Vec<_>>();
            let (queries, keys, values) = (all(query), all(key), all(value));
            let width = self.hidden / self.heads;
            for (state, query) in states.iter_mut().zip(&queries) {
                let mut mixed = vec![0.0; self.hidden];
                for head in 0..self.heads {
                    let columns = head * width..(head + 1) * width;
                    let asked = |key: &Vec<f64>| dot(&query[columns.clone()], &key[columns.clone()]);
                    let weights: Vec<f64> = keys.iter().map(|key| (asked(key) / (width as f64).sqrt()).exp()).collect();
                    let sum: f64 = weights.iter().sum();
                    for (weight, value) in weights.iter().zip(&values) {
                        for column in columns.clone() {
                            mixed[column] += weight / sum * value[column];
                        }
                    }
                }
                *state = normed(&norms[0], &added(state, &times(mix, &mixed)));
                let wide: Vec<f64> =
                    times(up, state).into_iter().map(|x| x * 0.5 * (1.0 + erf(x / 2_f64.sqrt()))).collect();
                *state = normed(&norms[1], &added(state, &times(down, &wide)));
            }
        }
        let mean: Vec<f64> = (0..self.hidden)
            .map(|column| states.iter().map(|state| state[column]).sum::<f64>() / states.len() as f64)
            .collect();
        self.head.iter().zip(&self.bias).map(|(row, bias)| dot(row, &mean) + bias).collect()
    }
}

fn unpacked((scale, row): &(f32, Vec<i8>)) -> Vec<f64> {
    row.iter().map(|number| f64::from(*number) * f64::from(*scale)).collect()
}

fn added(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn times((rows, bias): &(Rows, Vec<f64>), numbers: &[f64]) -> Vec<f64> {
    rows.iter().zip(bias).map(|(row, bias)| dot(&unpacked(row), numbers) + bias).collect()
}

fn normed((gamma, beta): &Norm, numbers: &[f64]) -> Vec<f64> {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count;
    let norm =
        |((number, gamma), beta): ((&f64, &f64), &f64)| (number - mean) / (variance + 1e-6).sqrt() * gamma + beta;
    numbers.iter().zip(gamma).zip(beta).map(norm).collect()
}

/// By its series, which is no good far out.
fn erf(x: f64) -> f64 {
    if x.abs() > 4.5 {
        return x.signum();
    }
    let mut term = x;
    let mut sum = x;
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

fn tiny() -> Encoder {
    Encoder::read(&signed(Plain::new(2, 8, 2, 16).content())).unwrap()
}

#[test]
fn logits_are_those_of_the_papers() {
    // The second has no size that is a multiple of what is worked on together.
    for (layers, hidden, heads, ffn) in [(2, 8, 2, 16), (1, 51, 3, 35), (2, 64, 2, 96)] {
        let plain = Plain::new(layers, hidden, heads, ffn);
        let encoder = Encoder::read(&signed(plain.content())).unwrap();
        assert_eq!(encoder.labels, LABELS);
        let long = "ab a bb ".repeat(30);
        for look in [
            Look::default(),
            Look { head: "a", ..Look::default() },
            Look { head: "ab x a", answer: "a a b", question: "b", ..Look::default() },
            Look { head: &long, answer: &long, question: &long, ..Look::default() },
        ] {
            let tokens = encoder.tokens(&look);
            let (logits, expected) = (encoder.logits(&look), plain.logits(&tokens));
            assert_eq!(logits.len(), expected.len());
            for (logit, expected) in logits.iter().zip(&expected) {
                assert!((f64::from(*logit) - expected).abs() < 2e-3, "{hidden}: {logits:?} {expected:?}");
            }
            let probabilities = encoder.probabilities(&look);
            let mut softened = logits;
            softmax(&mut softened, 2.0);
            assert_eq!(probabilities, softened);
            assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }
}

#[test]
fn long_messages_are_read_from_both_ends_and_context_from_where_it_touches() {
    let encoder = tiny();
    let (a, ab) = (5, 7);
    let tokens =
        |head: &str, answer: &str, question: &str| encoder.tokens(&Look { head, answer, question, ..Look::default() });
    assert_eq!(tokens("a", "", "ab"), [START, a, STOP], "a question without an answer is not read");
    assert_eq!(tokens("a", "\u{0}", "ab"), [START, a, STOP]);
    assert_eq!(tokens("a", "ab", ""), [START, a, STOP, ab, STOP, STOP]);
    assert_eq!(tokens("", "", ""), [START, STOP]);

    let just = "a ".repeat(MESSAGE);
    assert_eq!(tokens(&just, "", ""), [&[START][..], &[a; MESSAGE], &[STOP]].concat());
    let cut = format!("{}{}{}", "a ".repeat(44), "b ".repeat(9), "ab ".repeat(20));
    let message = [&[START][..], &[a; 44], &[ab; 20], &[STOP]].concat();
    assert_eq!(tokens(&cut, "", ""), message);
    let context = [&[a][..], &[ab; 19], &[STOP], &[ab; 11], &[a], &[STOP]].concat();
    let answer = format!("{}{}", "a ".repeat(30), "ab ".repeat(19));
    let question = format!("{}{}", "ab ".repeat(11), "a ".repeat(30));
    assert_eq!(tokens(&cut, &answer, &question), [message, context].concat());
    assert_eq!(tokens(&cut, &answer, &question).len(), LONGEST);

    let ends = Look { head: "a", tail: "b", ..Look::default() };
    assert_eq!(encoder.tokens(&ends), tokens("a b", "", ""));
}

#[test]
fn foreign_newer_cut_and_changed_files_are_refused() {
    let refused = |file: &[u8]| Encoder::read(file).map(drop);
    let content = Plain::new(1, 8, 2, 16).content();
    let file = signed(content.clone());
    assert_eq!(refused(b"SQLite format 3"), Err(BadWeights::Foreign));
    assert_eq!(refused(b"FD"), Err(BadWeights::Foreign));
    assert_eq!(refused(b"FDE9 and more"), Err(BadWeights::Version));
    assert_eq!(refused(b"FDE1"), Err(BadWeights::Damaged));
    for length in 4..file.len() {
        assert_eq!(refused(&file[..length]), Err(BadWeights::Damaged), "{length}");
    }
    for length in 4..content.len() {
        assert_eq!(refused(&signed(content[..length].to_vec())), Err(BadWeights::Damaged), "{length}");
    }
    let longer = [&content[..], &[0]].concat();
    assert_eq!(refused(&signed(longer)), Err(BadWeights::Damaged));
    // No layers, no or too many heads, sizes of nothing, too few positions, no or too many labels.
    for (at, byte) in [(4, 0), (5, 0), (5, 3), (6, 0), (8, 0), (10, 99), (16, 0), (16, 65)] {
        let mut content = content.clone();
        content[at] = byte;
        assert_eq!(refused(&signed(content)), Err(BadWeights::Damaged), "{at}");
    }
    for number in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        for at in [17, 21] {
            let mut content = content.clone();
            content[at..at + 4].copy_from_slice(&number.to_le_bytes());
            assert_eq!(refused(&signed(content)), Err(BadWeights::Damaged), "{at}: {number}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(mut content in proptest::collection::vec(any::<u8>(), 0..300), is_signed in any::<bool>()) {
        if is_signed {
            // A right checksum over nonsense reaches the reader behind it.
            content.splice(0..0, *b"FDE1");
            content = signed(content);
        }
        prop_assert!(Encoder::read(&content).is_err());
    }

    /// Whatever can be read can also be asked.
    #[test]
    fn no_changed_bytes_make_it_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let mut content = Plain::new(1, 8, 2, 16).content();
        for (at, byte) in changes {
            let at = 17 + at.index(content.len() - 17);
            content[at] = byte;
        }
        if let Ok(encoder) = Encoder::read(&signed(content)) {
            let look = Look { head: "ab é a", answer: "b", ..Look::default() };
            prop_assert_eq!(encoder.probabilities(&look).len(), LABELS.len());
        }
    }

    #[test]
    fn any_text_has_bounded_tokens_and_probabilities(head in any::<String>(), tail in any::<String>(), answer in any::<String>()) {
        let encoder = tiny();
        let look = Look { head: &head, tail: &tail, answer: &answer, question: &tail, ..Look::default() };
        prop_assert!(encoder.tokens(&look).len() <= LONGEST);
        prop_assert!(encoder.probabilities(&look).iter().all(|probability| (0.0..=1.0).contains(probability)));
    }
}

/// A row of what training computed with the same file.
#[derive(Deserialize)]
struct Golden {
    text: Option<String>,
    #[serde(default)]
    messages: Vec<Message>,
    ids: Vec<u32>,
    logits: Vec<f32>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<String>,
}

impl Golden {
    fn prompt(&self) -> Prompt<'_> {
        let turn = |message: &'_ Message| -> Turn<'_> {
            let role = match message.role.as_str() {
                "user" => Role::User,
                "assistant" => Role::Assistant,
                "tool" => Role::Tool,
                _ => Role::System,
            };
            Turn { role, text: message.content.clone().unwrap_or_default().into(), calls_tools: false }
        };
        match &self.text {
            Some(text) => Prompt::text(text),
            None => Prompt { turns: self.messages.iter().map(turn).collect(), ..Prompt::default() },
        }
    }
}

#[test]
fn the_built_in_encoder_comes_to_what_training_came_to() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(file) = std::fs::read(here.join("../../weights/encoder.fde")) else {
        println!("skipped: weights/encoder.fde is not there");
        return;
    };
    let golden = std::fs::read_to_string(here.join("goldens/encoder.json"));
    let golden = golden.expect("copy what `training/export.py --golden` wrote to crates/classify/goldens/encoder.json");
    let rows: Vec<Golden> = serde_json::from_str(&golden).unwrap();
    assert!(rows.len() >= 20, "{} rows", rows.len());
    let encoder = Encoder::read(&file).unwrap();
    for row in &rows {
        let prompt = row.prompt();
        let look = Look::at(&prompt).unwrap();
        assert_eq!(encoder.tokens(&look), row.ids, "{:?}", look.head);
        let logits = encoder.logits(&look);
        for (logit, expected) in logits.iter().zip(&row.logits) {
            assert!((logit - expected).abs() < 0.02, "{:?}: {logits:?} {:?}", look.head, row.logits);
        }
    }
}
