//! Workloads of prompts: the guide's, and files of JSON Lines.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context;
use classify::dataset::conversation;
use indicatif::ProgressBar;
use proof::simulation::{Item, Route};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use routing::prompt::estimate_tokens;
use routing::{Needs, Prompt, Usage};
use serde::Deserialize;
use serde_json::Value;

use super::find::Finder;
use super::play::{Play, Request};
use crate::demo::guide::OUTPUT_TOKENS;
use crate::demo::workload;

/// Lines that are read and classified at once.
const CHUNK: usize = 4_096;
/// Broken lines that are told one by one.
const TOLD: usize = 20;

/// What a file held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Prompts.
    pub(super) requests: u64,
    /// Of them, those that do not say how long their answer is.
    pub(super) without_output: u64,
    /// What is taken for those.
    pub(super) output_tokens: u64,
    /// Lines that were told and left out.
    pub(super) broken: usize,
}

/// The guide's workload. Its prompts come again and again: each is classified once.
pub(super) fn guide(play: &mut Play<'_>, requests: usize, bar: &ProgressBar) -> anyhow::Result<()> {
    let items = workload::items(requests);
    bar.set_length(items.len() as u64);
    let different: HashMap<&str, &workload::Item> = items.iter().map(|item| (&*item.text, item)).collect();
    let finders = finders(play);
    let all: Vec<_> = different.into_values().collect();
    let routes: HashMap<&str, (Needs, Vec<Route>)> = all
        .par_iter()
        .map(|item| {
            let prompt = item.prompt();
            let routes = finders.iter().map(|finder| finder.of_prompt(&prompt, Some(item.meant))).collect();
            (&*item.text, (prompt.needs, routes))
        })
        .collect();
    for item in &items {
        let (needs, routes) = routes.get(&*item.text).context("every prompt was classified")?;
        let usage = Usage { input: needs.input_tokens, output: OUTPUT_TOKENS, ..Usage::default() };
        let item = Item { needs: *needs, usage, meant: Some(item.meant), ..Item::default() };
        play.take(&Request { item, routes: routes.clone(), recorded: None })?;
        bar.inc(1);
    }
    Ok(())
}

fn finders(play: &Play<'_>) -> Vec<Finder> {
    play.players.iter().map(|player| player.finder.clone()).collect()
}

/// A prompt of a file, classified.
struct Classified {
    needs: Needs,
    meant: Option<String>,
    output: Option<u64>,
    routes: Vec<Route>,
}

/// A file of prompts. What is broken is told with its line and left out.
pub(super) fn file(play: &mut Play<'_>, path: &Path, output_tokens: u64, bar: &ProgressBar) -> anyhow::Result<Counts> {
    let unreadable = || format!("{} cannot be read", path.display());
    let file = std::fs::File::open(path).with_context(unreadable)?;
    bar.set_length(file.metadata().map_or(0, |metadata| metadata.len()));
    let finders = finders(play);
    let mut counts = Counts { output_tokens, ..Counts::default() };
    let mut reader = BufReader::new(file);
    let mut number = 0;
    loop {
        let mut lines = Vec::with_capacity(CHUNK);
        let mut bytes = 0;
        while lines.len() < CHUNK {
            let mut line = Vec::new();
            let read = reader.read_until(b'\n', &mut line).with_context(unreadable)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            number += 1;
            if !line.trim_ascii().is_empty() {
                lines.push((number, line));
            }
        }
        if bytes == 0 {
            break;
        }
        let read = |(number, line): &(usize, Vec<u8>)| (*number, classified(line, &finders));
        for (number, one) in lines.par_iter().map(read).collect::<Vec<_>>() {
            match one {
                Ok(one) => counts.take(play, &one)?,
                Err(message) => counts.tell(path, number, &message),
            }
        }
        bar.inc(bytes);
    }
    if counts.broken > TOLD {
        anstream::eprintln!("{}: {} more lines are broken", path.display(), counts.broken - TOLD);
    }
    Ok(counts)
}

impl Counts {
    fn take(&mut self, play: &mut Play<'_>, one: &Classified) -> anyhow::Result<()> {
        self.requests += 1;
        self.without_output += u64::from(one.output.is_none());
        let output = one.output.unwrap_or(self.output_tokens);
        let usage = Usage { input: one.needs.input_tokens, output, ..Usage::default() };
        let item = Item { needs: one.needs, usage, meant: one.meant.as_deref(), ..Item::default() };
        play.take(&Request { item, routes: one.routes.clone(), recorded: None })
    }

    fn tell(&mut self, path: &Path, line: usize, message: &str) {
        self.broken += 1;
        if self.broken <= TOLD {
            anstream::eprintln!("{}, line {line}: {message}", path.display());
        }
    }
}

/// What a line says besides its conversation.
#[derive(Deserialize)]
struct Extra {
    #[serde(default)]
    label: Value,
    #[serde(default)]
    output_tokens: Value,
    #[serde(default)]
    response_format: Value,
    #[serde(default)]
    messages: Value,
}

fn classified(line: &[u8], finders: &[Finder]) -> Result<Classified, String> {
    let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let (turns, tools) = conversation(line)?;
    let extra: Extra = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let output = match &extra.output_tokens {
        Value::Null => None,
        tokens => Some(tokens.as_u64().ok_or("`output_tokens` is a whole number, 0 or more")?),
    };
    let needs = Needs {
        tools,
        images: extra.has_images(),
        json_schema: extra.response_format.get("type").and_then(Value::as_str) == Some("json_schema"),
        input_tokens: estimate_tokens(turns.iter().map(|turn| turn.text.len()).sum()),
        max_output_tokens: None,
    };
    let prompt = Prompt { turns, needs };
    let meant = extra.label.as_str().filter(|label| !label.is_empty()).map(ToOwned::to_owned);
    let routes = finders.iter().map(|finder| finder.of_prompt(&prompt, meant.as_deref())).collect();
    Ok(Classified { needs, meant, output, routes })
}

impl Extra {
    fn has_images(&self) -> bool {
        let messages = self.messages.as_array().into_iter().flatten();
        let mut parts = messages.filter_map(|message| message.get("content")?.as_array()).flatten();
        parts.any(|part| part.get("type").and_then(Value::as_str) == Some("image_url"))
    }
}
