//! What a scripted upstream does with a call: bytes, and what becomes of the connection.

use std::time::Duration;

use serde_json::{Value, json};

/// What the server does with a call.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// What is sent at once.
    pub(crate) bytes: Vec<u8>,
    /// What follows.
    pub(crate) then: Then,
}

/// What becomes of a connection.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    /// It takes the next call.
    Keep,
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
    /// Nothing is said any more.
    Silence,
    /// These bytes are sent again and again, with a pause between.
    Repeat(Vec<u8>, Duration),
    /// These bytes are sent when the test lets go; then it takes the next call.
    Held(Vec<u8>),
}

impl Reply {
    /// A whole answer; further headers end in CRLF each.
    pub(crate) fn whole(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
        );
        Self { bytes: [head.as_bytes(), body].concat(), then: Then::Keep }
    }

    /// A whole answer under 200.
    pub(crate) fn json(body: &str) -> Self {
        Self::whole(200, "", body)
    }

    /// A chat completion of this text, of 10 input and 5 output tokens.
    pub(crate) fn answer(text: &str) -> Self {
        Self::json(&completion(text))
    }

    /// An error object under a status.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::whole(status, "", json!({"error": {"message": message}}).to_string())
    }

    /// An event stream of these events, closed properly.
    pub(crate) fn stream(events: impl IntoIterator<Item = String>) -> Self {
        let mut bytes = begun(events);
        bytes.extend_from_slice(b"0\r\n\r\n");
        Self { bytes, then: Then::Keep }
    }

    /// An event stream of these events; then the connection breaks.
    pub(crate) fn cut(events: impl IntoIterator<Item = String>) -> Self {
        Self { bytes: begun(events), then: Then::Close }
    }

    /// An event stream of these events; then silence.
    pub(crate) fn hang(events: impl IntoIterator<Item = String>) -> Self {
        Self { bytes: begun(events), then: Then::Silence }
    }

    /// An event stream of these events; then one of them again and again.
    pub(crate) fn drip(events: impl IntoIterator<Item = String>, again: &str, pause: Duration) -> Self {
        Self { bytes: begun(events), then: Then::Repeat(chunk(framed(again)), pause) }
    }

    /// An event stream that is held after the first events until the test lets go.
    pub(crate) fn held(before: impl IntoIterator<Item = String>, after: impl IntoIterator<Item = String>) -> Self {
        let mut rest: Vec<u8> = after.into_iter().flat_map(|event| chunk(framed(&event))).collect();
        rest.extend_from_slice(b"0\r\n\r\n");
        Self { bytes: begun(before), then: Then::Held(rest) }
    }

    /// An answer that comes when the test lets go.
    pub(crate) fn later(reply: Self) -> Self {
        Self { bytes: Vec::new(), then: Then::Held(reply.bytes) }
    }

    /// The connection is closed before any answer.
    pub(crate) fn close() -> Self {
        Self { bytes: Vec::new(), then: Then::Close }
    }

    /// The connection is reset before any answer.
    pub(crate) fn reset() -> Self {
        Self { bytes: Vec::new(), then: Then::Reset }
    }

    /// The call is taken and never answered.
    pub(crate) fn silent() -> Self {
        Self { bytes: Vec::new(), then: Then::Silence }
    }
}

/// The body of a chat completion of this text, of 10 input and 5 output tokens.
pub(crate) fn completion(text: &str) -> String {
    let choice = json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"});
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5});
    json!({"id": "x", "model": "vendor", "choices": [choice], "usage": usage}).to_string()
}

/// The events of a whole stream of this text, of 10 input and 5 output tokens.
pub(crate) fn streamed(text: &str) -> Vec<String> {
    vec![role(), self::text(text), finish(), usage(), "[DONE]".into()]
}

/// Events as they stand in a stream.
pub(crate) fn relayed(events: &[String]) -> String {
    events.iter().map(|event| framed(event)).collect()
}

/// The event of a role and nothing else.
pub(crate) fn role() -> String {
    delta(&json!({"role": "assistant", "content": ""}))
}

/// The event of a piece of text.
pub(crate) fn text(text: &str) -> String {
    delta(&json!({"content": text}))
}

/// The event of any piece.
pub(crate) fn delta(delta: &Value) -> String {
    json!({"choices": [{"index": 0, "delta": delta}]}).to_string()
}

/// The event that ends an answer.
pub(crate) fn finish() -> String {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).to_string()
}

/// The event of the usage: 10 input and 5 output tokens.
pub(crate) fn usage() -> String {
    json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}).to_string()
}

/// The head of a stream and its first events.
fn begun(events: impl IntoIterator<Item = String>) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend(events.into_iter().flat_map(|event| chunk(framed(&event))));
    bytes
}

/// Data as an event; comments and events with a name stand as they are.
fn framed(event: &str) -> String {
    let as_it_is = event.starts_with(':') || event.starts_with("event:");
    if as_it_is { format!("{event}\n\n") } else { format!("data: {event}\n\n") }
}

/// Bytes as a piece of a chunked body.
pub(crate) fn chunk(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
