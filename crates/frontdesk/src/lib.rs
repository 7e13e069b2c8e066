//! The front desk for large language models.

pub mod cli;
pub mod config;
pub mod app;
pub mod error;
pub mod request;
pub mod server;
