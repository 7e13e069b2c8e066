//! What the answer's headers say of the request.

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use routing::DecidedBy;
use routing::record::Costing;

use super::{Recorder, microseconds};

/// The id of the request: that of its row, where it has one.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ROUTE: HeaderName = HeaderName::from_static("x-frontdesk-route");
const CATEGORY: HeaderName = HeaderName::from_static("x-frontdesk-category");
const CONFIDENCE: HeaderName = HeaderName::from_static("x-frontdesk-confidence");
const DECIDED_BY: HeaderName = HeaderName::from_static("x-frontdesk-decided-by");
const MODEL: HeaderName = HeaderName::from_static("x-frontdesk-model");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-frontdesk-attempts");
const DECISION_US: HeaderName = HeaderName::from_static("x-frontdesk-decision-us");
const OVERHEAD_US: HeaderName = HeaderName::from_static("x-frontdesk-overhead-us");
const COST_USD: HeaderName = HeaderName::from_static("x-frontdesk-cost-usd");

/// How many headers are written at most.
const HEADERS: usize = 12;

/// An id as a header's value.
pub(crate) fn id_value(id: uuid::Uuid) -> HeaderValue {
    let mut buffer = uuid::Uuid::encode_buffer();
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut buffer)).unwrap_or(HeaderValue::from_static(""))
}

impl Recorder {
    /// Writes what is known when the headers leave.
    pub(in crate::request) fn write_headers(&mut self, headers: &mut HeaderMap) {
        let overhead = self.began.elapsed().saturating_sub(self.waited);
        self.record.overhead_us = microseconds(overhead);
        // Room for all of them at once instead of growing twice.
        headers.reserve(HEADERS);
        let record = &self.record;
        let mut text = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        if let Some(by) = record.decided_by {
            text(ROUTE, &self.route(by));
            text(DECIDED_BY, by.word());
        }
        if let Some(category) = &record.category {
            text(CATEGORY, category);
        }
        if let Some(confidence) = record.confidence {
            text(CONFIDENCE, &format!("{confidence:.3}"));
        }
        if let Some(model) = &record.model {
            text(MODEL, model);
        }
        if record.costing != Costing::Unpriced {
            text(COST_USD, &record.cost.to_string());
        }
        headers.insert(REQUEST_ID, id_value(uuid::Uuid::from_u128(record.id)));
        headers.insert(ATTEMPTS, HeaderValue::from(record.attempts.len()));
        headers.insert(OVERHEAD_US, HeaderValue::from(record.overhead_us));
        if record.decided_by.is_some() {
            headers.insert(DECISION_US, HeaderValue::from(record.decision_us));
        }
    }

    /// `code`, `override`, `code->fallback`.
    fn route(&self, by: DecidedBy) -> String {
        let route = self.record.category.as_deref().unwrap_or(by.word());
        let behind = if self.record.fallback { "->fallback" } else { "" };
        format!("{route}{behind}")
    }
}
