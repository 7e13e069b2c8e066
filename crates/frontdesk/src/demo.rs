//! The demonstration: the guide's five models simulated behind a real HTTP port, the gateway before them, and the
//! guide's workload through it.
//!
//! Everything the models answer is simulated; the requests, the gateway, its decisions and its ledger are real.

pub mod guide;
pub mod workload;
mod timer;
pub mod answer;
mod simulated;
mod visitors;
pub mod run;
pub mod outcome;

pub use outcome::Outcome;
pub use run::{Demo, Kind};
