//! What is said of a comparison, in words and as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use proof::quality::{Position, Quality, Standing};
use proof::share::Share;
use routing::{NanoUsd, Router};
use serde_json::{Value, json};

use crate::config::Config;
use crate::judging::{Candidate, Outcome, Plan, Stop};

/// What came of it all.
pub(super) struct Summary<'a> {
    pub(super) router: &'a str,
    pub(super) judge: &'a str,
    pub(super) baseline: &'a str,
    pub(super) asked_for: u32,
    pub(super) budget: NanoUsd,
    pub(super) seed: u64,
    /// Requests that were to be compared this time.
    pub(super) drawn: usize,
    /// The judge's verdicts of this time.
    pub(super) position: Position,
    /// Of this time and earlier.
    pub(super) quality: Quality,
    pub(super) plan: &'a Plan,
    pub(super) outcome: &'a Outcome,
}

impl Summary<'_> {
    pub(super) fn json(&self) -> String {
        let Self { plan, outcome, .. } = self;
        let told = json!({
            "router": self.router,
            "judge": self.judge,
            "baseline": self.baseline,
            "asked_for": self.asked_for,
            "seed": self.seed,
            "drawn": self.drawn,
            "compared": outcome.judgements.len(),
            "compared_earlier": plan.earlier.len(),
            "failed": outcome.failures.values().sum::<u64>(),
            "failures": outcome.failures,
            "stopped": outcome.stopped,
            "budget_usd": self.budget.as_usd(),
            "spent_usd": outcome.spent.as_usd(),
            "spent_nano_usd": outcome.spent.0,
            "answers": outcome.facts,
            "left_out": plan.left_out,
        });
        let quality = serde_json::to_value(&self.quality).unwrap_or_default();
        let parts = [told, quality].into_iter().filter_map(|part| match part {
            Value::Object(fields) => Some(fields),
            _ => None,
        });
        Value::Object(parts.flatten().collect()).to_string()
    }

    pub(super) fn text(&self) -> String {
        let mut text = vec![self.headline()];
        if self.quality.overall.outcomes.judged() > 0 {
            text.push(format!("\n{}\n", self.table()));
            text.extend(self.verdict());
            text.push(self.position());
        }
        text.extend(self.advice());
        text.join("\n")
    }

    fn headline(&self) -> String {
        let Self { outcome, plan, .. } = self;
        let (now, earlier) = (outcome.judgements.len(), plan.earlier.len());
        let mut text = format!(
            "Compared with `{}` by `{}`: {now} requests of `{}` for {}",
            self.baseline,
            self.judge,
            self.router,
            usd(outcome.spent)
        );
        if earlier > 0 {
            text.push_str(&format!(", and {earlier} earlier"));
        }
        let all: u64 = plan.requests.values().sum();
        text.push_str(&format!(", of {all} that were answered by other models."));
        if self.drawn == 0 {
            text.push_str(&format!(" Nothing was asked: -n above {} compares more.", self.asked_for));
        }
        text
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        let heads = ["category", "win", "tie", "loss", "nonsense", "not worse (95 %)", "wins among decided (95 %)"];
        table.set_header(heads);
        for (category, standing) in &self.quality.per_category {
            table.add_row(row(category, standing));
        }
        table.add_row(row("all", &self.quality.overall));
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    /// What it means.
    fn verdict(&self) -> Option<String> {
        let Share { ci95: [low, high], .. } = self.quality.overall.not_worse?;
        let mut text = format!(
            "A win or loss is one in both orders; where they disagree it is a tie. Weighted by requests, the routes' \
             answers are\nnot worse than `{}`'s in {:.0} to {:.0} % of the requests that go elsewhere.",
            self.baseline,
            100.0 * low,
            100.0 * high
        );
        if self.quality.covered < 1.0 {
            let open = 100.0 * (1.0 - self.quality.covered);
            text.push_str(&format!("\n{open:.1} % of them are in categories without a comparison."));
        }
        Some(text)
    }

    fn position(&self) -> String {
        let position = &self.quality.position;
        let Some(Share { share, ci95: [low, high] }) = position.first_share else {
            return "The judge never preferred either answer.".to_owned();
        };
        let fair = if low <= 0.5 && 0.5 <= high {
            "that is within chance"
        } else if share > 0.5 {
            "it favours the first, which both orders undo at the price of more ties"
        } else {
            "it favours the second, which both orders undo at the price of more ties"
        };
        format!(
            "Of {} verdicts for one answer, {} were for the one that stood first ({}): {fair}.",
            position.decided,
            position.first_won,
            interval(position.first_share)
        )
    }

    /// What was left out, what went wrong, and what to do about it.
    fn advice(&self) -> Vec<String> {
        let (left_out, facts) = (&self.plan.left_out, &self.outcome.facts);
        let mut text = Vec::new();
        let mut list = |what: &str, parts: &[(u64, &str)]| {
            let parts = parts.iter().filter(|(number, _)| *number > 0);
            let parts: Vec<String> = parts.map(|(number, what)| format!("{number} {what}")).collect();
            if !parts.is_empty() {
                text.push(format!("{what}: {}.", parts.join(", ")));
            }
        };
        list(
            "Left out",
            &[
                (left_out.route_is_baseline, "that the baseline itself answered"),
                (left_out.tools_offered, "with tools, which are not kept"),
                (left_out.prompt_not_kept, "whose prompt is not kept"),
                (left_out.model_gone, "whose model is gone from the configuration"),
            ],
        );
        list(
            "Of the answers",
            &[
                (facts.stored, "were kept ones"),
                (facts.asked, "were asked for"),
                (facts.cut, "are as long as --max-tokens allows and probably cut"),
                (2 * facts.same, "are the same as the other and tie unjudged"),
            ],
        );
        for (why, number) in &self.outcome.failures {
            text.push(format!("Not compared: {number}, because {why}."));
        }
        let its_own = |model: &str| model == self.judge;
        if its_own(self.baseline) || self.outcome.judgements.iter().any(|row| its_own(&row.model)) {
            text.push(format!("`{}` judged its own answers, which models favour: name another judge.", self.judge));
        }
        text.extend(self.ending());
        text
    }

    /// Why it ended.
    fn ending(&self) -> Option<String> {
        let position = &self.position;
        if position.is_nonsense() {
            return Some(format!(
                "`{}` is no judge: {} of its {} answers were not one of A, B, tie. Name a stronger model with --judge; if it \
                 thinks\nbefore it answers, say so in its capabilities = [\"reasoning\"], which gives it the room.",
                self.judge, position.nonsense, position.verdicts
            ));
        }
        let spent = usd(self.outcome.spent);
        match self.outcome.stopped? {
            Stop::Budget => Some(format!(
                "Stopped at {spent}, because another comparison could have cost more than is left of {}: the same command \
                 goes on,\n--budget gives it more, and --max-tokens bounds what an answer may cost.",
                usd(self.budget)
            )),
            Stop::Interrupted => Some("Interrupted: the same command goes on where it stopped.".to_owned()),
            Stop::Failures => {
                Some("Given up after these failures: mend them, and the same command goes on.".to_owned())
            }
            Stop::Nonsense => None,
        }
    }
}

