//! A report beside the rows that it is of: what a place of it says, and what a query of the rows gives.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::made::Made;

/// Gives the number that a query does; `None`: NULL.
type Query = Box<dyn Fn(&str) -> Option<f64>>;

/// A report beside the rows that it is of.
pub(crate) struct Beside {
    pub(crate) report: Value,
    /// The number that a query gives; `None`: NULL.
    pub(crate) query: Query,
    /// Which rows the report was asked for, as a condition.
    pub(crate) asked: &'static str,
    /// Places of the report that were reckoned again.
    pub(crate) seen: BTreeSet<String>,
}

/// Requests whose client got its whole answer, that were left, and that have a price both ways.
pub(crate) const ANSWERED: &str = "(status < 400 AND error IS NULL)";
pub(crate) const BOTH: &str = "(baseline_cost_nano_usd IS NOT NULL AND costing <> 'unpriced')";
pub(crate) const COST: &str = "(cost_nano_usd + coalesce(classifier_cost_nano_usd, 0))";
/// Cost of calls that did not answer.
pub(crate) const FAILED: &str =
    "(SELECT sum(value ->> 'cost_nano_usd') FROM json_each(attempts) WHERE value ->> 'outcome' <> 'answered')";

impl Beside {
    pub(crate) fn new(made: &Made, arguments: &[&str], asked: &'static str) -> Self {
        let connection = ledger::open(&made.path("ledger.db")).unwrap();
        let query = move |sql: &str| {
            let value = connection.query_row(sql, [], |row| row.get::<_, Option<f64>>(0));
            value.unwrap_or_else(|error| panic!("{error}: {sql}"))
        };
        let report = made.run(&[&["report", "--json"], arguments].concat()).json();
        Self { report, query: Box::new(query), asked, seen: BTreeSet::new() }
    }

    /// A place has the number that a query gives, but for so much of it.
    pub(crate) fn near(&mut self, place: &str, sql: &str, tolerance: f64) {
        let said = self.report.pointer(place).unwrap_or_else(|| panic!("the report has no {place}")).as_f64();
        let expected = (self.query)(sql);
        let near = match (said, expected) {
            (Some(said), Some(expected)) => (said - expected).abs() <= tolerance * expected.abs() + 1e-9,
            (said, expected) => said.is_none() && expected.is_none(),
        };
        assert!(near, "{place}: {said:?}, the rows say {expected:?}: {sql}");
        self.seen.insert(place.to_owned());
    }

    /// Places below one have the values of these expressions over some rows.
    pub(crate) fn all(&mut self, at: &str, rows: &str, expressions: &[(&str, &str)]) {
        for (name, expression) in expressions {
            self.near(&format!("{at}/{name}"), &format!("SELECT {expression} FROM requests WHERE {rows}"), 1e-9);
        }
    }

    /// Mean and quantiles of an expression over some rows, in thousandths.
    pub(crate) fn spread(&mut self, at: &str, expression: &str, rows: &str) {
        self.near(&format!("{at}/mean"), &format!("SELECT avg({expression}) / 1e3 FROM requests WHERE {rows}"), 1e-9);
        for (name, thousandths) in [("p50", 500), ("p95", 950), ("p99", 990)] {
            let ranked = format!(
                "SELECT {expression} v, row_number() OVER (ORDER BY {expression}) place, count(*) OVER () n \
                 FROM requests WHERE {rows}"
            );
            let rank = format!("SELECT max(v) / 1e3 FROM ({ranked}) WHERE place = ({thousandths} * n + 999) / 1000");
            // Quantiles are of narrow buckets.
            self.near(&format!("{at}/{name}"), &rank, 0.008);
        }
    }

    /// A group, of these rows of these.
    pub(crate) fn group(&mut self, at: &str, rows: &str, of: &str, classifier: bool) {
        let cost = if classifier { COST } else { "cost_nano_usd" };
        let sum = |what: &str| format!("coalesce(sum({what}), 0)");
        let money = (sum(cost), format!("{} / 1e9", sum(cost)));
        let share = format!("count(*) * 1.0 / (SELECT count(*) FROM requests WHERE {of})");
        self.all(
            at,
            rows,
            &[
                ("requests", "count(*)"),
                ("share", &share),
                ("answered", &sum(ANSWERED)),
                ("left", &sum("status = 499")),
                ("errors", &sum(&format!("NOT {ANSWERED} AND status <> 499"))),
                ("fallbacks", &sum("fallback")),
                ("attempts", &sum("json_array_length(attempts)")),
                ("unpriced", &sum("costing = 'unpriced'")),
                ("mean_latency_ms", &format!("avg(total_us) FILTER (WHERE {ANSWERED}) / 1e3")),
                ("tokens/input", &sum("input_tokens")),
                ("tokens/cached", &sum("cached_tokens")),
                ("tokens/output", &sum("output_tokens")),
                ("tokens/reasoning", &sum("reasoning_tokens")),
                ("tokens/estimated_requests", &sum("tokens = 'estimated'")),
                ("cost_nano_usd", &money.0),
                ("cost_usd", &money.1),
                ("failed_cost_nano_usd", &sum(FAILED)),
                ("classifier_cost_nano_usd", &sum("classifier_cost_nano_usd")),
                ("speculations_kept", &sum("speculation = 'kept'")),
                ("speculations_cancelled", &sum("speculation = 'cancelled'")),
            ],
        );
        let answered = format!("{rows} AND {ANSWERED}");
        self.spread(&format!("{at}/latency_ms"), "total_us", &answered);
        self.spread(
            &format!("{at}/first_token_ms"),
            "first_token_us",
            &format!("{answered} AND first_token_us NOT NULL"),
        );
        self.spread(&format!("{at}/decision_ms"), "decision_us", rows);
        if self.has(&format!("{at}/feedback")) {
            self.all(
                &format!("{at}/feedback"),
                rows,
                &[
                    ("scored", "count(feedback_score)"),
                    ("score/share", "avg(feedback_score)"),
                    ("labelled", "count(feedback_label)"),
                    (
                        "corrected",
                        "coalesce(sum(feedback_label IS NOT category) FILTER (WHERE feedback_label NOT NULL), 0)",
                    ),
                ],
            );
        }
    }

