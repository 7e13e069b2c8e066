//! A model in the service of a router: its labels as the router's categories.

use std::sync::Arc;

use routing::{CategoryId, Classification, Classifier, Prompt, Router};

use crate::embedded::{Embedded, largest};

/// A model with the categories its labels stand for in one router.
#[derive(Clone, Debug)]
pub struct Bound {
    model: Arc<Embedded>,
    /// The category of each label. A label the router has not stands for its default.
    categories: Vec<CategoryId>,
    /// How many categories the router has.
    width: usize,
}

impl Bound {
    /// Binds a model to a router by name.
    #[must_use]
    pub fn to(model: Arc<Embedded>, router: &Router) -> Self {
        let category = |label: &String| router.find(label).unwrap_or(router.default);
        let categories = model.labels.iter().map(category).collect();
        Self { model, categories, width: router.categories.len() }
    }
}

impl Classifier for Bound {
    fn classify(&self, prompt: &Prompt<'_>) -> Option<Classification> {
        let by_label = self.model.probabilities(prompt)?;
        let mut probabilities = vec![0.0; self.width];
        for (probability, category) in by_label.iter().zip(&self.categories) {
            if let Some(sum) = probabilities.get_mut(category.index()) {
                *sum += probability;
            }
        }
        let (category, confidence) = largest(&probabilities)?;
        Some(Classification { category: CategoryId::at(category), confidence, probabilities })
    }
}
