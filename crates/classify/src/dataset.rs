//! Labelled prompts: JSON Lines of `{"text":…,"label":…}` or `{"messages":[…],"tools":[…],"label":…}`.

use std::borrow::Cow;

use routing::prompt::estimate_tokens;
use routing::{Needs, Prompt, Role, Turn};
use serde::Deserialize;
use serde_json::Value;

/// A labelled conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The turns, oldest first.
    pub turns: Vec<Turn<'static>>,
    /// Tools are offered with it.
    pub tools: bool,
    /// What it is.
    pub label: String,
    /// Where it is from: its `source`, else its `kind`; empty where the row does not say.
    pub source: String,
    /// Its language, ISO 639-1; empty where the row does not say.
    pub lang: String,
}

impl Example {
    /// The conversation as routing sees it.
    #[must_use]
    pub fn prompt(&self) -> Prompt<'_> {
        let borrowed = |turn: &'_ Turn<'static>| -> Turn<'_> { turn.clone() };
        let bytes = self.turns.iter().map(|turn| turn.text.len()).sum();
        Prompt {
            turns: self.turns.iter().map(borrowed).collect(),
            needs: Needs { tools: self.tools, input_tokens: estimate_tokens(bytes), ..Needs::default() },
        }
    }

    /// What the user says last.
    #[must_use]
    pub fn text(&self) -> &str {
        self.turns.iter().rev().find(|turn| turn.role == Role::User).map_or("", |turn| &turn.text)
    }

    /// The whole conversation in lower case without white space and punctuation: what makes two rows the same.
    #[must_use]
    pub fn normalized(&self) -> String {
        let spoken = self.turns.iter().filter(|turn| turn.role != Role::System);
        let letters = |turn: &Turn<'static>| {
            let lower = turn.text.to_lowercase();
            lower.chars().filter(|c| c.is_alphanumeric()).collect::<String>()
        };
        spoken.map(letters).collect::<Vec<_>>().join("|")
    }
}

/// A line that is not a labelled prompt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

#[derive(Deserialize)]
struct Row {
    text: Option<String>,
    messages: Option<Vec<Message>>,
    tools: Option<Vec<serde::de::IgnoredAny>>,
    label: Option<String>,
    source: Option<String>,
    kind: Option<String>,
    lang: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    tool_calls: Value,
}

/// The examples of a file, and the lines that are none. Empty lines are skipped.
#[must_use]
pub fn read_examples(text: &str) -> (Vec<Example>, Vec<BadLine>) {
    let mut examples = Vec::new();
    let mut bad = Vec::new();
    for (position, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match example(line) {
            Ok(example) => examples.push(example),
            Err(message) => bad.push(BadLine { line: position + 1, message }),
        }
    }
    (examples, bad)
}

fn example(line: &str) -> Result<Example, String> {
    let row: Row = serde_json::from_str(line).map_err(|error| format!("not a labelled prompt: {error}"))?;
    let turns = match (row.text, row.messages) {
        (Some(text), None) => vec![Turn { role: Role::User, text: Cow::Owned(text), calls_tools: false }],
        (None, Some(messages)) => messages.iter().map(turn).collect::<Result<_, _>>()?,
        _ => return Err("write either `text` or `messages`".into()),
    };
    let label = row.label.filter(|label| !label.is_empty()).ok_or("it has no `label`")?;
    Ok(Example {
        turns,
        tools: row.tools.is_some_and(|tools| !tools.is_empty()),
        label,
        source: row.source.or(row.kind).unwrap_or_default(),
        lang: row.lang.unwrap_or_default(),
    })
}

fn turn(message: &Message) -> Result<Turn<'static>, String> {
    let role = match message.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        other => return Err(format!("there is no role `{other}`")),
    };
    let text = match &message.content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    Ok(Turn { role, text: Cow::Owned(text), calls_tools: message.tool_calls.is_array() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_conversations_are_read_and_broken_lines_are_told_by_number() {
        let file = concat!(
            r#"{"text":"hi","label":"simple","lang":"en","extra":1}"#,
            "\n\n",
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":null,"tool_calls":[]},{"role":"user","content":"b"}],"tools":[{}],"label":"agent"}"#,
            "\n",
            "{\"text\":\n",
            r#"{"text":"x"}"#,
        );
        let (examples, bad) = read_examples(file);
        assert_eq!(examples.len(), 2);
        assert_eq!(examples[1].text(), "b");
        assert_eq!(examples[1].normalized(), "a||b");
        assert!(examples[1].prompt().needs.tools && examples[1].turns[1].calls_tools);
        assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [4, 5]);
    }
}