    pub(crate) fn has(&self, place: &str) -> bool {
        self.report.pointer(place).is_some_and(|value| !value.is_null())
    }

    /// Requests of these rows both ways, and what that saves.
    pub(crate) fn both_ways(&mut self, at: &str, rows: &str, time: &str, routed: bool) {
        let (cost, cost_of) = if routed { (COST, "routed") } else { ("baseline_cost_nano_usd", "baseline") };
        let (at, mean) = match at.strip_suffix("/overall") {
            Some(_) => (format!("{at}/{cost_of}"), if routed { "avg(total_us)" } else { time }),
            None => (at.to_owned(), time),
        };
        self.all(
            &at,
            &format!("{rows} AND {BOTH}"),
            &[
                ("requests", "count(*)"),
                ("cost_nano_usd", &format!("sum({cost})")),
                ("cost_usd", &format!("sum({cost}) / 1e9")),
            ],
        );
        self.all(&at, &format!("{rows} AND {ANSWERED}"), &[("mean_latency_ms", &format!("{mean} / 1e3"))]);
    }

    /// Outcomes of comparisons of these rows.
    pub(crate) fn judged(&mut self, at: &str, rows: &str) {
        if !self.has(at) {
            return;
        }
        let outcome = |route: &str| format!("coalesce(sum(first {route} 0.5 AND second {route} 0.5), 0)");
        let (wins, losses) = (outcome(">"), outcome("<"));
        let good = "first NOT NULL AND second NOT NULL";
        let judged = format!("sum({good})");
        let from = format!("FROM judgements JOIN (SELECT id FROM requests WHERE {rows}) USING (id)");
        for (name, expression) in [
            ("wins", wins.clone()),
            ("losses", losses.clone()),
            ("ties", format!("{judged} - {wins} - {losses}")),
            ("nonsense", format!("sum(NOT ({good}))")),
        ] {
            self.near(&format!("{at}/{name}"), &format!("SELECT {expression} {from}"), 0.0);
        }
        if at.contains("per_") {
            for (name, expression) in [
                ("win_rate", format!("{wins} * 1.0 / ({wins} + {losses})")),
                ("tie_share", format!("1.0 - ({wins} + {losses}) * 1.0 / {judged}")),
                ("not_worse", format!("1.0 - {losses} * 1.0 / {judged}")),
            ] {
                if self.has(&format!("{at}/{name}")) {
                    self.near(&format!("{at}/{name}/share"), &format!("SELECT {expression} {from}"), 1e-9);
                }
            }
        }
    }

    /// Labels of these rows of a router, weighted by how many requests are of their stratum.
    pub(crate) fn accuracy(&mut self, at: &str, router: &str, rows: &str) {
        let band = "CASE WHEN confidence < 0.6 THEN 0 WHEN confidence < 0.85 THEN 1 ELSE 2 END";
        let asked = self.asked;
        let strata = format!(
            "SELECT category c, {band} b, count(*) size FROM requests WHERE {router} AND {asked} AND {rows} AND category NOT NULL GROUP BY 1, 2"
        );
        let labels = "SELECT category c, CASE WHEN confidence < 0.6 THEN 0 WHEN confidence < 0.85 THEN 1 ELSE 2 END b, \
             count(*) n, sum(label = category) good FROM labels JOIN requests USING (id)";
        // Labels of requests from before the period tell of it too.
        let until = asked.split_once("time_us < ").map_or("", |(_, rest)| rest);
        let key = if until.is_empty() { String::new() } else { format!("AND requests.time_us < {until}") };
        let joined = format!("({strata}) JOIN ({labels} WHERE {router} {key} GROUP BY 1, 2) USING (c, b)");
        self.near(&format!("{at}/labels"), &format!("SELECT sum(n) FROM {joined}"), 0.0);
        let share = format!("SELECT sum(size * good * 1.0 / n) / sum(size) FROM {joined}");
        self.near(&format!("{at}/accuracy"), &share, 1e-9);
        if self.has(&format!("{at}/covered")) {
            let covered = format!("SELECT sum(size) * 1.0 / (SELECT sum(size) FROM ({strata})) FROM {joined}");
            self.near(&format!("{at}/covered"), &covered, 1e-9);
        }
    }
}
