//! A model in the service of a router: its labels as the router's categories, and the encoder as its second stage.

use std::sync::Arc;

use routing::{CategoryId, Classification, Classifier, Prompt, Router};

use crate::embedded::{Embedded, largest, softmax};
use crate::encoder::Encoder;
use crate::look::Look;

/// Where the first stage is less sure than that, the encoder is asked.
pub const ENCODER_BELOW: f32 = 0.8;
/// How much the encoder's word counts beside the first stage's, in the mean of their log-probabilities.
const ENCODER_SHARE: f32 = 0.6;
/// Two judges that agree know more than either: their mean is sharpened by this, chosen on rows held out.
const SHARPENING: f32 = 0.75;

/// A model with the categories its labels stand for in one router.
#[derive(Clone, Debug)]
pub struct Bound {
    model: Arc<Embedded>,
    /// The category of each label. A label the router has not stands for its default.
    categories: Vec<CategoryId>,
    /// How many categories the router has.
    width: usize,
    /// Whether the built-in encoder, which has the same labels, is its second stage.
    encoder: bool,
}

impl Bound {
    /// Binds a model to a router by name.
    #[must_use]
    pub fn to(model: Arc<Embedded>, router: &Router) -> Self {
        let category = |label: &String| router.find(label).unwrap_or(router.default);
        let categories = model.labels.iter().map(category).collect();
        Self { model, categories, width: router.categories.len(), encoder: false }
    }

    /// The same with the built-in encoder as second stage, where its labels are the model's.
    #[must_use]
    pub fn with_encoder(self) -> Self {
        let encoder = self.model.labels == Encoder::LABELS;
        Self { encoder, ..self }
    }

    /// Whether both say the same of every prompt, where their routers have the same categories.
    #[must_use]
    pub fn same_weights(&self, other: &Self) -> bool {
        self.encoder == other.encoder && (Arc::ptr_eq(&self.model, &other.model) || self.model == other.model)
    }

    /// Whether there is a second stage.
    #[must_use]
    pub fn has_encoder(&self) -> bool {
        self.encoder
    }

    /// What the first stage says of what is looked at.
    #[must_use]
    pub fn first(&self, look: &Look<'_>) -> Option<Classification> {
        self.classification(&self.model.probabilities_at(look))
    }

    /// What both stages say together. Takes milliseconds, and more the first time, when the encoder is unpacked; `None`:
    /// there is no second stage, or its weights cannot be used.
    #[must_use]
    pub fn encoded(&self, look: &Look<'_>) -> Option<Classification> {
        if !self.encoder {
            return None;
        }
        let encoder = Encoder::builtin().ok()?;
        let (first, second) = (self.model.probabilities_at(look), encoder.probabilities(look));
        let mut both: Vec<f32> = first
            .iter()
            .zip(second)
            .map(|(first, second)| {
                let (first, second) = (first.max(1e-6).ln(), second.max(1e-6).ln());
                first + ENCODER_SHARE * (second - first)
            })
            .collect();
        softmax(&mut both, SHARPENING);
        self.classification(&both)
    }

    /// What both stages say, the second asked where the first is less sure than `encoder_below`: for commands, which may
    /// take the time.
    #[must_use]
    pub fn whole(&self, prompt: &Prompt<'_>, encoder_below: Option<f32>) -> Option<Classification> {
        let first = self.classify(prompt)?;
        if encoder_below.is_none_or(|least| first.confidence >= least) {
            return Some(first);
        }
        self.encoded(&Look::at(prompt)?).or(Some(first))
    }

    /// Probabilities of labels as those of categories.
    fn classification(&self, by_label: &[f32]) -> Option<Classification> {
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

impl Classifier for Bound {
    fn classify(&self, prompt: &Prompt<'_>) -> Option<Classification> {
        self.first(&Look::at(prompt)?)
    }
}
