//! The gateway over real HTTP, with a scripted upstream behind it.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed assumption must fail the test"
)]

mod client;
mod command;
mod reply;
mod upstream;
mod gateway;
mod requests;
mod failures;
mod refusals;
mod streams;
mod proceed;
mod leaving;
mod breaker;
mod deadlines;
mod connections;
mod anthropic;
mod ledger_rows;
mod feedback;
mod labelling;
mod simulate;
mod costs;
mod headers;
mod admin;
mod made;
mod beside;
mod report;
mod report_figures;
mod demonstrated;
mod judge;
mod judging;
mod start_here;
mod loops;
mod speculate;
mod shadow;
mod hostile_clients;
mod hostile_upstreams;
mod daemon;
mod process;
mod reload;
mod traces;
