//! The guide's workload: prompts written for it, in the guide's mix, each request of 500 tokens.

use routing::{Needs, Prompt, Role, Turn, prompt::estimate_tokens};
use serde_json::{Value, json};

use super::guide::{INPUT_TOKENS, MIX, OUTPUT_TOKENS};

/// The prompts of each category of [`MIX`], JSON Lines of `{"text":…}`.
const PROMPTS: [&str; 4] = [
    include_str!("../../../../data/workload/simple.jsonl"),
    include_str!("../../../../data/workload/general.jsonl"),
    include_str!("../../../../data/workload/reasoning.jsonl"),
    include_str!("../../../../data/workload/code.jsonl"),
];
/// What an application tells its model beforehand; a request is filled up with it to its 500 tokens.
const INSTRUCTIONS: &str = include_str!("../../../../data/workload/instructions.txt");

/// A request of the workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What the user says.
    pub text: String,
    /// What it was written to be.
    pub meant: &'static str,
}

/// So many requests in the guide's mix, in an order that is the same every time. Above a thousand, prompts come again.
#[must_use]
pub fn items(requests: usize) -> Vec<Item> {
    let whole: usize = MIX.iter().map(|share| share.requests).sum();
    let mut items = Vec::with_capacity(requests);
    let mut before = 0;
    for (share, prompts) in MIX.iter().zip(PROMPTS) {
        // Cumulative rounding: the counts add up to `requests` for any of them.
        let until = before + share.requests;
        let count = requests * until / whole - requests * before / whole;
        before = until;
        let texts: Vec<String> = prompts.lines().filter_map(text).collect();
        let endless = texts.into_iter().cycle().take(count);
        items.extend(endless.map(|text| Item { text, meant: share.category }));
    }
    fastrand::Rng::with_seed(1).shuffle(&mut items);
    items
}

fn text(line: &str) -> Option<String> {
    let row: Value = serde_json::from_str(line).ok()?;
    Some(row.get("text")?.as_str()?.to_owned())
}

impl Item {
    /// The instructions that fill the request up to 500 tokens, of four bytes each as the simulated models count them.
    fn instructions(&self) -> &'static str {
        let bytes = usize::try_from(INPUT_TOKENS * 4).unwrap_or(0).saturating_sub(self.text.len());
        INSTRUCTIONS.get(..bytes).unwrap_or(INSTRUCTIONS)
    }

    /// The conversation as routing sees it.
    #[must_use]
    pub fn prompt(&self) -> Prompt<'_> {
        let turn = |role, text| Turn { role, text: std::borrow::Cow::Borrowed(text), calls_tools: false };
        let turns = vec![turn(Role::System, self.instructions()), turn(Role::User, &*self.text)];
        let input_tokens = estimate_tokens(turns.iter().map(|turn| turn.text.len()).sum());
        Prompt { turns, needs: Needs { input_tokens, max_output_tokens: Some(OUTPUT_TOKENS), ..Needs::default() } }
    }

    /// The body of the request. `part` and `number` come back in the ledger's metadata.
    #[must_use]
    pub fn body(&self, model: &str, part: &str, number: usize) -> String {
        json!({
            "model": model,
            "messages": [{"role": "system", "content": self.instructions()}, {"role": "user", "content": self.text}],
            "max_tokens": OUTPUT_TOKENS,
            "stream": true,
            "metadata": {"part": part, "number": number.to_string(), "meant": self.meant},
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_requests_are_the_guides_and_each_is_another() {
        let items = items(1_000);
        for share in MIX {
            assert_eq!(items.iter().filter(|item| item.meant == share.category).count(), share.requests);
        }
        let different: std::collections::HashSet<_> = items.iter().map(|item| &item.text).collect();
        assert_eq!(different.len(), 1_000);
    }

    #[test]
    fn any_number_of_requests_keeps_the_mix() {
        for requests in [0, 1, 7, 50, 1_003, 2_500] {
            assert_eq!(items(requests).len(), requests);
        }
        assert_eq!(items(50).iter().filter(|item| item.meant == "simple").count(), 30);
    }

    #[test]
    fn every_request_has_five_hundred_tokens() {
        assert!(items(1_000).iter().all(|item| item.prompt().needs.input_tokens == INPUT_TOKENS));
    }
}
