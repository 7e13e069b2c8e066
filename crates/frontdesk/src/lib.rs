//! The front desk for large language models.

pub mod config;
