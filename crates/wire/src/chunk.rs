//! One event of a chat stream: what the gateway reads of it in passing.

use routing::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::as_str;
use crate::{UpstreamError, WireUsage};

/// What an event carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Chunk {
    /// `[DONE]`.
    Done,
    /// A piece of the answer.
    Delta(Delta),
    /// An error object instead of a piece.
    Error(UpstreamError),
    /// A comment, a `ping`, an event without data.
    Nothing,
    /// Data that is not JSON of a known shape.
    Malformed,
}

/// What is read of a piece of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// It has content, reasoning, a refusal or a tool call: what a client waits for.
    pub useful: bool,
    /// It says that the answer is complete.
    pub finished: bool,
    /// The tokens, where it reports them.
    pub usage: Option<Usage>,
    /// It has no choice at all: the event that `include_usage` adds.
    pub only_usage: bool,
    /// How many bytes of text it carries, for estimates.
    pub text_bytes: usize,
    /// It has parts of a tool call, so it is not text alone.
    pub calls_tools: bool,
}

/// Reads the events of one stream, one after the other.
///
/// Most events of a stream are the one before with another piece of text in it. Where an event has the same bytes before
/// and behind its text, and the text needs no unescaping, it is the same JSON but for that text, and is not parsed again.
#[derive(Debug, Default)]
pub struct Reader {
    before: Vec<u8>,
    behind: Vec<u8>,
}

impl Reader {
    /// Reads the data of an event, as [`Chunk::read`] does.
    #[must_use]
    pub fn read(&mut self, data: Option<&[u8]>) -> Chunk {
        let Some(data) = data.map(<[u8]>::trim_ascii).filter(|data| !data.is_empty()) else {
            return Chunk::Nothing;
        };
        if let Some(text) = self.text_in(data) {
            return Chunk::Delta(Delta { useful: true, text_bytes: text.len() + 2, ..Delta::default() });
        }
        let chunk = Chunk::read(Some(data));
        if let Chunk::Delta(Delta { useful: true, finished: false, usage: None, calls_tools: false, .. }) = chunk {
            self.learn(data);
        }
        chunk
    }

    /// The text of an event that is like the one that was learned.
    fn text_in<'a>(&self, data: &'a [u8]) -> Option<&'a str> {
        if self.before.is_empty() {
            return None;
        }
        let text = data.strip_prefix(&*self.before)?.strip_suffix(&*self.behind)?;
        let plain = !text.is_empty() && text.iter().all(|byte| *byte >= 0x20 && !matches!(byte, b'"' | b'\\'));
        if plain { std::str::from_utf8(text).ok() } else { None }
    }

    /// Remembers what stands around the text of an event whose only choice has only a text.
    fn learn(&mut self, data: &[u8]) {
        self.before.clear();
        let Ok(wire) = serde_json::from_slice::<Wire<'_>>(data) else {
            return;
        };
        let [choice] = wire.choices.as_deref().unwrap_or_default() else {
            return;
        };
        let text = choice.delta.as_ref().and_then(|piece| piece.content).map_or("", RawValue::get);
        // A text of its own, so that no other field counts for what this one says.
        if text.len() <= 2 || !text.starts_with('"') || choice.weight() != text.len() {
            return;
        }
        let begin = (text.as_ptr() as usize).saturating_sub(data.as_ptr() as usize) + 1;
        let end = begin + text.len() - 2;
        if let (Some(before), Some(behind)) = (data.get(..begin), data.get(end..)) {
            self.before.extend_from_slice(before);
            self.behind.clear();
            self.behind.extend_from_slice(behind);
        }
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, alias = "message")]
    delta: Option<Piece<'a>>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow)]
    function_call: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
}

/// The bytes of a value that says something; zero for `null`, `""`, `[]` and nothing at all.
fn weight(raw: Option<&RawValue>) -> usize {
    raw.map(RawValue::get).filter(|raw| !matches!(*raw, "null" | "\"\"" | "[]" | "{}")).map_or(0, str::len)
}

impl Chunk {
    /// Reads the data of an event.
    #[must_use]
    pub fn read(data: Option<&[u8]>) -> Self {
        let Some(data) = data.map(<[u8]>::trim_ascii).filter(|data| !data.is_empty()) else {
            return Self::Nothing;
        };
        if data == b"[DONE]" {
            return Self::Done;
        }
        let Ok(wire) = serde_json::from_slice::<Wire<'_>>(data) else {
            return Self::Malformed;
        };
        if weight(wire.error) > 0 {
            return Self::Error(UpstreamError::read(data));
        }
        Self::Delta(wire.delta())
    }
}

/// The text that the first choice of an event or a whole answer says; `None`: it says none.
#[must_use]
pub fn text_of(data: &[u8]) -> Option<String> {
    let wire: Wire<'_> = serde_json::from_slice(data).ok()?;
    let choice = wire.choices.as_ref()?.first()?;
    let said = choice.delta.as_ref().and_then(|piece| piece.content).or(choice.text)?;
    as_str(said).map(std::borrow::Cow::into_owned).filter(|text| !text.is_empty())
}

