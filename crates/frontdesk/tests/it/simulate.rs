//! `frontdesk simulate` as a process of its own: the guide's workload, files, and ledgers.

use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::{Entry, Ledger, Marks, Options, Text};
use routing::record::{Costing, Tokens};
use routing::{DecidedBy, NanoUsd, Record, Usage};
use serde_json::{Value, json};

/// A folder with a configuration of two models, of which the small one is cheap and fast.
struct Desk(tempfile::TempDir);

const CONFIG: &str = r#"
[ledger]
url = "sqlite:ledger.db"
[providers.p]
base_url = "http://127.0.0.1:9/v1"
api_key = "env:NOBODY_SET_THIS"
[models.small]
provider = "p"
price = { input = 1.0, output = 2.0 }
profile = { first_token = "100ms", tokens_per_second = 100 }
[models.large]
provider = "p"
price = { input = 10.0, output = 20.0 }
profile = { first_token = "500ms", tokens_per_second = 50 }
[routers.auto]
default = "general"
fallback = ["large"]
baseline = "large"
[routers.auto.categories.simple]
models = ["small"]
[routers.auto.categories.general]
models = ["large"]
[routers.auto.categories.code]
models = ["large"]
"#;

/// What a command said.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless it was refused with a sentence that says this.
    fn refused(&self, sentence: &str) {
        assert!(self.code == 1 && self.err.contains(sentence) && self.out.is_empty(), "{self:?}");
    }
}

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("frontdesk.toml", CONFIG);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn simulate(&self, arguments: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        command.arg("simulate").args(arguments.split_whitespace()).current_dir(self.0.path());
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// An answered request of the router `auto`, a second after the one before it.
fn record(number: u64, category: &str, model: &str, output: u64) -> Record {
    let time_us = 1_790_000_000_000_000 + number * 1_000_000;
    Record {
        id: u128::from(time_us / 1_000) << 80 | u128::from(number),
        time_us: i64::try_from(time_us).unwrap(),
        endpoint: "/v1/chat/completions",
        router: Some("auto".into()),
        requested_model: "auto".into(),
        category: Some(category.into()),
        confidence: Some(0.9),
        decided_by: Some(DecidedBy::Embedded),
        model: Some(model.into()),
        status: 200,
        usage: Usage { input: 100, output, ..Usage::default() },
        tokens: Tokens::Measured,
        cost: NanoUsd(1_000_000),
        costing: Costing::Measured,
        total_us: 200_000 + 10_000 * output,
        ..Record::default()
    }
}

fn ledger(path: &Path, entries: impl IntoIterator<Item = Entry>) {
    let ledger = Ledger::open(path, Options::default()).unwrap();
    for entry in entries {
        assert!(ledger.append(entry));
    }
}

/// Forty simple requests by `small` (50 or 150 tokens), twenty of code by `large` (400 tokens), and what does not count:
/// one that failed, and one that named its model. `large` has also answered twenty simple ones with 300 tokens.
fn traffic(desk: &Desk) {
    let simple = (0..40).map(|number| record(number, "simple", "small", if number % 2 == 0 { 50 } else { 150 }));
    let code = (40..60).map(|number| record(number, "code", "large", 400));
    let long = (60..80).map(|number| record(number, "simple", "large", 300));
    let failed = Record { status: 502, error: Some("bad_gateway".into()), ..record(80, "code", "large", 0) };
    let named = Record { router: None, category: None, ..record(81, "", "large", 400) };
    let all = simple.chain(code).chain(long).chain([failed, named]);
    ledger(&desk.path("ledger.db"), all.map(|record| Entry { record, text: None }));
}

fn near(value: &Value, wanted: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - wanted).abs() <= 1e-6 * wanted.abs(), "{value} instead of {wanted}");
}

