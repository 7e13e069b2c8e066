//! The front desk for large language models.

pub mod cli;
pub mod config;
pub mod gateway;
pub mod app;
pub mod sessions;
pub mod server;
pub mod endpoints;
mod admin;
pub mod request;
pub mod error;
mod names;
pub mod metrics;
pub mod logging;
#[cfg(feature = "otlp")]
pub mod traces;
mod screen;
pub mod page;
pub mod report;
pub mod demo;
mod judging;
