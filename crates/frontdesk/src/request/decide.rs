//! Where the request goes.

use routing::{Choice, Decision, Needs, Table};

use super::classify::Found;
use crate::error::ApiError;

/// The chain for what was found.
pub(super) fn decide(table: &Table, needs: &Needs, choice: &Choice, found: &Found) -> Result<Decision, ApiError> {
    routing::decide(table, needs, choice, &found.finding).map_err(|none| ApiError::unfit(&none.to_string()))
}
