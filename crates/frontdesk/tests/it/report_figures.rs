//! Every number of a report is reckoned again from the ledger's rows, in SQL and by other ways than the report's own.

use fastrand::Rng;
use ledger::{Feedback, Judgement, Marks, Reply, Shadow};
use routing::record::{AttemptRow, ClassifierRow, Costing, Speculation, Tokens};
use routing::{Attempt, ModelId, NanoUsd, Outcome, Record, Usage};
use serde_json::Value;

use crate::beside::{ANSWERED, BOTH, Beside, COST};
use crate::made::{BEGIN, Made, Shape};

/// Three days of traffic in which everything happens that a row can tell.
fn eventful() -> Made {
    let made = Made::new(&[]);
    let parts = &[("simple", 50, "small"), ("general", 30, "large"), ("code", 20, "coder")];
    let mut records = made.traffic(Shape { requests: 1_500, days: 3, parts, batch: 10 }, 11);
    let mut rng = Rng::with_seed(5);
    for record in &mut records {
        happen(record, &mut rng);
    }
    // Some name the baseline themselves.
    for number in 0..120 {
        let mut record = made.record((BEGIN + number * 2_100) * 1_000 + 7, "large", &mut rng);
        (record.router, record.category, record.baseline_cost, record.confidence) = (None, None, None, None);
        record.key = (number % 2 == 0).then(|| "night".to_owned());
        records.push(record);
    }
    let ledger = made.write(records.iter().cloned());
    let categories = ["simple", "general", "code"];
    for record in &records {
        let said = (rng.u8(..20) > 0).then(|| categories[rng.usize(..3)].to_owned());
        if record.router.is_some() && rng.bool() {
            let (cost, took_us) = (NanoUsd(rng.u64(..900)), rng.u64(200..9_000));
            let shadow =
                Shadow { id: record.id, classifier: "llm", category: said.clone(), confidence: None, cost, took_us };
            assert!(ledger.shadow(shadow));
        }
        if rng.u8(..8) == 0 {
            let score = rng.bool().then(|| f64::from(rng.u8(..5)) / 4.0);
            let author = ledger::Author::Admin;
            let feedback = Feedback { id: record.id, author, score, label: said, comment: None };
            assert!(ledger.feedback(feedback, Reply::new(|given| assert!(given.is_some()))));
        }
    }
    drop(ledger);
    mark(&made, &records, &mut rng);
    made
}

/// Something that may happen to a request.
fn happen(record: &mut Record, rng: &mut Rng) {
    record.key = rng.bool().then(|| "night".to_owned());
    record.confidence = [None, Some(0.5), Some(0.7), Some(0.9)][rng.usize(..4)];
    record.usage.cached = record.usage.input / 3 * rng.u64(..2);
    record.usage.reasoning = record.usage.output / 4 * rng.u64(..2);
    let failed = |cost: u64| AttemptRow {
        model: "coder".into(),
        attempt: Attempt { outcome: Outcome::Unreachable, cost: NanoUsd(cost), ..Attempt::begun(ModelId(0)) },
    };
    match rng.u8(..12) {
        0 => {
            // Another model answered, after a call that cost something.
            record.fallback = true;
            record.attempts.insert(0, failed(700));
            record.cost += NanoUsd(700);
            record.total_us += 900_000;
        }
        1 => {
            (record.status, record.error, record.model) = (503, Some("models_unavailable".into()), None);
            (record.usage, record.cost, record.costing) = (Usage::default(), NanoUsd(90), Costing::Unpriced);
            record.attempts = vec![failed(90)];
            record.first_token_us = None;
        }
        2 => (record.status, record.error) = (499, Some("client_closed".into())),
        3 => record.error = Some("upstream_interrupted".into()),
        4 => (record.tokens, record.costing) = (Tokens::Estimated, Costing::Estimated),
        5 => {
            let usage = Usage::default();
            let (model, outcome) = ("small".to_owned(), "answered");
            record.classifier = Some(ClassifierRow { model, outcome, usage, cost: NanoUsd(333), total_us: 150_000 });
            record.speculation = Some(if rng.bool() { Speculation::Kept } else { Speculation::Cancelled });
        }
        6 => record.baseline_cost = None,
        _ => {}
    }
}

