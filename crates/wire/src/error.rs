//! Error objects: ours, and what an upstream's says.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::as_str;

/// OpenAI's error object with all four keys, as a JSON body.
#[must_use]
pub fn error_body(message: &str, kind: &str, param: Option<&str>, code: &str) -> String {
    serde_json::json!({"error": {"message": message, "type": kind, "param": param, "code": code}}).to_string()
}

/// What is read of an upstream's error object. Its text stays in the body, which goes to the client as it came or not
/// at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpstreamError {
    /// The HTTP status it names (`code` or `status` as a number), where it does.
    pub status: Option<u16>,
    /// The conversation is longer than the model's context.
    pub context_length: bool,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Inner<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

/// How providers say that a conversation is too long; compared in lower case.
const TOO_LONG: [&str; 7] = [
    "context_length",
    "context length",
    "maximum context",
    "context window",
    "prompt is too long",
    "too many tokens",
    "input is too long",
];

impl UpstreamError {
    /// Reads an error body; what is not understood counts as nothing said.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(body) else {
            return Self::default();
        };
        let inner: Inner<'_> = envelope.error.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let number = |raw: Option<&RawValue>| -> Option<u16> {
            let text = raw?.get().trim_matches('"');
            text.parse().ok().filter(|status| (400..600).contains(status))
        };
        let says = |raw: Option<&RawValue>| {
            raw.and_then(as_str).is_some_and(|text| {
                let text = text.to_lowercase();
                TOO_LONG.iter().any(|phrase| text.contains(phrase))
            })
        };
        Self {
            status: number(inner.code).or_else(|| number(inner.status)),
            context_length: says(inner.code)
                || says(inner.message)
                || says(envelope.message)
                || (envelope.error.is_some() && says(envelope.error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, status: Option<u16>, context_length: bool) {
        assert_eq!(UpstreamError::read(body.as_bytes()), UpstreamError { status, context_length }, "{body}");
    }

    #[test]
    fn the_dialects_of_error_objects_are_understood() {
        check(r#"{"error":{"message":"x","code":"context_length_exceeded"}}"#, None, true);
        check(r#"{"error":{"message":"This model's maximum context length is 8192 tokens"}}"#, None, true);
        check(r#"{"error":"Prompt is too long"}"#, None, true);
        check(r#"{"error":{"message":"busy","code":529}}"#, Some(529), false);
        check(r#"{"error":{"message":"busy","status":"503"}}"#, Some(503), false);
        check(r#"{"error":{"code":7}}"#, None, false);
        check("<html>", None, false);
        check("null", None, false);
    }

    #[test]
    fn our_own_has_all_four_keys() {
        assert_eq!(
            error_body("no \"x\"", "invalid_request_error", None, "model_not_found"),
            r#"{"error":{"code":"model_not_found","message":"no \"x\"","param":null,"type":"invalid_request_error"}}"#
        );
    }
}
