//! The configuration that is simulated, with what is to be different about it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use classify::Bound;
use routing::{Model, ModelId, NanoUsd, Price, Profile, Router, RouterId};

use super::Changes;
use crate::cli::files;
use crate::config::Config;
use crate::demo::run;
use crate::names::near;

/// A configuration and one of its routers.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// The configuration, changed.
    pub(super) config: Config,
    /// The router.
    pub(super) id: RouterId,
    /// Where it is from, for people.
    pub(super) name: String,
    /// Everything goes to this model.
    pub(super) only: Option<ModelId>,
    /// The model that everything is compared with.
    baseline: Option<ModelId>,
    /// Models whose speed was given.
    pub(super) given: Vec<ModelId>,
    /// What was changed, for people.
    pub(super) changed: Vec<String>,
}

impl Setup {
    /// Reads a configuration, the demonstration's without a path; the first router without a name.
    pub(super) fn read(path: Option<&Path>, router: Option<&str>) -> anyhow::Result<Self> {
        let config = match path {
            Some(path) => files::offline(path)?,
            None => run::config(run::CONFIG)?,
        };
        let name = path.map_or_else(|| "the demonstration".to_owned(), |path| path.display().to_string());
        let routers = &config.table.routers;
        let position = match router {
            None if routers.is_empty() => {
                bail!("the configuration has no router: `frontdesk init` writes one that has")
            }
            None => 0,
            Some(router) => routers.iter().position(|known| known.name == router).with_context(|| {
                let known = routers.iter().map(|known| known.name.as_str());
                format!("there is no router `{router}` in {name}: {}", near(router, known))
            })?,
        };
        let id = RouterId::at(position);
        let baseline = routers.get(position).and_then(|router| router.baseline);
        Ok(Self { config, id, name, only: None, baseline, given: Vec::new(), changed: Vec::new() })
    }

    /// Reads a configuration with the router of this name; where it has none, the first.
    pub(super) fn read_near(path: &Path, router: &str) -> anyhow::Result<Self> {
        let mut setup = Self::read(Some(path), None)?;
        if let Some(position) = setup.config.table.routers.iter().position(|known| known.name == router) {
            setup.id = RouterId::at(position);
            setup.baseline = setup.router()?.baseline;
        }
        Ok(setup)
    }

    /// The router.
    pub(super) fn router(&self) -> anyhow::Result<&Router> {
        self.config.table.routers.get(self.id.index()).context("the configuration has no router")
    }

    /// The classifier inside the process that the router asks.
    pub(super) fn bound(&self) -> Option<&Bound> {
        self.config.classifiers.get(self.id.index()).and_then(Option::as_ref)
    }

    /// The model that everything is compared with.
    pub(super) fn baseline(&self) -> anyhow::Result<ModelId> {
        let name = &self.router()?.name;
        self.baseline.with_context(|| {
            format!(
                "the router `{name}` has no `baseline` to compare with: write baseline = \"ALIAS\" under \
                 [routers.{name}], or name one with --baseline"
            )
        })
    }

    /// Applies what the command line says.
    pub(super) fn change(&mut self, changes: &Changes) -> anyhow::Result<()> {
        if let Some(alias) = &changes.model {
            self.only = Some(self.model(alias)?);
            self.changed.push(format!("all on {alias}"));
        }
        if let Some(alias) = &changes.baseline {
            self.baseline = Some(self.model(alias)?);
        }
        for price in &changes.price {
            self.price(price)?;
        }
        for speed in &changes.speed {
            self.speed(speed)?;
        }
        for concurrent in &changes.concurrent {
            self.concurrent(concurrent)?;
        }
        let named = [("price", &changes.price), ("speed", &changes.speed), ("concurrent", &changes.concurrent)];
        for (what, written) in named {
            self.changed.extend(written.iter().map(|written| format!("{what} {written}")));
        }
        Ok(())
    }

    fn model(&self, alias: &str) -> anyhow::Result<ModelId> {
        let table = &self.config.table;
        let known = || table.models.iter().map(|model| model.alias.as_str());
        table
            .find_model(alias)
            .with_context(|| format!("there is no model `{alias}` in {}: {}", self.name, near(alias, known())))
    }

    fn model_mut(&mut self, alias: &str) -> anyhow::Result<(ModelId, &mut Model)> {
        let id = self.model(alias)?;
        let model = self.config.table.models.get_mut(id.index()).context("the model is in its table")?;
        Ok((id, model))
    }

    /// `ALIAS.output=0.3`. A price that a model had not is zero but for what is given.
    fn price(&mut self, written: &str) -> anyhow::Result<()> {
        let parts = || {
            let (name, usd) = written.rsplit_once('=')?;
            let (alias, kind) = name.rsplit_once('.')?;
            let usd: f64 = usd.trim().parse().ok().filter(|usd| (0.0..=1e9).contains(usd))?;
            Some((alias, kind, NanoUsd::from_usd(usd)))
        };
        let (alias, kind, usd) =
            parts().with_context(|| format!("--price {written}: write ALIAS.output=0.3, USD per million tokens"))?;
        let (_, model) = self.model_mut(alias)?;
        let none = Price { input: NanoUsd::ZERO, cached_input: NanoUsd::ZERO, output: NanoUsd::ZERO };
        let price = model.price.get_or_insert(none);
        match kind {
            // Where the cache was no cheaper, it still is not.
            "input" if price.cached_input == price.input => (price.input, price.cached_input) = (usd, usd),
            "input" => price.input = usd,
            "cached_input" => price.cached_input = usd,
            "output" => price.output = usd,
            other => bail!("--price {written}: there is no price `{other}`: write input, cached_input or output"),
        }
        Ok(())
    }

    /// `ALIAS=200ms,80`.
    fn speed(&mut self, written: &str) -> anyhow::Result<()> {
        let parts = || {
            let (alias, speed) = written.rsplit_once('=')?;
            let (first_token, tokens) = speed.split_once(',')?;
            let first_token: Duration = humantime::parse_duration(first_token.trim()).ok()?;
            let tokens: f64 = tokens.trim().parse().ok().filter(|speed: &f64| *speed > 0.0 && speed.is_finite())?;
            Some((alias, first_token, tokens))
        };
        let (alias, first_token, tokens_per_second) = parts().with_context(|| {
            format!(
                "--speed {written}: write ALIAS=200ms,80, the time to the first token and tokens a second from there"
            )
        })?;
        let (id, model) = self.model_mut(alias)?;
        let concurrent = model.profile.and_then(|profile| profile.concurrent);
        model.profile = Some(Profile { first_token, tokens_per_second, concurrent });
        self.given.push(id);
        Ok(())
    }

    /// `ALIAS=8`.
    fn concurrent(&mut self, written: &str) -> anyhow::Result<()> {
        let parts = || {
            let (alias, concurrent) = written.rsplit_once('=')?;
            Some((alias, concurrent.trim().parse::<u32>().ok().filter(|concurrent| *concurrent > 0)?))
        };
        let (alias, concurrent) =
            parts().with_context(|| format!("--concurrent {written}: write ALIAS=8, a number above 0"))?;
        let (_, model) = self.model_mut(alias)?;
        let Some(profile) = &mut model.profile else {
            bail!("--concurrent {written}: `{alias}` has no profile; give it one with --speed {alias}=1s,60");
        };
        profile.concurrent = Some(concurrent);
        Ok(())
    }
}