/// Labels and judgements of some rows.
fn mark(made: &Made, records: &[Record], rng: &mut Rng) {
    let marks = Marks::open(&made.path("ledger.db")).unwrap();
    for record in records.iter().filter(|record| record.category.is_some()) {
        let category = record.category.clone().unwrap();
        if rng.u8(..6) == 0 {
            let label = if rng.u8(..10) == 0 { "code" } else { &*category };
            assert!(marks.label(record.id, Some(label), record.time_us + 5).unwrap());
        }
        if rng.u8(..9) == 0 {
            let verdict = |rng: &mut Rng| [None, Some(0.0), Some(0.5), Some(1.0), Some(1.0)][rng.usize(..5)];
            let (first, second) = (verdict(rng), verdict(rng));
            let model = record.model.clone().unwrap_or_default();
            let (baseline, judge) = ("large".to_owned(), "swift".to_owned());
            let (id, cost, time_us) = (record.id, NanoUsd(1), 1);
            marks.judgement(&Judgement { id, category, model, baseline, judge, first, second, cost, time_us }).unwrap();
        }
    }
}

/// A line through the answers of a model, as numbers to be written into a query.
struct Line {
    at_mean: f64,
    mean_tokens: f64,
    per_token: f64,
    decision_us: f64,
    requests: f64,
}

impl Line {
    /// Of the rows of a period in which hardly an answer was a fallback, by the rows' own hour, router, key and category.
    fn of(beside: &Beside, model: &str, period: &str, own: &str) -> Self {
        let cell = "time_us / 3600000000, coalesce(router, ''), coalesce(key, ''), coalesce(category, '')";
        let model = format!("{period} AND model = '{model}'");
        let steady = format!(
            "SELECT {cell} FROM requests WHERE {model} GROUP BY 1, 2, 3, 4 HAVING sum(fallback) * 50 <= count(*)"
        );
        let rows = format!("{model} AND ({cell}) IN ({steady})");
        let of = |what: &str, rows: &str| {
            (beside.query)(&format!("SELECT {what} FROM requests WHERE {rows}")).unwrap_or(0.0)
        };
        let answered = format!("{rows} AND {ANSWERED}");
        let mean = |what: &str| of(&format!("avg({what})"), &answered);
        let (x, y) = (mean("output_tokens"), mean("total_us"));
        let spread = |a: &str, b: &str| mean(&format!("({a}) * ({b})"));
        let (from_x, from_y) = (format!("output_tokens - {x}"), format!("total_us - {y}"));
        let parts = [own.to_owned(), format!("({own}) IS NOT TRUE")].map(|part| {
            let all = format!("{rows} AND {part}");
            of("count(*)", &format!("{all} AND {ANSWERED}")) * of("avg(decision_us)", &all)
        });
        Self {
            requests: of("count(*)", &answered),
            at_mean: y,
            mean_tokens: x,
            per_token: spread(&from_x, &from_y) / spread(&from_x, &from_x),
            decision_us: parts.iter().sum::<f64>() / of("count(*)", &answered),
        }
    }

    /// The time of an answer of so many tokens.
    fn of_tokens(&self, tokens: &str) -> String {
        format!("({} + {} * ({tokens} - {}))", self.at_mean, self.per_token, self.mean_tokens)
    }
}

