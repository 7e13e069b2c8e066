//! What turns a prompt into a category.

use crate::{CategoryId, Prompt};

/// How sure a classifier is, 0 to 1; calibrated: of the answers given with 0.9, nine in ten are right.
pub type Confidence = f32;

/// A classifier's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    /// The most probable category.
    pub category: CategoryId,
    /// Its probability.
    pub confidence: Confidence,
    /// The probability of every category of the router, in its order; empty where the classifier gives none.
    pub probabilities: Vec<Confidence>,
}

/// A classifier inside the process: synchronous, bounded in time by what it reads, safe to share.
pub trait Classifier: Send + Sync {
    /// The category of a prompt; `None` where there is nothing to judge (no user message).
    fn classify(&self, prompt: &Prompt<'_>) -> Option<Classification>;
}
