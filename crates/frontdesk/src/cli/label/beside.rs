//! The ledger beside the file: labels live there too, where `report`, `eval --ledger` and `train --ledger` find them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context;
use ledger::Marks;

use crate::cli::recorded;
use crate::config::Config;

/// Where labels go besides the file, and what became of them.
#[derive(Debug, Default)]
pub(super) struct Beside {
    ledger: Option<(Marks, PathBuf)>,
    /// Requests that have a label by now.
    written: BTreeSet<u128>,
    /// Requests that the ledger does not have: they were forgotten, or are of another one.
    missing: BTreeSet<u128>,
}

impl Beside {
    /// The ledger of a configuration.
    ///
    /// # Errors
    /// When there is none, or it cannot be written.
    pub(super) fn of(config: &Config) -> anyhow::Result<Self> {
        let path = recorded::path(config)?;
        Ok(Self { ledger: Some((Marks::open(path)?, path.to_owned())), ..Self::default() })
    }

    /// Gives a request a label, or takes it back. A row without a request has none here.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub(super) fn label(&mut self, request: Option<u128>, label: Option<&str>) -> anyhow::Result<()> {
        let (Some((marks, path)), Some(id)) = (&self.ledger, request) else { return Ok(()) };
        let failed = || {
            format!(
                "the label is in the file, but {} cannot be written: `frontdesk label --import FILE` makes up for it",
                path.display()
            )
        };
        let found = marks.label(id, label, recorded::now_us()).with_context(failed)?;
        self.written.remove(&id);
        if found && label.is_some() {
            self.written.insert(id);
        } else if label.is_some() {
            self.missing.insert(id);
        }
        Ok(())
    }

    /// The ledger's file.
    pub(super) fn path(&self) -> Option<String> {
        self.ledger.as_ref().map(|(_, path)| path.display().to_string())
    }

    /// How many requests were given a label.
    pub(super) fn written(&self) -> usize {
        self.written.len()
    }

    /// How many the ledger does not have.
    pub(super) fn missing(&self) -> usize {
        self.missing.len()
    }

    /// What became of the labels, a line each.
    pub(super) fn sentences(&self) -> String {
        let mut text = String::new();
        if let Some(ledger) = self.path().filter(|_| self.written() > 0) {
            text.push_str(&format!("{} of the labels given now are in {ledger} too\n", self.written()));
        }
        if self.missing() > 0 {
            text.push_str(&format!("{} are of requests that the ledger does not have\n", self.missing()));
        }
        text
    }
}
