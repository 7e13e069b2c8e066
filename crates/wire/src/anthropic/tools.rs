//! The tools a model may call, and whether it may or must.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::request::Fields;
use crate::Invalid;
use crate::json::as_str;

/// `tools` and `tool_choice`.
#[derive(Debug, Default)]
pub(super) struct Toolbox<'a> {
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) choice: Option<Choice<'a>>,
}

/// A tool.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Tool<'a> {
    /// A function of the client's.
    Function {
        name: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a RawValue>,
        input_schema: Schema<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    /// A tool that OpenAI does not have, as it came: it may be one that Anthropic runs itself.
    AsItCame(&'a RawValue),
}

/// The JSON schema of a tool's arguments, which Anthropic requires, and with a type.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Schema<'a> {
    AsItCame(&'a RawValue),
    Typed(Box<RawValue>),
    /// Any object.
    Any {
        #[serde(rename = "type")]
        kind: &'static str,
    },
}

/// Whether the model may or must call a tool.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Choice<'a> {
    Auto {
        #[serde(skip_serializing_if = "is_false")]
        disable_parallel_tool_use: bool,
    },
    Any {
        #[serde(skip_serializing_if = "is_false")]
        disable_parallel_tool_use: bool,
    },
    Tool {
        name: Cow<'a, str>,
        #[serde(skip_serializing_if = "is_false")]
        disable_parallel_tool_use: bool,
    },
    None,
    /// A choice that OpenAI does not have, as it came.
    #[serde(untagged)]
    AsItCame(&'a RawValue),
}

#[derive(Deserialize)]
struct Offered<'a> {
    #[serde(borrow)]
    function: Option<Function<'a>>,
    #[serde(borrow)]
    custom: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    description: Option<&'a RawValue>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

/// `tool_choice` as an object; an allowed tool looks the same.
#[derive(Deserialize)]
struct Chosen<'a> {
    #[serde(borrow)]
    function: Option<Named<'a>>,
    #[serde(borrow)]
    custom: Option<&'a RawValue>,
    #[serde(borrow)]
    allowed_tools: Option<Allowed<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Allowed<'a> {
    #[serde(borrow)]
    mode: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tools: Vec<Chosen<'a>>,
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
}

impl<'a> Toolbox<'a> {
    /// Takes what is said of tools out of the fields. `called` are the tools that were called before.
    ///
    /// # Errors
    /// When a field does not have the shape of OpenAI's.
    pub(super) fn take(fields: &mut Fields<'a>, called: Vec<Cow<'a, str>>) -> Result<Self, Invalid> {
        let alone = fields.remove("parallel_tool_calls").is_some_and(|raw| raw.get() == "false");
        let mut toolbox = Self::default();
        for raw in list(fields.remove("tools"), "tools")? {
            toolbox.tools.extend(tool(raw)?);
        }
        // The same in the words used before there were tools.
        for raw in list(fields.remove("functions"), "functions")? {
            let function = serde_json::from_str(raw.get()).map_err(|_| wrong("functions", "an array of functions"))?;
            toolbox.tools.push(function_tool(function, None));
        }
        let before = fields.remove("function_call");
        match (fields.remove("tool_choice"), before) {
            (Some(raw), _) => toolbox.choose(raw)?,
            (None, Some(raw)) => toolbox.choice = Some(function_choice(raw)?),
            (None, None) => {}
        }
        if toolbox.tools.is_empty() {
            return Ok(Self::for_history(called));
        }
        if alone {
            toolbox.one_at_a_time();
        }
        Ok(toolbox)
    }

    /// A conversation in which tools were called must come with tools, though none may be called any more.
    fn for_history(called: Vec<Cow<'a, str>>) -> Self {
        let choice = (!called.is_empty()).then_some(Choice::None);
        let any = || Schema::Any { kind: "object" };
        let tool = |name| Tool::Function { name, description: None, input_schema: any(), cache_control: None };
        Self { tools: called.into_iter().map(tool).collect(), choice }
    }