/// A report with these arguments beside the rows that these conditions pick: of the period, and of the rest.
fn check(arguments: &[&str], period: &'static str, asked: &'static str) {
    let made = eventful();
    let mut beside = Beside::new(&made, arguments, asked);
    beside.near("/requests", &format!("SELECT count(*) FROM requests WHERE {asked}"), 0.0);
    let own = format!("coalesce(router, '') = 'auto' AND {asked}");
    let line = Line::of(&beside, "large", period, &own);
    let time = format!("({} - {})", line.of_tokens("avg(output_tokens)"), line.decision_us);
    let requests = format!("SELECT {}", line.requests);
    beside.near("/routers/0/savings/latency_baseline/requests", &requests, 0.0);
    part(&mut beside, "/routers/0", &format!("router = 'auto' AND {asked}"), Some(&time));
    part(&mut beside, "/routers/1", &format!("router IS NULL AND {asked}"), None);
    quality(&mut beside, &format!("router = 'auto' AND {asked}"));
    beside.accuracy("/routers/0/accuracy", "router = 'auto'", "1");
    beside.accuracy("/routers/0/total/accuracy", "router = 'auto'", "1");
    for category in ["simple", "general", "code"] {
        let rows = format!("category = '{category}'");
        for at in ["per_category", "accuracy/per_category"] {
            let tail = if at == "per_category" { "/accuracy" } else { "" };
            beside.accuracy(&format!("/routers/0/{at}/{category}{tail}"), "router = 'auto'", &rows);
        }
    }
    shadow(&mut beside, period, &format!("router = 'auto' AND {asked}"));
    verdict(&mut beside, &format!("router = 'auto' AND {asked}"), &time);
    // Intervals are drawn; that they hold the truth is tested where they are made.
    let skipped = |place: &str| place.contains("ci95") || place.ends_with("/days") || place.ends_with("/step_hours");
    let mut left = Vec::new();
    numbers(&beside.report, String::new(), &mut left);
    left.retain(|place| !beside.seen.contains(place) && !skipped(place));
    assert!(left.is_empty(), "nobody reckoned these again: {left:#?}");
    assert!(beside.seen.len() > 1_000, "{} numbers", beside.seen.len());
}

/// The places of all numbers.
fn numbers(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Number(_) => places.push(at),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| numbers(value, format!("{at}/{name}"), places)),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(place, value)| numbers(value, format!("{at}/{place}"), places));
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn part(beside: &mut Beside, at: &str, rows: &str, time: Option<&str>) {
    beside.group(&format!("{at}/total"), rows, rows, true);
    for (column, name, classifier) in [("category", "per_category", true), ("model", "per_model", false)] {
        let groups = beside.report.pointer(&format!("{at}/{name}")).unwrap().as_object().unwrap().clone();
        let known =
            (beside.query)(&format!("SELECT count(DISTINCT coalesce({column}, '-')) FROM requests WHERE {rows}"));
        assert_eq!(known, Some(f64::from(u32::try_from(groups.len()).unwrap())));
        for group in groups.keys() {
            let of = format!("{rows} AND coalesce({column}, '-') = '{group}'");
            let at = format!("{at}/{name}/{group}");
            beside.group(&at, &of, rows, classifier);
            beside.judged(&format!("{at}/judged"), &of);
            if beside.has(&format!("{at}/baseline")) {
                beside.both_ways(&format!("{at}/baseline"), &of, time.unwrap(), false);
            }
        }
    }
    trend(beside, &format!("{at}/trend"), rows);
    let saved =
        |of: &str, by: &str| format!("SELECT 1 - sum({of}) * 1.0 / sum({by}) FROM requests WHERE {rows} AND {BOTH}");
    let count = |of: &str| format!("SELECT count(*) FROM requests WHERE {rows} AND {of}");
    beside.near(&format!("{at}/savings/cost_requests"), &count(BOTH), 0.0);
    beside.near(&format!("{at}/savings/latency_requests"), &count(ANSWERED), 0.0);
    let Some(time) = time else {
        // What is not routed is compared with nothing.
        beside.all(
            &format!("{at}/overall/routed"),
            rows,
            &[
                ("requests", "count(*)"),
                ("cost_nano_usd", "sum(cost_nano_usd)"),
                ("cost_usd", "sum(cost_nano_usd) / 1e9"),
                ("mean_latency_ms", "avg(total_us) / 1e3"),
            ],
        );
        return beside.near(&format!("{at}/overall/baseline/requests"), "SELECT 0", 0.0);
    };
    beside.both_ways(&format!("{at}/total/baseline"), rows, time, false);
    beside.both_ways(&format!("{at}/overall"), rows, time, true);
    beside.both_ways(&format!("{at}/overall"), rows, time, false);
    beside.near(&format!("{at}/savings/cost"), &saved(COST, "baseline_cost_nano_usd"), 1e-9);
    let latency = format!("SELECT 1 - avg(total_us) / {time} FROM requests WHERE {rows} AND {ANSWERED}");
    beside.near(&format!("{at}/savings/latency"), &latency, 1e-7);
}