/// What is about to be done.
pub(super) fn begin(drawn: &[Candidate], router: &Router, [judge, baseline]: [&str; 2], budget: f64) -> String {
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    for candidate in drawn {
        *parts.entry(&candidate.category).or_default() += 1;
    }
    let parts: Vec<String> = parts.iter().map(|(category, number)| format!("{category} {number}")).collect();
    let stored = drawn.iter().filter(|candidate| candidate.stored).count();
    let answers = match stored {
        0 => "both answers are asked for".to_owned(),
        stored if stored == drawn.len() => "the routes' answers are kept ones".to_owned(),
        stored => format!("{stored} of the routes' answers are kept ones"),
    };
    let mut text = format!(
        "{} requests of `{}` ({}) beside `{baseline}`, judged by `{judge}`; {answers}; at most ${budget:.2}",
        drawn.len(),
        router.name,
        parts.join(", ")
    );
    let again = drawn.iter().filter(|candidate| candidate.again).count();
    if again > 0 {
        text.push_str(&format!("\n{again} of them were judged otherwise before; the new judgements take their place"));
    }
    text
}

/// Why there is nothing to compare.
pub(super) fn nothing(plan: &Plan, router: &Router, config: &Config, file: &Path, some_time: bool) -> String {
    let (name, left_out) = (&router.name, &plan.left_out);
    let when = if some_time { " in that time" } else { "" };
    let elsewhere: u64 = plan.requests.values().sum();
    if elsewhere == 0 && left_out.route_is_baseline == 0 {
        let path = &config.ledger.path;
        return format!("the ledger {path} has no answered request that `{name}` gave a category{when}");
    }
    if elsewhere == 0 {
        let (number, file) = (left_out.route_is_baseline, file.display());
        return format!(
            "all {number} requests that `{name}` routed{when} were answered by its baseline, so there is nothing to compare: \
             give its categories other models in {file} first"
        );
    }
    if left_out.tools_offered == elsewhere {
        return format!(
            "all {elsewhere} requests that went elsewhere{when} offered tools, which are not kept, so that they cannot be \
             answered again"
        );
    }
    if left_out.model_gone > 0 {
        return format!(
            "the models that answered the requests of `{name}`{when} are not in {} any more, and their answers are not kept",
            file.display()
        );
    }
    if config.ledger.keep_prompts {
        return format!(
            "no prompt of the {elsewhere} requests is kept: they are from before [ledger] text was set, or were sent with \
             x-frontdesk-text: none"
        );
    }
    format!(
        "no prompt of the {elsewhere} requests is kept: write text = \"prompts\" (or \"full\", which keeps answers too) under \
         [ledger] in {} and let the gateway serve for a while",
        file.display()
    )
}

/// Models whose calls could not be kept within a budget.
pub(super) fn unpriced(aliases: &[&str]) -> String {
    let first = aliases.first().copied().unwrap_or_default();
    let names: Vec<String> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
    format!(
        "a budget needs prices, and {} has none: write price = {{ input = …, output = … }} (USD per million tokens; 0 for a \
         model of your own) under [models.{first}]",
        names.join(", ")
    )
}

fn row(category: &str, standing: &Standing) -> Vec<String> {
    let outcomes = standing.outcomes;
    let counts = [outcomes.wins, outcomes.ties, outcomes.losses, outcomes.nonsense];
    let shares = [standing.not_worse, standing.win_rate].map(interval);
    [category.to_owned()].into_iter().chain(counts.map(|count| count.to_string())).chain(shares).collect()
}

fn interval(share: Option<Share>) -> String {
    share.map_or_else(
        || "-".to_owned(),
        |Share { share, ci95: [low, high] }| {
            format!("{:.0} % ({:.0} to {:.0})", 100.0 * share, 100.0 * low, 100.0 * high)
        },
    )
}

fn usd(amount: NanoUsd) -> String {
    format!("${:.4}", amount.as_usd())
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