    /// Reads the choice; what it does not allow is not offered.
    fn choose(&mut self, raw: &'a RawValue) -> Result<(), Invalid> {
        if let Some(word) = as_str(raw) {
            self.choice = Some(mode(&word)?);
            return Ok(());
        }
        let chosen: Chosen<'a> = serde_json::from_str(raw.get()).map_err(|_| unknown_choice())?;
        self.choice = match (chosen.function, chosen.allowed_tools) {
            (Some(Named { name }), _) => Some(Choice::Tool { name, disable_parallel_tool_use: false }),
            (None, Some(allowed)) => {
                let names: Vec<_> =
                    allowed.tools.iter().filter_map(|tool| Some(&tool.function.as_ref()?.name)).collect();
                self.tools.retain(|tool| matches!(tool, Tool::Function { name, .. } if names.contains(&name)));
                Some(mode(allowed.mode.as_deref().unwrap_or("auto"))?)
            }
            // Tools with free text for arguments are not offered, so none can be chosen.
            (None, None) if chosen.custom.is_some() => None,
            (None, None) => Some(Choice::AsItCame(raw)),
        };
        Ok(())
    }

    fn one_at_a_time(&mut self) {
        match self.choice.get_or_insert(Choice::Auto { disable_parallel_tool_use: true }) {
            Choice::Auto { disable_parallel_tool_use }
            | Choice::Any { disable_parallel_tool_use }
            | Choice::Tool { disable_parallel_tool_use, .. } => *disable_parallel_tool_use = true,
            Choice::None | Choice::AsItCame(_) => {}
        }
    }

    /// Whether the model must call a tool, which Anthropic does not combine with thinking.
    pub(super) fn must_call(&self) -> bool {
        !matches!(self.choice, None | Some(Choice::None | Choice::Auto { .. }))
    }
}

/// A tool of OpenAI's; `Ok(None)`: one whose arguments are free text, for which there is no place.
fn tool(raw: &RawValue) -> Result<Option<Tool<'_>>, Invalid> {
    let offered: Offered<'_> = serde_json::from_str(raw.get()).map_err(|_| wrong("tools", "an array of tools"))?;
    Ok(match offered.function {
        Some(function) => Some(function_tool(function, offered.cache_control)),
        None if offered.custom.is_some() => None,
        None => Some(Tool::AsItCame(raw)),
    })
}

fn function_tool<'a>(function: Function<'a>, cache_control: Option<&'a RawValue>) -> Tool<'a> {
    Tool::Function {
        name: function.name,
        description: function.description,
        input_schema: schema(function.parameters),
        cache_control: cache_control.or(function.cache_control),
    }
}

fn schema(parameters: Option<&RawValue>) -> Schema<'_> {
    let any = Schema::Any { kind: "object" };
    let Some(raw) = parameters else {
        return any;
    };
    match serde_json::from_str::<Typed<'_>>(raw.get()) {
        Ok(Typed { kind: None }) => {
            let rest = raw.get().trim_start_matches('{').trim_start();
            let comma = if rest.starts_with('}') { "" } else { "," };
            let typed = RawValue::from_string(format!("{{\"type\":\"object\"{comma}{rest}"));
            typed.map_or(any, Schema::Typed)
        }
        // With a type, or no object at all: Anthropic says what is wrong with it.
        _ => Schema::AsItCame(raw),
    }
}

/// A choice by a word.
fn mode<'a>(word: &str) -> Result<Choice<'a>, Invalid> {
    match word {
        "auto" => Ok(Choice::Auto { disable_parallel_tool_use: false }),
        "required" | "any" => Ok(Choice::Any { disable_parallel_tool_use: false }),
        "none" => Ok(Choice::None),
        _ => Err(unknown_choice()),
    }
}

/// `function_call`: a word or the name of a function.
fn function_choice(raw: &RawValue) -> Result<Choice<'_>, Invalid> {
    match as_str(raw) {
        Some(word) => mode(&word),
        None => serde_json::from_str::<Named<'_>>(raw.get())
            .map(|Named { name }| Choice::Tool { name, disable_parallel_tool_use: false })
            .map_err(|_| wrong("function_call", "auto, none or an object with a name")),
    }
}

fn unknown_choice() -> Invalid {
    wrong("tool_choice", "auto, none, required or an object that names a function")
}

fn list<'a>(raw: Option<&'a RawValue>, name: &'static str) -> Result<Vec<&'a RawValue>, Invalid> {
    raw.map_or(Ok(Vec::new()), |raw| serde_json::from_str(raw.get()).map_err(|_| wrong(name, "an array")))
}

fn wrong(name: &'static str, expected: &str) -> Invalid {
    Invalid { message: format!("`{name}` must be {expected}"), param: Some(name) }
}

/// By reference, as serde asks.
fn is_false(value: &bool) -> bool {
    !value
}
