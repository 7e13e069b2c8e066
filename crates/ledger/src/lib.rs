//! The durable record of every request, in SQLite.
//!
//! One writer thread owns the database. Rows reach it over a bounded queue and are committed in groups, so a request
//! never waits for the disk. The text of conversations lives in a table apart, so that the narrow rows stay fast.

mod schema;
mod row;
mod rollup;
mod write;
mod writer;
mod read;
mod marks;

pub use marks::Marks;
pub use read::{
    Comparable, Conversation, Feedbacked, Judgement, Kept, Labelled, Origin, Reader, Replayed, Routed, Served,
    Shadowed, served_since,
};
pub use rollup::CellKey;
pub use schema::{LedgerError, open};
pub use write::{Author, Feedback, Given, Reply, Shadow};
pub use writer::{Ledger, Options};

/// What is written of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The row.
    pub record: routing::Record,
    /// The text, where the configuration and the caller let it be kept.
    pub text: Option<Text>,
}

/// The text of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The conversation, as the JSON of the caller's `messages`.
    pub prompt: Option<String>,
    /// The answer's text.
    pub answer: Option<String>,
}
