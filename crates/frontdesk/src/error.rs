//! What goes wrong, as the client sees it: the one place that knows HTTP's statuses.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use wire::Invalid;

use crate::names::nearest;
use crate::request::body::ClientBody;

/// An answer that is an error.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// Its status.
    pub status: StatusCode,
    /// OpenAI's `type`.
    kind: &'static str,
    /// OpenAI's `code`; also the word in the ledger.
    pub code: &'static str,
    /// The field it is about.
    param: Option<&'static str>,
    /// For the caller; holds no secret and nothing an upstream said.
    message: String,
    /// When to come back.
    retry_after: Option<Duration>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code, param: None, message: message.into(), retry_after: None }
    }

    /// 400.
    #[must_use]
    pub fn invalid(invalid: &Invalid) -> Self {
        Self { param: invalid.param, ..Self::unfit(&invalid.message) }
    }

    /// 400 that is about no single field.
    #[must_use]
    pub fn unfit(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_request_error", message)
    }

    /// 400 for one field.
    #[must_use]
    pub fn field(name: &'static str, message: &str) -> Self {
        Self { param: Some(name), ..Self::unfit(message) }
    }

    /// 404 for a request that is not there, or is another's.
    #[must_use]
    pub fn no_such_request(id: &str) -> Self {
        let message = format!(
            "there is no request {id} of yours on record: send the x-request-id of its answer, once that has ended"
        );
        let error = Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "request_not_found", message);
        Self { param: Some("request_id"), ..error }
    }

    /// 503 for what must be on disk and is not yet.
    #[must_use]
    pub fn ledger_busy() -> Self {
        let message = "this could not be written in time; send it again, the same twice is kept once";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", "ledger_unavailable", message);
        Self { retry_after: Some(Duration::from_secs(1)), ..error }
    }

    /// 401 for a credential that is missing or wrong.
    #[must_use]
    pub fn invalid_key() -> Self {
        let message = "this needs the admin token of the configuration: send `authorization: Bearer …`";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", "invalid_api_key", message)
    }

    /// 403 for what only the operator may ask for, where no token says who that is.
    #[must_use]
    pub fn no_admin() -> Self {
        let message = "nobody is served here, because the configuration names no admin token: write admin_token = \"env:NAME\" under [server]";
        Self::new(StatusCode::FORBIDDEN, "invalid_request_error", "permission_denied", message)
    }

    /// 404 for a path nobody serves.
    #[must_use]
    pub fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", "there is nothing at this path")
    }

    /// 405.
    #[must_use]
    pub fn wrong_method() -> Self {
        let message = "this path does not take that method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", "method_not_allowed", message)
    }

    /// 404 for a name that is neither a router nor a model.
    #[must_use]
    pub fn model_not_found<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let short: String = name.chars().take(100).collect();
        let near: Vec<_> = nearest(&short, known, 8).into_iter().map(|(_, known)| format!("`{known}`")).collect();
        let message = format!("there is no router or model `{short}`; near it are {}", near.join(", "));
        let error = Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "model_not_found", message);
        Self { param: Some("model"), ..error }
    }

    /// 413.
    #[must_use]
    pub fn too_large(most: usize) -> Self {
        let message = format!("the body is larger than {most} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "payload_too_large", message)
    }

    /// 431.
    #[must_use]
    pub fn head_too_large(most: usize) -> Self {
        let message = format!("the headers are larger than {most} bytes");
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::new(status, "invalid_request_error", "headers_too_large", message)
    }

    /// Whether it is the 413.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.status == StatusCode::PAYLOAD_TOO_LARGE
    }

    /// 408.
    #[must_use]
    pub fn too_slow() -> Self {
        let message = "the body did not arrive in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", "timeout", message)
    }

    /// 400 for a body that broke off.
    #[must_use]
    pub fn incomplete() -> Self {
        Self::unfit("the body ended before it was complete")
    }

    /// 502.
    #[must_use]
    pub fn bad_upstream() -> Self {
        let message = "no model of the chain gave a usable answer";
        Self::new(StatusCode::BAD_GATEWAY, "api_error", "bad_upstream", message)
    }

    /// 503: every model of the chain is down or cooling.
    #[must_use]
    pub fn unavailable(retry_after: Duration) -> Self {
        let message = "every model of the chain is down or cooling; try again later";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", "models_unavailable", message);
        Self { retry_after: Some(retry_after), ..error }
    }

    /// 503 of the readiness check.
    #[must_use]
    pub fn not_ready() -> Self {
        let message = "the ledger cannot be written; requests are still answered";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", "ledger_unavailable", message)
    }

    /// 404: there is no request that was asked for, or no ledger of them.
    #[must_use]
    pub fn no_report(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "no_report", message)
    }

    /// 503: enough reports are being made.
    #[must_use]
    pub fn too_many_reports(retry_after: Duration) -> Self {
        let message = "other reports are being made; ask again later";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", "too_many_reports", message);
        Self { retry_after: Some(retry_after), ..error }
    }

    /// 504.
    #[must_use]
    pub fn timed_out() -> Self {
        let message = "no model of the chain answered in time";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "api_error", "timeout", message)
    }

    /// The answer. Our own retries are spent by then, so client libraries are told not to multiply them.
    #[must_use]
    pub fn response(&self) -> Response<ClientBody> {
        let body = wire::error_body(&self.message, self.kind, self.param, self.code);
        let mut response = Response::new(ClientBody::whole(Bytes::from(body)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status.is_server_error() {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        if let Some(pause) = self.retry_after {
            let milliseconds = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            headers.insert(RETRY_AFTER, HeaderValue::from(milliseconds.div_ceil(1_000)));
            headers.insert("retry-after-ms", HeaderValue::from(milliseconds));
        }
        response
    }
}
