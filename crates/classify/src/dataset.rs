//! Labelled prompts: JSON Lines of `{"text":…,"label":…}` or `{"messages":[…],"tools":[…],"label":…}`. Rows of
//! `frontdesk sample` have `"tools":true` where any were offered, and also say what the gateway said at the time and how many requests they stand for.

use std::borrow::Cow;

use routing::prompt::estimate_tokens;
use routing::{Needs, Prompt, Role, Turn};
use serde::Deserialize;
use serde_json::Value;

use crate::sample::{Band, Stratum};

/// A labelled conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Example {
    /// The turns, oldest first.
    pub turns: Vec<Turn<'static>>,
    /// Tools are offered with it.
    pub tools: bool,
    /// What it is.
    pub label: String,
    /// What a teacher thinks that it may be, probabilities by label; empty where none was asked.
    pub taught: Vec<(String, f32)>,
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

/// What the gateway said of a request at the time, in a row of `frontdesk sample`.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// The category.
    pub said: String,
    /// How sure it was; `None`: no classifier was asked.
    pub confidence: Option<f32>,
    /// How many requests the row stands for; above 0.
    pub weight: f64,
    /// How long the decision took, microseconds; 0 where the row does not say.
    pub decision_us: f64,
}

impl Logged {
    /// The division of the traffic it was drawn from.
    #[must_use]
    pub fn stratum(&self) -> Stratum {
        Stratum { category: self.said.clone(), band: Band::of(self.confidence) }
    }
}

/// What a file of prompts holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The labelled prompts.
    pub examples: Vec<Example>,
    /// What the gateway said of each of them, in their order, where the row is one of `frontdesk sample`.
    pub logged: Vec<Option<Logged>>,
    /// The rows of `frontdesk sample` that have no label yet.
    pub unlabelled: Vec<Logged>,
    /// The lines that are none of these.
    pub bad: Vec<BadLine>,
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
    tools: Option<Tools>,
    label: Option<String>,
    source: Option<String>,
    kind: Option<String>,
    lang: Option<String>,
    #[serde(default)]
    probabilities: Value,
    // Of `frontdesk sample`; other files may mean other things by these names.
    #[serde(default)]
    said: Value,
    #[serde(default)]
    confidence: Value,
    #[serde(default)]
    weight: Value,
    #[serde(default)]
    decided_by: Value,
    #[serde(default)]
    decision_us: Value,
}

/// The tools that are offered, or only whether any are.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tools {
    These(Vec<serde::de::IgnoredAny>),
    Some(bool),
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    tool_calls: Value,
}

/// The examples of a file, and the lines that are none. Empty lines and rows that wait for their label are skipped.
#[must_use]
pub fn read_examples(text: &str) -> (Vec<Example>, Vec<BadLine>) {
    let rows = read_rows(text);
    (rows.examples, rows.bad)
}

/// Everything a file holds. Empty lines are skipped.
#[must_use]
pub fn read_rows(text: &str) -> Rows {
    let mut rows = Rows::default();
    for (position, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match read_row(line) {
            Ok((Some(example), logged)) => {
                rows.examples.push(example);
                rows.logged.push(logged);
            }
            Ok((None, Some(logged))) => rows.unlabelled.push(logged),
            Ok((None, None)) => rows.bad.push(BadLine { line: position + 1, message: "it has no `label`".into() }),
            Err(message) => rows.bad.push(BadLine { line: position + 1, message }),
        }
    }
    rows
}

/// The conversation of a row, with or without a label, and whether tools are offered with it.
///
/// # Errors
/// Why the row has none.
pub fn conversation(line: &str) -> Result<(Vec<Turn<'static>>, bool), String> {
    let row = parse(line)?;
    Ok((turns(&row)?, row.offers_tools()))
}

fn read_row(line: &str) -> Result<(Option<Example>, Option<Logged>), String> {
    let row = parse(line)?;
    let (turns, tools, logged) = (turns(&row)?, row.offers_tools(), row.logged()?);
    let decided_by = row.decided_by.as_str().filter(|_| logged.is_some()).map(ToOwned::to_owned);
    let source = row.source.or(row.kind).or(decided_by).unwrap_or_default();
    let label = row.label.filter(|label| !label.is_empty());
    let taught = taught(&row.probabilities);
    let lang = row.lang.unwrap_or_default();
    let example = label.map(|label| Example { turns, tools, label, taught, source, lang });
    Ok((example, logged))
}

