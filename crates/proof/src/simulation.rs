//! What requests would take and cost under a configuration, without sending any.
//!
//! A [`Simulation`] takes requests one after another, each with the category that was found for it, looks up which model
//! its chain begins with, and adds up what that model would take and cost; beside it the same on the baseline alone. What
//! else is asked (other prices, a classifier that errs more or less) follows from sums that it keeps, not from running
//! again.

mod speed;
mod history;
mod queue;
mod scenario;
mod run;
mod moves;
mod prices;
mod errors;

pub use errors::{Confusion, Curve, Evidence, Point};
pub use history::{Estimated, History};
pub use moves::{Move, Moves};
pub use prices::Change;
pub use queue::{Poisson, Queue, Queued};
pub use run::{Item, Outcome, Route, Simulation, Took};
pub use scenario::{Scenario, Unable};
pub use speed::{Known, Speed};
