//! How right the built-in classifier is: gates on rows that were never trained on.
//!
//! data/gold.jsonl lies in the repository. Larger files are measured where a folder `shared` with them stands beside it.

use std::path::Path;

use crate::evaluation::{Evaluation, Judged, evaluate};
use crate::steadiness::{read_pairs, steadiness};
use crate::{Bound, ENCODER_BELOW, Embedded, Example, read_examples};
use routing::{Category, CategoryId, Classifying, Kind, Router, Session, Sticky};

/// What the gateway's classifier, both stages, comes to on a file.
fn measured(examples: &[Example]) -> Evaluation {
    let model = Embedded::builtin().unwrap();
    let router = router(&model.labels);
    let bound = Bound::to(model, &router).with_encoder();
    let judged: Vec<_> = examples
        .iter()
        .map(|example| {
            let said = bound.whole(&example.prompt(), Some(ENCODER_BELOW)).unwrap();
            let label = router.category(said.category).unwrap().name.clone();
            Judged { confidence: said.confidence, ..Judged::of(example, Some(label)) }
        })
        .collect();
    evaluate(&judged, &|_| 0.0)
}

fn router(labels: &[String]) -> Router {
    let category =
        |name: &String| Category { name: name.clone(), about: String::new(), models: Vec::new(), examples: Vec::new() };
    Router {
        name: "auto".into(),
        default: CategoryId(0),
        fallback: Vec::new(),
        baseline: None,
        categories: labels.iter().map(category).collect(),
        rules: Vec::new(),
        classifying: Classifying {
            kind: Kind::Embedded,
            min_confidence: 0.0,
            encoder_below: Some(ENCODER_BELOW),
            model: None,
            timeout: std::time::Duration::ZERO,
            speculate: false,
        },
        session: Session { sticky: Sticky::Off, ttl: std::time::Duration::ZERO },
        continues: false,
    }
}

/// Reads a file from the repository's root, or from beside it; `None`: it is not there.
fn rows(path: &str) -> Option<Vec<Example>> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).ok()?;
    let (rows, broken) = read_examples(&text);
    assert_eq!(broken, [], "{path}");
    Some(rows)
}

#[test]
fn held_out_prompts_of_our_own_are_judged_right() {
    let gold = measured(&rows("data/gold.jsonl").unwrap());
    assert!(gold.n >= 400 && gold.accuracy >= GOLD, "{} of {}", gold.accuracy, gold.n);
    for (label, measures) in &gold.per_category {
        assert!(measures.f1 >= WORST_LABEL, "{label}: {measures:?}");
    }
}

#[test]
fn prompts_beside_the_repository_are_judged_right() {
    for (path, least) in
        [("../shared/data/intent/public_gold.jsonl", PUBLIC_GOLD), ("../shared/data/intent/dev.jsonl", DEV)]
    {
        match rows(path) {
            Some(rows) => {
                let measured = measured(&rows);
                assert!(measured.accuracy >= least, "{path}: {} of {}", measured.accuracy, measured.n);
            }
            None => eprintln!("skipped: {path} is not there"),
        }
    }
}

#[test]
fn the_category_stays_when_the_request_is_typed_in_another_way() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/pairs.jsonl")).unwrap();
    let (pairs, broken) = read_pairs(&text);
    assert_eq!(broken, []);
    let model = Embedded::builtin().unwrap();
    let router = router(&model.labels);
    let bound = Bound::to(model, &router).with_encoder();
    let (measured, changed) = steadiness(&pairs, &|text| {
        let said = bound.whole(&routing::Prompt::text(text), Some(ENCODER_BELOW))?;
        Some(router.category(said.category)?.name.clone())
    });
    assert!(measured.n >= 300 && measured.unchanged >= STEADY, "{measured:?}: {changed:#?}");
}

#[test]
fn nothing_is_judged_that_was_trained_on() {
    let evaluated = rows("data/gold.jsonl").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    for part in ["prompts", "workload"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                let (trained, _) = read_examples(&std::fs::read_to_string(&path).unwrap());
                assert_eq!(crate::train::leaks(&trained, &evaluated), 0, "{}", path.display());
            }
        }
    }
}

/// A little below what was measured when the weights were made, see weights/README.md.
const GOLD: f64 = 0.93;
const WORST_LABEL: f64 = 0.88;
const PUBLIC_GOLD: f64 = 0.91;
const DEV: f64 = 0.93;
const STEADY: f64 = 0.93;
