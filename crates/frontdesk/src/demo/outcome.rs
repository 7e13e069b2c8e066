//! What a demonstration of the guide's workload came to, for people and for machines.

use comfy_table::{CellAlignment, Table, presets};
use proof::comparison::{Comparison, Sides, Sums};
use serde_json::{Value, json};

use super::guide;

/// The figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Requests of the workload.
    pub requests: usize,
    /// How much time was compressed.
    pub speedup: f64,
    /// The model that everything is compared with.
    pub baseline: String,
    /// Decided by the embedded classifier.
    pub routed: Comparison,
    /// Decided by a model, where that was asked for: then the main figures are these.
    pub judged: Option<Comparison>,
}

impl Outcome {
    /// The comparison that was asked for.
    fn main(&self) -> &Comparison {
        self.judged.as_ref().unwrap_or(&self.routed)
    }

    /// For machines. Latencies are milliseconds of model time, savings shares of the baseline.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut all = guide::beside(self.main());
        if let Some(fields) = all.as_object_mut() {
            fields.insert("simulated".into(), true.into());
            fields.insert("requests".into(), self.requests.into());
            fields.insert("speedup".into(), json!(self.speedup));
            fields.insert("classifier".into(), if self.judged.is_some() { "llm" } else { "embedded" }.into());
            fields.insert("baseline".into(), self.baseline.clone().into());
            if self.judged.is_some() {
                fields.insert("embedded".into(), guide::beside(&self.routed));
            }
        }
        all
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        let alone = format!("{} alone", self.baseline);
        let mut head = vec!["category", "requests", "latency", "guide says", &alone, "cost", &alone];
        if self.judged.is_some() {
            head.extend(["embedded: latency", "cost"]);
        }
        table.set_header(head);
        for (name, sides) in ordered(self.main()) {
            let embedded = self.routed.per_category.get(name).cloned().unwrap_or_default();
            table.add_row(self.row(name, guide::latency_ms(name), sides, &embedded));
        }
        let (overall, embedded) = (&self.main().overall, &self.routed.overall);
        table.add_row(self.row("all", Some(guide::mean_ms()), overall, embedded));
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{}\n\n{table}\n\n{}", self.headline(), self.conclusion())
    }

    fn row(&self, name: &str, says: Option<f64>, sides: &Sides, embedded: &Sides) -> Vec<String> {
        let mut row = vec![
            name.to_owned(),
            sides.routed.requests.to_string(),
            seconds(sides.routed.mean_latency_ms()),
            says.map_or_else(|| "-".to_owned(), seconds),
            seconds(sides.baseline.mean_latency_ms()),
            dollars(&sides.routed),
            dollars(&sides.baseline),
        ];
        if self.judged.is_some() {
            row.extend([seconds(embedded.routed.mean_latency_ms()), dollars(&embedded.routed)]);
        }
        row
    }

    fn headline(&self) -> String {
        let (input, output) = (guide::INPUT_TOKENS, guide::OUTPUT_TOKENS);
        let (requests, speedup) = (self.requests, self.speedup);
        format!(
            "{requests} requests of the guide's mix, {input} tokens in and {output} out, went over HTTP through the \
             gateway.\nThe models are simulated at the guide's speeds; times are model time, measured × {speedup}."
        )
    }

    fn conclusion(&self) -> String {
        let main = self.main();
        let savings = main.overall.savings();
        let guide = 100.0 * (1.0 - guide::mean_ms() / guide::BASELINE_MS);
        let mut text = format!(
            "Routing takes {:.0} % less time (the guide's rows: {guide:.0} % of {}, its text: 40 %) and costs {:.0} % less.\n\
             {} of {} requests went to the category they were written for. The prompts are among those that the \
             built-in\nclassifier was trained on: how right it is on others, `frontdesk eval` and weights/README.md tell.",
            100.0 * savings.latency,
            seconds(guide::BASELINE_MS),
            100.0 * savings.cost,
            main.as_meant,
            main.known,
        );
        if self.judged.is_some() {
            let slower = main.overall.routed.mean_latency_ms() - self.routed.overall.routed.mean_latency_ms();
            text.push_str(&format!(
                "\nAsking a model takes {} a request longer than the embedded classifier. The simulated judge is always \
                 right.",
                seconds(slower)
            ));
        }
        text
    }
}

/// The guide's order, others behind.
fn ordered(comparison: &Comparison) -> Vec<(&String, &Sides)> {
    let mut all: Vec<_> = comparison.per_category.iter().collect();
    all.sort_by_key(|(name, _)| guide::place(name));
    all
}

fn seconds(milliseconds: f64) -> String {
    format!("{:.2} s", milliseconds / 1e3)
}

fn dollars(sums: &Sums) -> String {
    format!("${:.4}", sums.cost.as_usd())
}