fn trend(beside: &mut Beside, at: &str, rows: &str) {
    let points = beside.report.pointer(&format!("{at}/points")).unwrap().as_array().unwrap().clone();
    let first = (beside.query)(&format!("SELECT min(time_us) / 3600000000 FROM requests WHERE {rows}")).unwrap();
    let step = beside.report.pointer(&format!("{at}/step_hours")).unwrap().as_f64().unwrap();
    assert!((step - 1.0).abs() < 1e-9 && points.len() <= 100);
    for (number, point) in points.iter().enumerate() {
        let at = format!("{at}/points/{number}");
        let rows = format!("{rows} AND time_us / 3600000000 = {first} + {number}");
        beside.all(
            &at,
            &rows,
            &[
                ("requests", "count(*)"),
                ("errors", &format!("coalesce(sum(NOT {ANSWERED} AND status <> 499), 0)")),
                ("cost_nano_usd", &format!("coalesce(sum({COST}), 0)")),
                ("cost_usd", &format!("coalesce(sum({COST}), 0) / 1e9")),
            ],
        );
        for category in point["per_category"].as_object().unwrap().keys() {
            let of = format!("{rows} AND coalesce(category, '-') = '{category}'");
            beside.all(&format!("{at}/per_category"), &of, &[(category, "count(*)")]);
        }
        beside.all(&at, &format!("{rows} AND {ANSWERED}"), &[("mean_latency_ms", "avg(total_us) / 1e3")]);
        let ranked = format!(
            "SELECT total_us v, row_number() OVER (ORDER BY total_us) place, count(*) OVER () n FROM requests WHERE {rows} AND {ANSWERED}"
        );
        let rank = format!("SELECT max(v) / 1e3 FROM ({ranked}) WHERE place = (950 * n + 999) / 1000");
        beside.near(&format!("{at}/p95_latency_ms"), &rank, 0.008);
    }
}

