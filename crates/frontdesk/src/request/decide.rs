//! Where the request goes.

use http::HeaderMap;
use routing::decision::{Finding, settled};
use routing::rule::Surroundings;
use routing::{Choice, DecidedBy, Decision, Prompt, Then};
use wire::ChatRequest;

use crate::app::App;
use crate::error::ApiError;

/// The header that names a category.
const HINT: &str = "x-frontdesk-category";

struct Around<'a> {
    headers: &'a HeaderMap,
    metadata: serde_json::Map<String, serde_json::Value>,
}

impl Surroundings for Around<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn metadata(&self, name: &str) -> Option<&str> {
        self.metadata.get(name)?.as_str()
    }

    fn key(&self) -> Option<&str> {
        None
    }
}

/// Override, hint, rule, default; then the chain.
pub(super) fn decide(
    app: &App,
    choice: &Choice,
    prompt: &Prompt<'_>,
    request: &ChatRequest<'_>,
    headers: &HeaderMap,
) -> Result<Decision, ApiError> {
    let table = &app.config.table;
    let finding = match choice {
        // What is found does not matter to an override.
        Choice::Model(_) | Choice::Chain(_) => {
            Finding::sure(Then::Category(routing::CategoryId(0)), DecidedBy::Override)
        }
        Choice::Router(id) => {
            let router = table
                .routers
                .get(id.index())
                .ok_or_else(ApiError::bad_upstream)?;
            let hint = match headers
                .get(HINT)
                .map(|value| value.to_str().unwrap_or_default())
            {
                None => None,
                Some(name) => Some(router.find(name).ok_or_else(|| {
                    ApiError::unfit(
                        "the header x-frontdesk-category names no category of this router",
                    )
                })?),
            };
            let metadata = request
                .metadata
                .and_then(|raw| serde_json::from_str(raw).ok())
                .unwrap_or_default();
            let around = Around { headers, metadata };
            settled(router, hint, prompt, &around).unwrap_or_else(|| {
                Finding::sure(Then::Category(router.default), DecidedBy::Default)
            })
        }
    };
    routing::decide(table, &prompt.needs, choice, &finding)
        .map_err(|none| ApiError::unfit(&none.to_string()))
}
