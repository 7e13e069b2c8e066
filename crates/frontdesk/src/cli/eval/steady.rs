//! How often the same request in other words gets the same category.

use std::process::ExitCode;

use anyhow::{Context, bail};
use classify::steadiness::{read_pairs, steadiness};
use routing::Prompt;

use super::show::shares;
use super::{Eval, files};
use crate::cli::NO;

impl Eval {
    /// Measures pairs of texts.
    pub(super) fn steady(&self) -> anyhow::Result<ExitCode> {
        let (mut pairs, mut broken) = (Vec::new(), 0);
        for path in &self.files {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            let (mut read, bad) = read_pairs(&text);
            for line in bad.iter().take(20) {
                anstream::eprintln!("{}, {line}", path.display());
            }
            broken += bad.len();
            pairs.append(&mut read);
        }
        if pairs.is_empty() {
            bail!("there is no pair in these files: each line is {{\"text\":\"…\",\"changed\":\"…\"}}");
        }
        let (router, bound) = files::classifier(&self.configured)?;
        let say = |text: &str| {
            let said = bound.whole(&Prompt::text(text), router.classifying.encoder_below)?;
            Some(router.category(said.category)?.name.clone())
        };
        let (measured, changed) = steadiness(&pairs, &say);
        if self.json {
            anstream::println!("{}", serde_json::to_string(&measured)?);
        } else {
            let [low, high] = measured.unchanged_ci95;
            anstream::println!(
                "{} pairs: {:.3} keep their category (95 %: {low:.3} to {high:.3})",
                measured.n,
                measured.unchanged
            );
            for (name, parts) in [("changed", &measured.by_change), ("language", &measured.by_lang)] {
                shares(name, parts);
            }
        }
        if self.errors {
            for pair in changed {
                let said = |text: &str| say(text).unwrap_or_else(|| "-".to_owned());
                anstream::println!(
                    "{} → {}: {}",
                    said(&pair.text),
                    said(&pair.changed),
                    pair.changed.replace('\n', " ")
                );
            }
        }
        let enough = self.min.is_none_or(|min| measured.unchanged >= min);
        Ok(if enough && broken == 0 { ExitCode::SUCCESS } else { ExitCode::from(NO) })
    }
}