#[test]
fn the_guides_workload_gives_what_its_profiles_and_prices_say() {
    let desk = Desk::new();
    let told = desk.simulate("--json").json();
    // What a request of 500 tokens in and 200 out takes and costs by the configuration's file.
    let categories = [
        ("simple", 1_200.0, 20_000),
        ("general", 4_533.333, 215_000),
        ("reasoning", 8_766.667, 680_000),
        ("code", 3_300.0, 350_000),
        ("agent", 4_333.333, 900_000),
    ];
    let (mut requests, mut latency_ms, mut nano_usd) = (0, 0.0, 0);
    for (name, each_ms, each_nano_usd) in categories {
        let category = &told["per_category"][name];
        // Which prompts the weights misjudge is not what is tested here.
        let count = category["requests"].as_u64().unwrap_or(0);
        if count > 0 {
            assert_eq!(category["cost_nano_usd"], count * each_nano_usd, "{name}");
            near(&category["mean_latency_ms"], each_ms);
            near(&category["latency_ms"]["p95"], each_ms);
            assert_eq!(category["baseline"]["cost_nano_usd"], count * 215_000);
        }
        requests += count;
        nano_usd += count * each_nano_usd;
        latency_ms += f64::from(u32::try_from(count).unwrap()) * each_ms;
    }
    assert_eq!((requests, &told["requests"]), (1_000, &json!(1_000)));
    let overall = &told["overall"];
    assert_eq!(
        (&overall["routed"]["cost_nano_usd"], &overall["baseline"]["cost_nano_usd"]),
        (&json!(nano_usd), &json!(215_000_000))
    );
    near(&overall["routed"]["mean_latency_ms"], latency_ms / 1_000.0);
    near(&overall["baseline"]["mean_latency_ms"], 4_533.333);
    near(&told["savings"]["latency"], 1.0 - latency_ms / 4_533_333.0);
    near(&told["savings"]["cost"], 1.0 - overall["routed"]["cost_usd"].as_f64().unwrap() / 0.215);
    assert_eq!((&told["baseline"], &told["classifier"]), (&json!("deepseek-v3"), &json!("embedded")));
    assert_eq!((&told["queue"], &told["speedup"], &told["simulated"]), (&Value::Null, &Value::Null, &json!(true)));
    // Without errors, the guide's own mix: 600, 300, 70 and 30 requests.
    let points = &told["sensitivity"]["errors"]["points"];
    near(&points[0]["cost_usd"], 0.134_6);
    near(&points[2]["cost_usd"], overall["routed"]["cost_usd"].as_f64().unwrap());
}

#[test]
fn a_judge_costs_time_and_money_and_is_shown_beside_the_embedded_classifier() {
    let told = Desk::new().simulate("--router auto-llm --json").json();
    assert_eq!((&told["classifier"], &told["as_meant"]), (&json!("llm"), &json!({"right": 1_000, "of": 1_000})));
    assert_eq!(told["judged"], 1_000);
    let slower = &told["per_category"]["simple"]["mean_latency_ms"];
    near(slower, 1_200.0 + 210.0);
    near(&told["embedded"]["per_category"]["simple"]["mean_latency_ms"], 1_200.0);
}

#[test]
fn broken_lines_are_told_by_number_and_the_rest_is_used() {
    let desk = Desk::new();
    let lines = [
        r#"{"text":"hi there","label":"simple","output_tokens":100}"#,
        "nonsense",
        "",
        r#"{"text":"x","output_tokens":-1}"#,
        r#"{"messages":[{"role":"user","content":"thanks, bye"}]}"#,
        r#"{"text":"x","messages":[]}"#,
    ];
    desk.write("prompts.jsonl", &lines.join("\n"));
    let said = desk.simulate("prompts.jsonl --config frontdesk.toml --json --output-tokens 300");
    assert_eq!(said.code, 1, "{said:?}");
    for line in ["prompts.jsonl, line 2: ", "line 4: `output_tokens` is", "line 6: write either"] {
        assert!(said.err.contains(line), "{line}: {}", said.err);
    }
    let told = said.json();
    assert_eq!((&told["requests"], &told["source"]["broken_lines"]), (&json!(2), &json!(3)));
    assert_eq!(told["overall"]["routed"]["output_tokens"], 400);
    desk.write("whole.jsonl", lines[0]);
    assert_eq!(desk.simulate("whole.jsonl --config frontdesk.toml").code, 0);
    desk.write("nothing.jsonl", "\n");
    desk.simulate("nothing.jsonl --config frontdesk.toml").refused("there is no prompt in nothing.jsonl");
}

#[test]
fn a_ledgers_traffic_is_replayed_with_measured_speeds_and_what_it_was_beside() {
    let desk = Desk::new();
    traffic(&desk);
    let told = desk.simulate("--ledger --json").json();
    assert_eq!((&told["requests"], &told["source"]["unanswered_left_out"]), (&json!(80), &json!(1)));
    // Every row took 200 ms and 10 ms a token: that is what is measured for `small`, whatever its profile says.
    assert_eq!(told["speeds"]["small"]["known"], "measured");
    near(&told["speeds"]["small"]["first_token_us"], 200_000.0);
    near(&told["speeds"]["small"]["token_us"], 10_000.0);
    assert_eq!(told["overall"]["recorded"]["cost_nano_usd"], 80_000_000);
    near(&told["overall"]["recorded"]["mean_latency_ms"], (40.0 * 1_200.0 + 20.0 * 4_200.0 + 20.0 * 3_200.0) / 80.0);
    // The twenty simple ones that `large` answered go to `small`, a third as long as they were: (100 × 1 + 100 × 2) µ$.
    let moves = told["moves"]["models"].as_array().unwrap();
    let moved = moves.iter().find(|one| one["from"] == "large" && one["to"] == "small").unwrap();
    assert_eq!((&moved["requests"], &moved["cost_nano_usd"]), (&json!(20), &json!([20_000_000, 20 * 300_000])));
    near(&moved["mean_latency_ms"][1], 1_200.0);
    assert_eq!(told["estimated"]["routed"], json!({"own": 60, "scaled": 20, "as_written": 0, "given": 0}));
}

