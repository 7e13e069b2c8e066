//! Anthropic's error object as OpenAI's.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::as_str;

/// What is said of an error whose own words cannot be read.
const UNREADABLE: &str = "the provider answered with an error that could not be read";

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Answer<'a> {
    error: Object<'a>,
}

#[derive(Serialize)]
struct Object<'a> {
    message: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    param: Option<&'static str>,
    code: Option<u16>,
}

/// The body of an answer that is no success, as OpenAI's error object with all four keys.
///
/// `code` is the HTTP status the kind of the error stands for, `null` for an unknown kind. A body that is no such
/// object (a proxy's page) becomes a general one: its text is not for the client.
#[must_use]
pub fn error_answer(body: &[u8]) -> Vec<u8> {
    let raw = serde_json::from_slice::<Envelope<'_>>(body).ok().and_then(|envelope| envelope.error);
    let said = raw.and_then(|raw| serde_json::from_str::<Said<'_>>(raw.get()).ok());
    let text = |value: Option<&'_ RawValue>| value.and_then(as_str).map(Cow::into_owned);
    let message = said.as_ref().and_then(|said| text(said.message)).or_else(|| text(raw));
    let kind = said.as_ref().and_then(|said| text(said.kind));
    let code = kind.as_deref().and_then(status);
    let error = Object {
        message: message.map_or(Cow::Borrowed(UNREADABLE), Cow::Owned),
        kind: kind.map_or(Cow::Borrowed("upstream_error"), Cow::Owned),
        param: None,
        code,
    };
    // Two strings and a number always serialize.
    serde_json::to_vec(&Answer { error }).unwrap_or_default()
}

/// The HTTP status that Anthropic answers an error of this kind with.
fn status(kind: &str) -> Option<u16> {
    Some(match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "api_error" => 500,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UpstreamError;

    fn check(body: &str, expected: &str) {
        assert_eq!(String::from_utf8(error_answer(body.as_bytes())).unwrap(), expected, "{body}");
    }

    #[test]
    fn an_error_keeps_its_words_and_gets_all_four_keys() {
        check(
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Over\"loaded – später"},"request_id":"r"}"#,
            r#"{"error":{"message":"Over\"loaded – später","type":"overloaded_error","param":null,"code":529}}"#,
        );
        check(
            r#"{"type":"error","error":{"type":"brand_new_error","message":"?"}}"#,
            r#"{"error":{"message":"?","type":"brand_new_error","param":null,"code":null}}"#,
        );
        check(
            r#"{"error":"no such model"}"#,
            r#"{"error":{"message":"no such model","type":"upstream_error","param":null,"code":null}}"#,
        );
    }

    #[test]
    fn what_is_no_error_object_does_not_reach_the_client() {
        for body in ["", "<html>internal-host</html>", "null", "[]", r#"{"error":7}"#, r#"{"error":{"message":{}}}"#] {
            let answer = String::from_utf8(error_answer(body.as_bytes())).unwrap();
            assert!(answer.starts_with(&format!(r#"{{"error":{{"message":"{UNREADABLE}","#)), "{body}: {answer}");
        }
    }

    #[test]
    fn the_gateway_reads_the_status_and_the_reason_back() {
        for (kind, expected) in [
            ("invalid_request_error", 400),
            ("authentication_error", 401),
            ("billing_error", 402),
            ("permission_error", 403),
            ("not_found_error", 404),
            ("request_too_large", 413),
            ("rate_limit_error", 429),
            ("api_error", 500),
            ("timeout_error", 504),
            ("overloaded_error", 529),
        ] {
            let body = format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"m"}}}}"#);
            assert_eq!(UpstreamError::read(&error_answer(body.as_bytes())).status, Some(expected), "{kind}");
        }
        let long = r#"{"error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8 maximum"}}"#;
        assert!(UpstreamError::read(&error_answer(long.as_bytes())).context_length);
    }
}
