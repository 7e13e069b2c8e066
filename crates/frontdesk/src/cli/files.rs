//! What commands read and write besides the configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use classify::{Bound, Embedded, Example, read_examples};
use routing::{Classifying, Kind, Router, Session, Sticky};

use super::Configured;
use crate::config::{Config, ENCODER_BELOW, env};

/// The examples of labelled files. A row that does not name its source gets its file's name. Broken lines are told on
/// stderr and left out; how many there were is returned.
pub(super) fn examples(paths: &[PathBuf]) -> anyhow::Result<(Vec<Example>, usize)> {
    let (mut all, mut broken) = (Vec::new(), 0);
    for path in paths {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let (mut examples, bad) = read_examples(&text);
        for line in bad.iter().take(20) {
            anstream::eprintln!("{}, {line}", path.display());
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        for example in examples.iter_mut().filter(|example| example.source.is_empty()) {
            example.source = name.clone().into_owned();
        }
        broken += bad.len();
        all.append(&mut examples);
    }
    if all.is_empty() {
        bail!("there is no labelled prompt in these files: each line is {{\"text\":\"…\",\"label\":\"…\"}}");
    }
    Ok((all, broken))
}

/// Weights from a file.
pub(super) fn weights(path: &Path) -> anyhow::Result<Arc<Embedded>> {
    let file = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let model = classify::weights::read(&file).with_context(|| path.display().to_string())?;
    Ok(Arc::new(model))
}

/// The router that was asked for and its embedded classifier.
pub(super) fn classifier(configured: &Configured) -> anyhow::Result<(Router, Bound)> {
    let Some(path) = &configured.config else {
        let model = Embedded::builtin()?;
        let mut router = router_of(&model);
        let bound = Bound::to(model, &router).with_encoder();
        router.classifying.encoder_below = bound.has_encoder().then_some(ENCODER_BELOW);
        return Ok((router, bound));
    };
    let config: Config = env::load(path)?.map_err(|problems| anyhow::anyhow!("{problems}"))?;
    let position = match &configured.router {
        None => 0,
        Some(name) => {
            let found = config.table.routers.iter().position(|router| router.name == *name);
            found.with_context(|| format!("there is no router `{name}` in {}", path.display()))?
        }
    };
    let router = config.table.routers.get(position).context("the configuration has no router")?;
    let bound = config.classifiers.get(position).cloned().flatten();
    let bound = bound.with_context(|| format!("the router `{}` has no embedded classifier", router.name))?;
    Ok((router.clone(), bound))
}

/// A router without models whose categories are a model's labels.
pub(super) fn router_of(model: &Embedded) -> Router {
    let category = |label: &String| routing::Category {
        name: label.clone(),
        about: String::new(),
        models: Vec::new(),
        examples: Vec::new(),
    };
    let categories: Vec<_> = model.labels.iter().map(category).collect();
    let default = categories.iter().position(|category| category.name == "general").unwrap_or(0);
    Router {
        name: "auto".into(),
        default: routing::CategoryId::at(default),
        fallback: Vec::new(),
        baseline: None,
        categories,
        rules: Vec::new(),
        classifying: Classifying {
            kind: Kind::Embedded,
            min_confidence: 0.0,
            encoder_below: None,
            speculate: false,
            model: None,
            timeout: std::time::Duration::ZERO,
        },
        session: Session { sticky: Sticky::Off, ttl: std::time::Duration::ZERO },
        continues: false,
    }
}
