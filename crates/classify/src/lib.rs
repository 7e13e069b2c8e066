//! What turns a prompt into a category, without I/O: the embedded classifier with its training and evaluation, and
//! the pure halves of asking a model.

pub mod look;
pub mod features;
pub mod embedded;
pub mod weights;
pub mod encoder;
mod builtin;
pub mod binding;
pub mod judge;
pub mod dataset;
pub mod train;
pub mod evaluation;
pub mod steadiness;
pub mod sample;

pub use binding::{Bound, ENCODER_BELOW};
pub use dataset::{Example, Logged, read_examples};
pub use embedded::Embedded;
pub use encoder::Encoder;
pub use evaluation::{Evaluation, Judged, evaluate};
pub use weights::BadWeights;

#[cfg(test)]
mod accuracy_tests;