fn quality(beside: &mut Beside, rows: &str) {
    let at = "/routers/0/quality";
    for category in ["simple", "general", "code"] {
        beside
            .judged(&format!("{at}/per_category/{category}"), &format!("{rows} AND requests.category = '{category}'"));
    }
    let outcomes = format!(
        "SELECT routed c, sum(first > 0.5 AND second > 0.5) * 1.0 wins, sum(first < 0.5 AND second < 0.5) * 1.0 losses, \
         count(*) n FROM judgements JOIN (SELECT id, category routed FROM requests WHERE {rows}) USING (id) WHERE first NOT NULL AND second NOT NULL GROUP BY 1"
    );
    let sizes = format!("SELECT category c, count(*) size FROM requests WHERE {rows} GROUP BY 1");
    let both = format!("FROM ({outcomes}) JOIN ({sizes}) USING (c)");
    let mean = |of: &str| format!("(SELECT sum(size * ({of}) / n) / sum(size) {both})");
    let (wins, losses) = (mean("wins"), mean("losses"));
    for at in [&format!("{at}/overall"), "/routers/0/total/judged"] {
        beside.judged(at, rows);
        beside.near(&format!("{at}/win_rate/share"), &format!("SELECT {wins} / ({wins} + {losses})"), 1e-9);
        beside.near(&format!("{at}/tie_share/share"), &format!("SELECT 1 - {wins} - {losses}"), 1e-9);
        beside.near(&format!("{at}/not_worse/share"), &format!("SELECT 1 - {losses}"), 1e-9);
    }
    beside.near(
        &format!("{at}/covered"),
        &format!("SELECT sum(size) * 1.0 / (SELECT sum(size) FROM ({sizes})) {both}"),
        1e-9,
    );
    let from = format!("FROM judgements JOIN (SELECT id FROM requests WHERE {rows}) USING (id)");
    let (won, decided) = (
        "sum(first IS NOT NULL AND first > 0.5) + sum(second IS NOT NULL AND second < 0.5)",
        "sum(first NOT NULL AND first <> 0.5) + sum(second NOT NULL AND second <> 0.5)",
    );
    for (name, what) in [
        ("first_won", won.to_owned()),
        ("decided", decided.to_owned()),
        ("first_share/share", format!("({won}) * 1.0 / ({decided})")),
        ("nonsense", "sum(first IS NULL) + sum(second IS NULL)".to_owned()),
        ("verdicts", "2 * count(*)".to_owned()),
    ] {
        beside.near(&format!("{at}/position/{name}"), &format!("SELECT {what} {from}"), 1e-9);
    }
}

fn shadow(beside: &mut Beside, period: &str, rows: &str) {
    let at = "/routers/0/shadow";
    let said = "coalesce(shadows.category, 'general')";
    let new = format!("CASE {said} WHEN 'simple' THEN 'small' WHEN 'code' THEN 'coder' ELSE 'large' END");
    let price = "20 50,270 400,300 1000".split(',').map(|price| {
        let (input, output) = price.split_once(' ').unwrap();
        format!("input_tokens * {input} + output_tokens * {output}")
    });
    let price: Vec<String> = price.collect();
    let cost = format!(
        "CASE {new} WHEN model THEN own WHEN 'small' THEN {} WHEN 'large' THEN {} ELSE {} END",
        price[0], price[1], price[2]
    );
    let line = |model: &str| format!("round({})", Line::of(beside, model, period, "1").of_tokens("output_tokens"));
    let time = format!(
        "CASE {new} WHEN model THEN total_us WHEN 'small' THEN {} WHEN 'large' THEN {} ELSE {} END",
        line("small"),
        line("large"),
        line("coder")
    );
    let own = "id, category routed, model, cost_nano_usd own, input_tokens, output_tokens, total_us, status, error";
    let shadowed = format!("FROM shadows JOIN (SELECT {own} FROM requests WHERE {rows}) USING (id)");
    let from = format!("{shadowed} WHERE true");
    let answered = format!("{from} AND {ANSWERED}");
    let labelled = format!("{shadowed} JOIN labels USING (id)");
    let mut places = vec![
        ("requests".to_owned(), format!("count(*) {from}")),
        ("agreement/share".into(), format!("avg({said} = routed) {from}")),
        ("cost_nano_usd".into(), format!("sum(shadows.cost_nano_usd) {from}")),
        ("cost_usd".into(), format!("sum(shadows.cost_nano_usd) / 1e9 {from}")),
        ("labels".into(), format!("count(*) {labelled}")),
        ("accuracy/share".into(), format!("avg({said} = label) {labelled}")),
        ("took_ms/mean".into(), format!("avg(took_us) / 1e3 {from}")),
        ("savings/cost".into(), format!("1 - sum({cost}) * 1.0 / sum(own) {from}")),
        ("savings/latency".into(), format!("1 - sum({time}) * 1.0 / sum(total_us) {answered}")),
        ("savings/cost_requests".into(), format!("count(*) {from}")),
        ("savings/latency_requests".into(), format!("count(*) {answered}")),
    ];
    for (side, cost, time) in [("routed", &*cost, &*time), ("baseline", "own", "total_us")] {
        places.push((format!("would/{side}/requests"), format!("count(*) {from}")));
        places.push((format!("would/{side}/cost_nano_usd"), format!("sum({cost}) {from}")));
        places.push((format!("would/{side}/cost_usd"), format!("sum({cost}) / 1e9 {from}")));
        places.push((format!("would/{side}/mean_latency_ms"), format!("avg({time}) / 1e3 {answered}")));
    }
    for category in ["simple", "general", "code", "-"] {
        let of = format!("count(*) {from} AND coalesce(shadows.category, '-') = '{category}'");
        places.push((format!("per_category/{category}"), of));
    }
    for (number, one) in
        beside.report.pointer(&format!("{at}/differing")).unwrap().as_array().unwrap().iter().enumerate()
    {
        let (decided, other) = (one["decided"].as_str().unwrap(), one["said"].as_str().unwrap());
        assert_ne!(decided, other);
        let of = format!("count(*) {from} AND {said} = '{other}' AND routed = '{decided}'");
        places.push((format!("differing/{number}/requests"), of));
    }
    for (place, sql) in places {
        // Times of other models are rounded to the microsecond.
        beside.near(&format!("{at}/{place}"), &format!("SELECT {sql}"), 1e-6);
    }
    for (name, thousandths) in [("p50", 500), ("p95", 950), ("p99", 990)] {
        let ranked = format!("SELECT took_us v, row_number() OVER (ORDER BY took_us) place, count(*) OVER () n {from}");
        let rank = format!("SELECT max(v) / 1e3 FROM ({ranked}) WHERE place = ({thousandths} * n + 999) / 1000");
        beside.near(&format!("{at}/took_ms/{name}"), &rank, 0.008);
    }
}

