//! What commands read and write besides the configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use classify::dataset::read_rows;
use classify::{Bound, ENCODER_BELOW, Embedded, Example, Logged};
use routing::{Classifying, Kind, Router, Session, Sticky, Table};

use super::Configured;
use super::eval::Strengths;
use crate::config::{Config, env};

/// What labelled files hold.
#[derive(Debug, Default)]
pub(super) struct Labelled {
    /// The labelled prompts.
    pub(super) examples: Vec<Example>,
    /// What the gateway said of each, where it is of a sample.
    pub(super) logged: Vec<Option<Logged>>,
    /// Rows of a sample that have no label yet; each may stand for several.
    pub(super) unlabelled: Vec<Logged>,
    /// How many have no label yet.
    pub(super) open: usize,
    /// What is counted: `rows` of files, `requests` of the ledger.
    pub(super) of: &'static str,
    /// Lines that were told on stderr and left out.
    pub(super) broken: usize,
}

/// Reads labelled files. A row that does not name its source gets its file's name.
pub(super) fn labelled(paths: &[PathBuf]) -> anyhow::Result<Labelled> {
    let mut all = Labelled { of: "rows", ..Labelled::default() };
    for path in paths {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let mut rows = read_rows(&text);
        for line in rows.bad.iter().take(20) {
            anstream::eprintln!("{}, {line}", path.display());
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        for example in rows.examples.iter_mut().filter(|example| example.source.is_empty()) {
            example.source = name.clone().into_owned();
        }
        all.broken += rows.bad.len();
        all.examples.append(&mut rows.examples);
        all.logged.append(&mut rows.logged);
        all.unlabelled.append(&mut rows.unlabelled);
    }
    all.open = all.unlabelled.len();
    if all.examples.is_empty() && !all.unlabelled.is_empty() {
        bail!("no row of these files has its label yet: `frontdesk label FILE` asks for them");
    }
    if all.examples.is_empty() {
        bail!("there is no labelled prompt in these files: each line is {{\"text\":\"…\",\"label\":\"…\"}}");
    }
    Ok(all)
}

/// The examples of labelled files, and how many lines were left out because they are broken.
pub(super) fn examples(paths: &[PathBuf]) -> anyhow::Result<(Vec<Example>, usize)> {
    let all = labelled(paths)?;
    Ok((all.examples, all.broken))
}

/// The folder a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A configuration that must be right.
pub(super) fn config(path: &Path) -> anyhow::Result<Config> {
    env::load(path)?.map_err(|problems| anyhow::anyhow!("{problems}"))
}

/// A configuration that must be right but for its secrets: for commands that call nobody.
pub(super) fn offline(path: &Path) -> anyhow::Result<Config> {
    env::load_without_secrets(path)?.map_err(|problems| anyhow::anyhow!("{problems}"))
}

/// The router of this name; the first without one.
pub(super) fn router<'a>(config: &'a Config, path: &Path, name: Option<&str>) -> anyhow::Result<&'a Router> {
    let routers = &config.table.routers;
    let Some(name) = name else { return routers.first().context("the configuration has no router") };
    let found = routers.iter().find(|router| router.name == name);
    found.with_context(|| format!("there is no router `{name}` in {}", path.display()))
}

/// Weights from a file.
pub(super) fn weights(path: &Path) -> anyhow::Result<Arc<Embedded>> {
    let file = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let model = classify::weights::read(&file).with_context(|| path.display().to_string())?;
    Ok(Arc::new(model))
}

/// A router, and what belongs to it.
pub(super) struct Given {
    pub(super) router: Router,
    /// How strong its categories are beside one another.
    pub(super) strengths: Strengths,
    /// Its embedded classifier, where it asks one.
    bound: Option<Bound>,
}

/// The router that was asked for, whatever finds its categories.
pub(super) fn given(configured: &Configured) -> anyhow::Result<Given> {
    let Some(path) = &configured.config else {
        let mut given = Given::of(Embedded::builtin()?);
        given.bound = given.bound.map(Bound::with_encoder);
        let encoder = given.bound.as_ref().is_some_and(Bound::has_encoder);
        given.router.classifying.encoder_below = encoder.then_some(ENCODER_BELOW);
        return Ok(given);
    };
    let config = offline(path)?;
    let router = router(&config, path, configured.router.as_deref())?;
    let position = config.table.routers.iter().position(|known| known.name == router.name).unwrap_or(0);
    let bound = config.classifiers.get(position).cloned().flatten();
    Ok(Given { router: router.clone(), strengths: Strengths::new(router, &config.table), bound })
}

/// The router that was asked for and its embedded classifier.
pub(super) fn classifier(configured: &Configured) -> anyhow::Result<(Router, Bound)> {
    let given = given(configured)?;
    let bound = given.bound()?.clone();
    Ok((given.router, bound))
}

impl Given {
    /// A model's labels as the categories of a router without models.
    pub(super) fn of(model: Arc<Embedded>) -> Self {
        let router = router_of(&model);
        let bound = Some(Bound::to(model, &router));
        Self { strengths: Strengths::new(&router, &Table::default()), router, bound }
    }

    /// The embedded classifier.
    ///
    /// # Errors
    /// When the router has none.
    pub(super) fn bound(&self) -> anyhow::Result<&Bound> {
        self.bound.as_ref().with_context(|| format!("the router `{}` has no embedded classifier", self.router.name))
    }
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
