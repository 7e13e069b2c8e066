//! An answer that is not streamed.

use crate::UpstreamError;
use crate::chunk::{Delta, read_whole};

/// What a whole answer turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// An answer: with content, a tool call, a refusal or at least a finish reason.
    Whole(Delta),
    /// An error object under a status of success.
    Error(UpstreamError),
    /// Not JSON, or an answer that says nothing.
    Nonsense,
}

/// Reads a chat completion.
#[must_use]
pub fn read_answer(body: &[u8]) -> Answer {
    match read_whole(body) {
        None => Answer::Nonsense,
        Some(Err(error)) => Answer::Error(error),
        Some(Ok(delta)) if delta.useful || delta.finished => Answer::Whole(delta),
        Some(Ok(_)) => Answer::Nonsense,
    }
}

/// Reads an answer of another shape (embeddings): any JSON object that is no error object is one.
#[must_use]
pub fn read_other(body: &[u8]) -> Answer {
    match read_answer(body) {
        Answer::Nonsense => match read_whole(body) {
            Some(Ok(delta)) if body.trim_ascii_start().first() == Some(&b'{') => Answer::Whole(delta),
            _ => Answer::Nonsense,
        },
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_something_or_why_it_ended() {
        let whole = |json: &str| matches!(read_answer(json.as_bytes()), Answer::Whole(_));
        assert!(whole(r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#));
        assert!(whole(r#"{"choices":[{"message":{"content":""},"finish_reason":"length"}]}"#));
        assert!(whole(r#"{"choices":[{"message":{"tool_calls":[{"id":"x"}]}}]}"#));
        for nonsense in ["", "<html>", "{}", r#"{"choices":[]}"#, r#"{"choices":[{"message":{"content":null}}]}"#] {
            assert_eq!(read_answer(nonsense.as_bytes()), Answer::Nonsense, "{nonsense}");
        }
        assert!(matches!(read_answer(br#"{"error":{"message":"down"}}"#), Answer::Error(_)));
    }
}
