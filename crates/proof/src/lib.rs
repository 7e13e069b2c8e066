//! What routing saves, how often it is right, and whether it should be used at all.
//!
//! Everything here takes values and returns values, so that the terminal, JSON, HTML and HTTP show the same figures, and
//! tests reckon them again. Seeds of random draws come in as arguments.

pub mod share;
pub mod quality;
pub mod pairwise;
pub mod purse;
pub mod comparison;
pub mod simulation;
pub mod speed;
pub mod bootstrap;
pub mod report;
