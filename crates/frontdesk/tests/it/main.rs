//! The gateway over real HTTP, with a scripted upstream behind it.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a failed assumption must fail the test"
)]

mod upstream;
mod gateway;
mod failures;
mod requests;
