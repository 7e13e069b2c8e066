//! Decisions as pure functions.
//!
//! Nothing here reads a clock, a socket, a file or a random number: state, `now` and seeds come in as
//! arguments and a value comes out. The gateway, the simulator, the report and the tests call the same
//! functions.

pub mod id;
pub mod money;
pub mod prompt;
pub mod table;
pub mod rule;
pub mod classifier;
pub mod cascade;
pub mod session;
pub mod decision;
pub mod attempt;
pub mod backoff;
pub mod breaker;
pub mod share;
pub mod record;
pub mod tally;

pub use attempt::{Attempt, Fault, Next, Outcome, Policy, next};
pub use breaker::{Breaker, Cooling};
pub use cascade::{Ask, Cascade, Stage, Step, Vote};
pub use classifier::{Classification, Classifier, Confidence};
pub use decision::{Choice, DecidedBy, Decision, NoRoute, decide};
pub use id::{CategoryId, ModelId, ProviderId, RouterId};
pub use money::{NanoUsd, Price, Usage, cost};
pub use prompt::{Needs, Prompt, Role, Turn};
pub use record::Record;
pub use rule::{Rule, Then, When};
pub use session::Sticky;
pub use table::{Capability, Category, Classifying, Kind, Model, Profile, Router, Session, Table};
pub use tally::{Band, Tally};

/// A moment as the time since the process started; comes in as an argument, never from a clock here.
pub type Moment = std::time::Duration;
