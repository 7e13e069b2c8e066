//! The request that goes upstream: the client's bytes with a few values replaced, in pieces that need no copying.

use std::ops::Range;

use bytes::Bytes;

use crate::ChatRequest;

/// A body in pieces, in order; most of them are views of the client's own bytes.
pub type Pieces = Vec<Bytes>;

/// A value to put in the place of another, or to insert where the range is empty.
struct Edit {
    at: Range<usize>,
    with: String,
}

/// What is changed on the way upstream.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a> {
    /// The provider's id of the model.
    pub model: &'a str,
    /// Ask for a last event with the usage, which accounting needs.
    pub include_usage: bool,
    /// The beginning of the answer, for a model that goes on from it: a last message of the assistant.
    pub prefill: Option<&'a str>,
}

/// The body for the upstream. `body` must be what `request` was read from.
#[must_use]
pub fn splice(body: &Bytes, request: &ChatRequest<'_>, changes: &Changes<'_>) -> Pieces {
    let mut edits = Vec::with_capacity(4);
    let model = quoted(changes.model);
    let mut inserted = String::new();
    match &request.model_at {
        Some(at) => edits.push(Edit { at: at.clone(), with: model }),
        None => inserted.push_str(&format!("\"model\":{model},")),
    }
    if let Some(at) = &request.models_at {
        // Some providers do their own fallback by this field; ours has been done here.
        edits.push(Edit { at: at.clone(), with: "null".into() });
    }
    if changes.include_usage && request.stream && !request.wants_usage {
        match &request.stream_options_at {
            Some(at) => edits.push(Edit { at: at.clone(), with: with_usage(body.get(at.clone())) }),
            None => inserted.push_str("\"stream_options\":{\"include_usage\":true},"),
        }
    }
    if let (Some(begun), Some(messages)) = (changes.prefill, &request.messages_at) {
        let bracket = messages.end.saturating_sub(1);
        let message = format!(",{{\"role\":\"assistant\",\"content\":{}}}", quoted(begun));
        edits.push(Edit { at: bracket..bracket, with: message });
    }
    if !inserted.is_empty() {
        // A request always has a field, so what is inserted behind the brace ends in a comma.
        let brace = memchr::memchr(b'{', body).map_or(0, |at| at + 1);
        edits.push(Edit { at: brace..brace, with: inserted });
    }
    edits.sort_by_key(|edit| edit.at.start);
    apply(body, edits)
}

fn apply(body: &Bytes, edits: Vec<Edit>) -> Pieces {
    let mut pieces = Vec::with_capacity(edits.len() * 2 + 1);
    let mut done = 0;
    for edit in edits {
        if edit.at.start < done || edit.at.end > body.len() {
            continue;
        }
        pieces.push(body.slice(done..edit.at.start));
        pieces.push(Bytes::from(edit.with));
        done = edit.at.end;
    }
    pieces.push(body.slice(done..));
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The caller's `stream_options` with the usage asked for; its other members stay.
fn with_usage(options: Option<&[u8]>) -> String {
    let parsed = options.and_then(|raw| serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(raw).ok());
    let mut options = parsed.unwrap_or_default();
    options.insert("include_usage".into(), true.into());
    serde_json::Value::Object(options).to_string()
}

/// A string as JSON.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, include_usage: bool, expected: &str) {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let request = ChatRequest::read(&bytes).unwrap();
        let pieces = splice(&bytes, &request, &Changes { model: "x/\"y", include_usage, prefill: None });
        assert_eq!(String::from_utf8(pieces.concat()).unwrap(), expected);
    }

    #[test]
    fn only_the_model_changes_and_every_other_byte_stays() {
        check(
            "{ \"odd\" : [1, 2.50,\t{}], \"model\":  \"auto\" ,\"messages\":[] , \"x\":\"\\u00e9\"}\n",
            false,
            "{ \"odd\" : [1, 2.50,\t{}], \"model\":  \"x/\\\"y\" ,\"messages\":[] , \"x\":\"\\u00e9\"}\n",
        );
    }

    #[test]
    fn usage_is_asked_for_in_streams_only() {
        check(r#"{"model":"a","stream":false}"#, true, r#"{"model":"x/\"y","stream":false}"#);
        check(
            r#" {"model":"a","stream":true}"#,
            true,
            r#" {"stream_options":{"include_usage":true},"model":"x/\"y","stream":true}"#,
        );
        check(
            r#"{"stream_options":{"a":1},"model":"a","stream":true}"#,
            true,
            r#"{"stream_options":{"a":1,"include_usage":true},"model":"x/\"y","stream":true}"#,
        );
        check(
            r#"{"stream_options":{"include_usage":true},"model":"a","stream":true}"#,
            true,
            r#"{"stream_options":{"include_usage":true},"model":"x/\"y","stream":true}"#,
        );
    }

    #[test]
    fn a_list_of_models_becomes_one_model() {
        check(r#"{"models":["a","b"],"n":1}"#, false, r#"{"model":"x/\"y","models":null,"n":1}"#);
    }
}
