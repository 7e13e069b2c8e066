//! What the configuration says today of the names in the ledger.

use std::collections::BTreeMap;

use routing::{Kind, Price, Profile};

/// The configuration, as far as a report looks at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// Models by alias.
    pub models: BTreeMap<String, ModelSetup>,
    /// Routers by name.
    pub routers: BTreeMap<String, RouterSetup>,
}

/// A model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelSetup {
    /// What it costs.
    pub price: Option<Price>,
    /// How fast it usually is.
    pub profile: Option<Profile>,
}

/// A router.
#[derive(Clone, Debug, PartialEq)]
pub struct RouterSetup {
    /// What finds its categories.
    pub kind: Kind,
    /// The single model that savings are counted against.
    pub baseline: Option<String>,
    /// The category of requests that nothing else decides.
    pub default: String,
    /// The first model of each category's chain, by category; a category whose chain is empty is left out.
    pub first: BTreeMap<String, String>,
}

impl Setup {
    /// A model's price.
    pub(super) fn price(&self, model: &str) -> Option<&Price> {
        self.models.get(model)?.price.as_ref()
    }

    /// A model's profile.
    pub(super) fn profile(&self, model: &str) -> Option<&Profile> {
        self.models.get(model)?.profile.as_ref()
    }
}
