//! What a simulated model answers, and how long it takes: pure, and shared with the simulation that sends nothing.

use std::collections::HashMap;

use routing::{Usage, prompt::estimate_tokens};
use serde_json::{Value, json};

use super::guide::OUTPUT_TOKENS;
use super::workload::Item;

/// Output tokens of a judge: one word.
pub const JUDGE_TOKENS: u64 = 2;
/// The bound by which a judge's question is told from a user's.
const JUDGE_MAX_TOKENS: u64 = 10;
/// What every simulated model says, over and over.
const WORDS: [&str; 12] =
    ["This", " is", " a", " simulated", " answer", ":", " no", " model", " wrote", " it", ".", " "];

/// What is read of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The provider's id of the model.
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) wants_usage: bool,
    pub(super) usage: Usage,
    /// The whole answer of a judge; `None` for a user's question, which gets [`word`]s.
    pub(super) verdict: Option<String>,
}

/// What prompts of the workload were written to be, for the simulated judge: it is always right about them.
pub(super) type Meant = HashMap<String, &'static str>;

/// Everything the simulated judge knows.
pub(super) fn meant(items: &[Item]) -> Meant {
    items.iter().map(|item| (item.text.clone(), item.meant)).collect()
}

/// Reads a request; `None` where it is none.
pub(super) fn read(body: &[u8], meant: &Meant) -> Option<Asked> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let messages = body.get("messages")?.as_array()?;
    let texts: Vec<&str> = messages.iter().filter_map(|message| message.get("content")?.as_str()).collect();
    let max_tokens = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(OUTPUT_TOKENS);
    let judged = max_tokens == JUDGE_MAX_TOKENS;
    let flag = |value: Option<&Value>| value.and_then(Value::as_bool).unwrap_or(false);
    Some(Asked {
        model: body.get("model")?.as_str()?.to_owned(),
        stream: flag(body.get("stream")),
        wants_usage: flag(body.pointer("/stream_options/include_usage")),
        usage: Usage {
            input: input_tokens(texts.iter().copied()),
            output: if judged { JUDGE_TOKENS } else { max_tokens.min(OUTPUT_TOKENS) },
            ..Usage::default()
        },
        verdict: judged.then(|| verdict(texts.last().copied().unwrap_or_default(), meant).to_owned()),
    })
}

/// Tokens of a conversation: four bytes each.
pub fn input_tokens<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    estimate_tokens(texts.map(str::len).sum())
}

fn verdict(question: &str, meant: &Meant) -> &'static str {
    let text = question.rsplit_once("Message: ").map_or(question, |(_, text)| text);
    meant.get(text.trim()).copied().unwrap_or("general")
}

/// The token at a place in an answer.
fn word(position: u64) -> &'static str {
    let position = usize::try_from(position).unwrap_or(0) % WORDS.len();
    WORDS.get(position).copied().unwrap_or(" ")
}

impl Asked {
    /// A whole answer.
    pub(super) fn whole(&self) -> String {
        let content = self.verdict.clone().unwrap_or_else(|| (0..self.usage.output).map(word).collect());
        let message = json!({"role": "assistant", "content": content});
        json!({
            "id": "chatcmpl-simulated", "object": "chat.completion", "created": 0, "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": self.usage(),
        })
        .to_string()
    }

    fn usage(&self) -> Value {
        let Usage { input, output, .. } = self.usage;
        json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
    }

    fn event(&self, delta: &Value, finish_reason: Option<&str>) -> String {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish_reason});
        let event = json!({
            "id": "chatcmpl-simulated", "object": "chat.completion.chunk", "created": 0, "model": self.model,
            "choices": [choice],
        });
        format!("data: {event}\n\n")
    }

    /// The events of the tokens from `from` until `to`; the role comes before the first and the end behind the last.
    pub(super) fn events(&self, from: u64, to: u64) -> String {
        let mut events = String::new();
        if from == 0 {
            events.push_str(&self.event(&json!({"role": "assistant", "content": ""}), None));
        }
        for position in from..to {
            events.push_str(&self.event(&json!({"content": word(position)}), None));
        }
        if to >= self.usage.output {
            events.push_str(&self.event(&json!({}), Some("stop")));
            if self.wants_usage {
                let mut usage =
                    json!({"id": "chatcmpl-simulated", "object": "chat.completion.chunk", "created": 0, "choices": []});
                if let Some(fields) = usage.as_object_mut() {
                    fields.insert("model".into(), self.model.clone().into());
                    fields.insert("usage".into(), self.usage());
                }
                events.push_str(&format!("data: {usage}\n\n"));
            }
            events.push_str("data: [DONE]\n\n");
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::workload;

    #[test]
    fn a_request_of_the_workload_is_read_with_its_tokens() {
        let items = workload::items(20);
        let asked = read(items[0].body("m", "x", 0).as_bytes(), &meant(&items)).unwrap();
        assert_eq!((asked.usage.input, asked.usage.output, asked.stream), (500, 200, true));
        assert_eq!(asked.verdict, None);
        assert_eq!(read(b"{}", &Meant::new()), None);
    }

    #[test]
    fn the_judge_knows_what_prompts_were_written_to_be() {
        let items = workload::items(20);
        let question = |text: &str| {
            json!({"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": format!("Message: {text}")}]})
                .to_string()
        };
        let verdict = |text: &str| read(question(text).as_bytes(), &meant(&items)).unwrap().verdict.unwrap();
        assert_eq!(verdict(&items[3].text), items[3].meant);
        assert_eq!(verdict("something else"), "general");
    }

    #[test]
    fn events_in_any_steps_are_the_same_stream() {
        let body = json!({"model": "m", "stream": true, "max_tokens": 5, "messages": []}).to_string();
        let asked = read(body.as_bytes(), &Meant::new()).unwrap();
        let whole = asked.events(0, 5);
        assert_eq!(format!("{}{}", asked.events(0, 2), asked.events(2, 5)), whole);
        assert!(whole.ends_with("data: [DONE]\n\n") && whole.matches("content").count() == 6, "{whole}");
    }
}