/// A teacher's probabilities; what is no object of numbers between 0 and 1 is another program's.
fn taught(probabilities: &Value) -> Vec<(String, f32)> {
    let one = |(label, value): (&String, &Value)| {
        let value = value.as_f64().filter(|value| (0.0..=1.0).contains(value))?;
        #[expect(clippy::cast_possible_truncation, reason = "probabilities are of single precision")]
        Some((label.clone(), value as f32))
    };
    probabilities.as_object().and_then(|all| all.iter().map(one).collect()).unwrap_or_default()
}

fn parse(line: &str) -> Result<Row, String> {
    serde_json::from_str(line).map_err(|error| format!("not a labelled prompt: {error}"))
}

fn turns(row: &Row) -> Result<Vec<Turn<'static>>, String> {
    match (&row.text, &row.messages) {
        (Some(text), None) => Ok(vec![Turn { role: Role::User, text: Cow::Owned(text.clone()), calls_tools: false }]),
        (None, Some(messages)) => messages.iter().map(turn).collect(),
        _ => Err("write either `text` or `messages`".into()),
    }
}

impl Row {
    fn offers_tools(&self) -> bool {
        self.tools.as_ref().is_some_and(|tools| match tools {
            Tools::These(tools) => !tools.is_empty(),
            Tools::Some(some) => *some,
        })
    }

    /// What the gateway said, in a row that has both `said` and a `weight`.
    fn logged(&self) -> Result<Option<Logged>, String> {
        let (Some(said), Some(weight)) = (self.said.as_str(), self.weight.as_f64()) else { return Ok(None) };
        if weight <= 0.0 {
            return Err("its `weight` is the number of requests it stands for, above 0".into());
        }
        #[expect(clippy::cast_possible_truncation, reason = "confidences are of single precision")]
        let confidence = self.confidence.as_f64().map(|confidence| confidence as f32);
        let decision_us = self.decision_us.as_f64().unwrap_or(0.0);
        Ok(Some(Logged { said: said.to_owned(), confidence, weight, decision_us }))
    }
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

    #[test]
    fn tools_are_offered_by_name_or_by_saying_so() {
        let offered = |tools: &str| conversation(&format!(r#"{{"text":"x"{tools}}}"#)).map(|(_, tools)| tools);
        for (tools, expected) in [
            ("", false),
            (r#","tools":null"#, false),
            (r#","tools":[]"#, false),
            (r#","tools":[{}]"#, true),
            (r#","tools":false"#, false),
            (r#","tools":true"#, true),
        ] {
            assert_eq!(offered(tools), Ok(expected), "{tools}");
        }
        assert!(offered(r#","tools":"yes""#).is_err());
    }

    #[test]
    fn rows_of_a_sample_say_what_was_said_and_may_wait_for_their_label() {
        let row = |end: &str| format!(r#"{{"messages":[{{"role":"user","content":"b"}}],"said":"code",{end}}}"#);
        let file = [
            row(r#""confidence":0.81,"decision_us":31,"decided_by":"embedded","weight":2.5,"label":"agent""#),
            row(r#""confidence":null,"weight":4,"label":null"#),
            row(r#""weight":0,"label":null"#),
            row(r#""weight":"heavy","label":"code""#),
            row(r#""label":null"#),
        ];
        let rows = read_rows(&file.join("\n"));
        let logged = |confidence, weight, decision_us| Logged { said: "code".into(), confidence, weight, decision_us };
        assert_eq!(rows.logged, [Some(logged(Some(0.81), 2.5, 31.0)), None]);
        assert_eq!(rows.unlabelled, [logged(None, 4.0, 0.0)]);
        assert_eq!((rows.examples[0].label.as_str(), rows.examples[0].source.as_str()), ("agent", "embedded"));
        assert_eq!(rows.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(read_examples(&file.join("\n")).0.len(), 2);
    }
}
