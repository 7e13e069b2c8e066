//! What a ledger came to: reading it, and showing the report to people.
//!
//! Everything is reckoned in [`proof::report`]; the terminal, JSON, HTML and `/admin/v1/report` show the same.

mod period;
mod read;
mod accuracy;
mod setup;
mod words;
mod tables;
mod terminal;
mod html;

pub use html::html;
pub use period::When;
pub use read::{Asked, Refusal, make};
pub use terminal::terminal;
