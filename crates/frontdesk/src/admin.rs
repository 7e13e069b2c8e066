//! `/admin/v1/…`: what only the operator may ask for, who is known by the admin token.

pub(crate) mod report;

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use hyper::body::Incoming;

use crate::app::App;
use crate::config::Config;
use crate::error::ApiError;
use crate::request::body::ClientBody;

/// Where the paths of these endpoints begin.
pub(crate) const PREFIX: &str = "/admin/v1/";

/// Lets the operator pass.
///
/// # Errors
/// 403 where the configuration names no token, 401 for another one or none.
pub(crate) fn authorised(config: &Config, headers: &HeaderMap) -> Result<(), ApiError> {
    if config.server.admin_token.is_none() {
        return Err(ApiError::no_admin());
    }
    if is_admin(config, headers) { Ok(()) } else { Err(ApiError::invalid_key()) }
}

/// Whether the caller sent the admin token.
pub(crate) fn is_admin(config: &Config, headers: &HeaderMap) -> bool {
    let token = config.server.admin_token.as_ref();
    token.zip(bearer(headers)).is_some_and(|(token, said)| token.is(said))
}

/// What stands behind `Bearer` in `authorization`; the scheme's case does not matter (RFC 9110, 11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// Answers a request below [`PREFIX`].
pub(crate) async fn serve(app: Arc<App>, head: Parts, _body: Incoming) -> Response<ClientBody> {
    if let Err(error) = authorised(&app.snapshot().config, &head.headers) {
        return error.response();
    }
    match (head.uri.path().strip_prefix(PREFIX), &head.method) {
        (Some("report"), &Method::GET) => report::serve(&app, head.uri.query().unwrap_or_default()).await,
        (Some("report"), _) => ApiError::wrong_method().response(),
        _ => ApiError::no_such_path().response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn check(header: &'static str, expected: Option<&str>) {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(header))]);
        assert_eq!(bearer(&headers), expected.map(str::as_bytes), "{header}");
    }

    #[test]
    fn the_token_stands_behind_its_scheme() {
        check("Bearer abc", Some("abc"));
        check("bearer  abc ", Some("abc"));
        check("Bearer ", Some(""));
        check("Bearer", None);
        check("Basic abc", None);
        check("Bearerabc", None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