/// Reads a whole answer that is not streamed; `None`: not JSON of a known shape.
pub(crate) fn read_whole(body: &[u8]) -> Option<Result<Delta, UpstreamError>> {
    let wire: Wire<'_> = serde_json::from_slice(body).ok()?;
    Some(if weight(wire.error) > 0 { Err(UpstreamError::read(body)) } else { Ok(wire.delta()) })
}

impl Wire<'_> {
    fn delta(&self) -> Delta {
        let choices = self.choices.as_deref().unwrap_or_default();
        let text_bytes = choices.iter().map(Choice::weight).sum();
        Delta {
            useful: text_bytes > 0,
            finished: choices.iter().any(|choice| weight(choice.finish_reason) > 0),
            usage: self.usage.as_ref().and_then(WireUsage::read),
            only_usage: choices.is_empty() && self.usage.is_some(),
            text_bytes,
            calls_tools: choices
                .iter()
                .filter_map(|choice| choice.delta.as_ref())
                .any(|piece| weight(piece.tool_calls) + weight(piece.function_call) > 0),
        }
    }
}

impl Choice<'_> {
    fn weight(&self) -> usize {
        let piece = self.delta.as_ref().map_or(0, |piece| {
            let said = [piece.content, piece.reasoning_content, piece.reasoning, piece.refusal];
            let done = [piece.tool_calls, piece.function_call, piece.audio];
            said.into_iter().chain(done).map(weight).sum()
        });
        piece + weight(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(json: &str) -> Delta {
        match Chunk::read(Some(json.as_bytes())) {
            Chunk::Delta(delta) => delta,
            other => panic!("{json} was read as {other:?}"),
        }
    }

    #[test]
    fn content_reasoning_refusal_and_tool_calls_are_useful_and_a_role_is_not() {
        for useful in [
            r#"{"choices":[{"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"delta":{"content":"","reasoning_content":"hm"}}]}"#,
            r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#,
            r#"{"choices":[{"delta":{"refusal":"no"}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#,
            r#"{"choices":[{"text":"old completions"}]}"#,
        ] {
            assert!(delta(useful).useful, "{useful}");
        }
        for idle in [
            r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[{"delta":{"content":null,"tool_calls":[]},"finish_reason":null}]}"#,
            r#"{"choices":[]}"#,
        ] {
            assert!(!delta(idle).useful, "{idle}");
            assert!(!delta(idle).finished, "{idle}");
        }
    }

    #[test]
    fn the_end_and_the_usage_are_seen() {
        let end = delta(r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}"#);
        assert!(end.finished && !end.only_usage && end.usage.is_none());
        let usage = delta(
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}}"#,
        );
        assert!(usage.only_usage);
        assert_eq!(usage.usage, Some(Usage { input: 9, cached: 3, output: 4, reasoning: 2 }));
    }

    #[test]
    fn a_reader_reads_as_if_each_event_were_alone() {
        let event = |text: &str| format!(r#"{{"id":"x","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#);
        let others = [
            r#"{"id":"x","choices":[{"index":0,"delta":{"content":"a"}}]}"#.to_owned(),
            r#"{"id":"x","choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}"#.to_owned(),
            r#"{"id":"x","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#.to_owned(),
            r#"{"id":"x","choices":[{"index":0,"delta":{"content":"a","tool_calls":[{}]}}]}"#.to_owned(),
            r#"{"id":"x","choices":[{"index":0,"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#.to_owned(),
            "[DONE]".to_owned(),
            "{oops".to_owned(),
        ];
        let texts = ["a", " token", "", r"\n", r#"\""#, r#"","refusal":"no"#, "é", "a\tb", "x"];
        let mut all: Vec<String> = Vec::new();
        for text in texts {
            all.push(event(text));
            all.extend(others.clone());
        }
        let mut reader = Reader::default();
        for data in all.iter().chain(all.iter().rev()) {
            assert_eq!(reader.read(Some(data.as_bytes())), Chunk::read(Some(data.as_bytes())), "{data}");
        }
        let broken = [event("a").into_bytes(), [&event("").as_bytes()[..54], &[0xff], b"\"}}]}"].concat()];
        for data in &broken {
            assert_eq!(reader.read(Some(data)), Chunk::read(Some(data)), "{data:?}");
        }
    }

    #[test]
    fn what_is_no_piece_is_told_apart() {
        assert_eq!(Chunk::read(None), Chunk::Nothing);
        assert_eq!(Chunk::read(Some(b" [DONE] ")), Chunk::Done);
        assert_eq!(Chunk::read(Some(b"{oops")), Chunk::Malformed);
        assert_eq!(Chunk::read(Some(br#"{"choices":7}"#)), Chunk::Malformed);
        assert!(
            matches!(Chunk::read(Some(br#"{"error":{"message":"x","code":429}}"#)), Chunk::Error(error) if error.status == Some(429))
        );
    }
}