#[test]
fn two_configurations_stand_side_by_side() {
    let desk = Desk::new();
    traffic(&desk);
    let cheaper = CONFIG.replace("input = 10.0, output = 20.0", "input = 5.0, output = 10.0");
    desk.write("other.toml", &cheaper.replace("[routers.auto.categories.code]\nmodels = [\"large\"]", ""));
    let told = desk.simulate("--ledger --against other.toml --json").json();
    let (this, other) = (&told["overall"]["routed"], &told["against"]["overall"]["routed"]);
    // Twenty of code, 100 in and 400 out, on `large`; sixty simple ones, 100 in and 100 out, on `small`.
    assert_eq!(this["cost_nano_usd"], 20 * 9_000_000 + 60 * 300_000);
    assert_eq!(other["cost_nano_usd"], 20 * 4_500_000 + 60 * 300_000);
    near(&told["against"]["difference"]["cost"], 1.0 - 108.0 / 198.0);
    // It has no `code`: its default takes those, and the table has both categories.
    assert_eq!(told["against"]["unknown_category"], 20);
    assert_eq!(told["against"]["per_category"]["general"]["requests"], 20);
    assert_eq!((&told["moves"]["from"], &told["moves"]["to"]), (&json!("config"), &json!("against")));
}

#[test]
fn kept_prompts_are_classified_anew_where_the_other_classifier_differs() {
    let desk = Desk::new();
    let text =
        |kept: bool| kept.then(|| Text { prompt: Some(r#"[{"role":"user","content":"hi"}]"#.into()), answer: None });
    let row = |number| Entry { record: record(number, "code", "large", 100), text: text(number < 3) };
    ledger(&desk.path("ledger.db"), (0..5).map(row));
    desk.write(
        "rules.toml",
        &CONFIG.replace(
            "[routers.auto.categories.simple]",
            "classifier = { kind = \"none\" }\n[routers.auto.categories.simple]",
        ),
    );
    let told = desk.simulate("--ledger --against rules.toml --json").json();
    assert_eq!((&told["classified_anew"], &told["against"]["classified_anew"]), (&json!(0), &json!(3)));
    assert_eq!(told["per_category"]["code"]["requests"], 5);
    let against = &told["against"]["per_category"];
    assert_eq!((&against["general"]["requests"], &against["code"]["requests"]), (&json!(3), &json!(2)));
    let told = desk.simulate("--ledger --classify --json").json();
    assert_eq!((&told["classified_anew"], &told["per_category"]["simple"]["requests"]), (&json!(3), &json!(3)));
}

#[test]
fn labels_in_the_ledger_say_what_errors_cost() {
    let desk = Desk::new();
    traffic(&desk);
    let marks = Marks::open(&desk.path("ledger.db")).unwrap();
    // Ten of the sixty simple ones are labelled: nine are simple, one is code. Of code one, rightly.
    for number in (0..10).chain([40]) {
        let label = if number == 0 || number == 40 { "code" } else { "simple" };
        assert!(marks.label(record(number, "", "", 0).id, Some(label), 0).unwrap());
    }
    let told = desk.simulate("--ledger --json").json();
    let errors = &told["sensitivity"]["errors"];
    assert_eq!(
        (&errors["source"], &errors["labels"], &told["source"]["labelled"]),
        (&json!("labels"), &json!(11), &json!(11))
    );
    // A tenth of sixty of eighty.
    near(&errors["error_rate"], 6.0 / 80.0);
    assert_eq!(told["as_meant"], json!({"right": 10, "of": 11}));
    let told = desk.simulate("--ledger --errors 0.5 --json").json();
    near(&told["sensitivity"]["errors"]["error_rate"], 0.5);
    desk.write("eval.json", r#"{"n": 20, "confusion": {"simple": {"simple": 10}, "code": {"code": 9, "simple": 1}}}"#);
    let told = desk.simulate("--ledger --errors eval.json --json").json();
    assert_eq!(told["sensitivity"]["errors"]["source"], "evaluation");
    desk.simulate("--ledger --errors frontdesk.toml").refused("frontdesk eval FILE --json");
}

#[test]
fn a_model_that_answers_few_at_once_lets_requests_wait() {
    let desk = Desk::new();
    traffic(&desk);
    // One a second; `large` takes some four seconds for each of twenty and has one server.
    let told = desk.simulate("--ledger --concurrent large=1 --json").json();
    let large = &told["queue"]["models"][0];
    assert_eq!((&large["model"], &large["requests"]), (&json!("large"), &json!(20)));
    assert!(large["waiting_ms"]["p95"].as_f64().unwrap() > 40_000.0, "{large}");
    let with = told["per_category"]["code"]["mean_latency_ms"].as_f64().unwrap();
    let without = desk.simulate("--ledger --json").json()["per_category"]["code"]["mean_latency_ms"].as_f64().unwrap();
    near(&told["per_category"]["code"]["waiting_ms"]["mean"], with - without);
    let seeds = ["1", "1", "2"]
        .map(|seed| desk.simulate(&format!("--ledger --concurrent large=1 --arrivals 0.1 --seed {seed} --json")).out);
    assert!(seeds[0] == seeds[1] && seeds[0] != seeds[2]);
    let said = desk.simulate("--ledger --arrivals 10").out;
    assert!(said.contains("No model has `concurrent`"), "{said}");
}

#[test]
fn what_cannot_be_simulated_is_refused_with_what_to_do() {
    let desk = Desk::new();
    desk.simulate("--ledger").refused("there is no ledger at ledger.db: `frontdesk serve` writes it");
    ledger(&desk.path("ledger.db"), []);
    desk.simulate("--ledger").refused("has no request yet: let `frontdesk serve` answer some");
    desk.write("empty.db", "");
    desk.simulate("--ledger empty.db").refused("`frontdesk serve` makes it a ledger");
    traffic(&desk);
    desk.simulate("--ledger --since 1h").refused("its requests are from 2026-09-2");
    desk.write("other.toml", &CONFIG.replace("routers.auto", "routers.other"));
    desk.simulate("--ledger --config other.toml").refused("no request of the router `other`, but of `auto` (81)");
    desk.write("gone.toml", &CONFIG.replace("baseline = \"large\"", "baseline = \"larger\""));
    desk.simulate("--config gone.toml").refused("did you mean `large`?");
    desk.write("without.toml", &CONFIG.replace("baseline = \"large\"", ""));
    desk.simulate("--config without.toml")
        .refused("write baseline = \"ALIAS\" under [routers.auto], or name one with --baseline");
    assert_eq!(desk.simulate("--config without.toml --baseline large").code, 0);
    desk.simulate("--model smal").refused("there is no model `smal`");
    desk.simulate("--config frontdesk.toml --price small.outputs=1").refused("write input, cached_input or output");
    desk.simulate("--errors 1.5").refused("write a share from 0 to 1");
}

#[test]
fn a_model_without_a_price_or_a_speed_is_told() {
    let desk = Desk::new();
    desk.write("priceless.toml", &CONFIG.replace("price = { input = 1.0, output = 2.0 }", ""));
    let told = desk.simulate("--config priceless.toml --json").json();
    assert_eq!(told["unpriced_models"], json!(["small"]));
    assert_eq!(told["per_category"]["simple"]["unpriced"], told["per_category"]["simple"]["requests"]);
    let notes = told["notes"].to_string();
    assert!(notes.contains("small has no price") && notes.contains("[models.small]"), "{notes}");
    desk.write("slow.toml", &CONFIG.replace("profile = { first_token = \"100ms\", tokens_per_second = 100 }", ""));
    desk.simulate("--config slow.toml").refused("the model `small` has no `profile`: write profile = {");
    assert_eq!(desk.simulate("--config slow.toml --speed small=1s,50").code, 0);
}

#[test]
fn everything_on_the_baseline_saves_nothing() {
    let told = Desk::new().simulate("--config frontdesk.toml --model large --json").json();
    assert_eq!(told["overall"]["routed"], told["overall"]["baseline"]);
    assert_eq!((&told["savings"], &told["changed"]), (&json!({"latency": 0.0, "cost": 0.0}), &json!(["all on large"])));
}

#[test]
fn people_read_it() {
    let desk = Desk::new();
    traffic(&desk);
    insta::assert_snapshot!(desk.simulate("--ledger --errors 0.1 --concurrent large=2").out);
    let said = desk.simulate("--ledger --errors 0.1 --html page.html");
    let page = std::fs::read_to_string(desk.path("page.html")).unwrap();
    assert!(said.code == 0 && page.contains("<svg") && !page.contains("http://"), "{said:?}");
}