fn verdict(beside: &mut Beside, rows: &str, time: &str) {
    let of = |number: usize| format!("/routers/0/verdict/checks/{number}/figure");
    let largest =
        format!("SELECT max(n) * 1.0 / sum(n) FROM (SELECT count(*) n FROM requests WHERE {rows} GROUP BY category)");
    beside.near(&of(0), &largest, 1e-9);
    // Of the period asked for, which lies within the ledger's rows, or of all of them.
    let whole = match beside.asked.split_once("time_us < ") {
        None => "(SELECT (max(time_us) + 1000 - min(time_us)) / 86400e6 FROM requests)".to_owned(),
        Some(_) => "((1793700000000000 - 1793507000000000) / 86400e6)".to_owned(),
    };
    beside.near(&of(1), &format!("SELECT count(*) / {whole} FROM requests WHERE {rows}"), 1e-9);
    beside.near(&of(2), &format!("SELECT avg(metadata IS NOT NULL) FROM requests WHERE {rows}"), 1e-9);
    let right = beside.report.pointer("/routers/0/total/accuracy/accuracy").unwrap().as_f64().unwrap();
    beside.near(&of(3), &format!("SELECT {right}"), 1e-9);
    let cost =
        format!("SELECT 1 - sum({COST}) * 1.0 / sum(baseline_cost_nano_usd) FROM requests WHERE {rows} AND {BOTH}");
    beside.near(&of(4), &cost, 1e-9);
    let latency = format!("SELECT 1 - avg(total_us) / {time} FROM requests WHERE {rows} AND {ANSWERED}");
    beside.near(&of(5), &latency, 1e-7);
}

#[test]
fn every_number_is_what_the_rows_say() {
    check(&[], "1", "1");
}

#[test]
fn every_number_of_a_part_is_what_its_rows_say() {
    // In the midst of hours, so that rows and rollups are added.
    let period = "time_us >= 1793507000000000 AND time_us < 1793700000000000";
    let asked = "time_us >= 1793507000000000 AND time_us < 1793700000000000 AND key = 'night'";
    check(&["--since", "2026-11-01T04:23:20Z", "--until", "2026-11-03T10:00:00Z", "--key", "night"], period, asked);
}
