//! From logged requests to a number: sample, label, eval, as processes of their own over a gateway's ledger.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::client::chat;
use crate::daemon::Home;
use crate::reply::Reply;

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
}

/// Runs a command in the folder of a home, with these keys on its standard input.
fn run(home: &Home, arguments: &str, keys: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
    command.args(arguments.split(' ')).current_dir(home.path("."));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads no keys may be gone before they come.
    child.stdin.take().unwrap().write_all(keys.as_bytes()).ok();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// A home whose gateway keeps prompts as it is told, and sends what is about rust to `code`, all else to `simple`.
fn home(texts: &str) -> Home {
    let home = Home::new();
    let code = "categories.simple.models = [\"small\"]\ncategories.code.models = [\"small\"]\n\
        [[routers.auto.rules]]\nwhen = { regex = \"rust\" }\nthen = { category = \"code\" }";
    let ledger = format!("[ledger]\ntext = \"{texts}\"");
    home.configure(&[("categories.simple.models = [\"small\"]", code), ("[ledger]", &ledger)]);
    home
}

/// Serves these messages of a user, each a JSON value, one after the other.
fn serve(home: &Home, model: &str, contents: impl IntoIterator<Item = Value>) {
    home.upstream.script("small", [Reply::answer("hello")]);
    let daemon = home.start();
    for content in contents {
        // Broken into lines, as some clients write it.
        let body =
            format!("{{\"model\":\"{model}\",\"messages\":[\n{{\"role\":\"user\",\r\n\"content\":{content}}}]}}");
        assert_eq!(daemon.send(&chat("", &body)).answer().status, 200);
    }
    daemon.signal("TERM");
    daemon.end();
}

/// Ten requests in `simple`, four in `code`, an override, and one whose text is nasty.
fn traffic(home: &Home) {
    let simple = (0..9).map(|number| json!(format!("question {number}")));
    let code = (0..4).map(|number| json!(format!("rust {number}")));
    serve(home, "auto", simple.chain(code).chain([json!("nasty \u{1b}[2J\u{9b}1m end\u{7}")]));
    serve(home, "small", [json!("named the model")]);
}

fn rows(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A home with a sample of eight of its requests.
fn sampled(texts: &str) -> (Home, Said) {
    let home = home(texts);
    traffic(&home);
    let said = run(&home, "sample -n 8 --out rows.jsonl --json", "");
    assert_eq!(said.code, 0, "{said:?}");
    (home, said)
}

/// The key of what was said of a row.
fn agreeing(row: &Value) -> char {
    if row["said"] == "code" { 'c' } else { '1' }
}

#[test]
fn a_sample_holds_what_was_said_and_stands_for_all_routed_requests() {
    let (home, drawn) = sampled("prompts");
    let summary = drawn.json();
    let counts = ["rows", "routed", "kept", "strata", "strata_left_out"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [8, 14, 14, 2, 0], "{summary}");
    let rows = rows(&home.path("rows.jsonl"));
    let weights: f64 = rows.iter().map(|row| row["weight"].as_f64().unwrap()).sum();
    assert!((weights - 14.0).abs() < 1e-9, "{rows:?}");
    for row in &rows {
        let about_rust = row["messages"][0]["content"].as_str().unwrap().contains("rust");
        assert_eq!(row["said"], if about_rust { "code" } else { "simple" });
        assert_eq!((&row["label"], &row["confidence"]), (&Value::Null, &Value::Null));
        assert_eq!(row["request_id"].as_str().map(str::len), Some(36));
    }
}

#[test]
fn a_sample_says_where_tools_were_offered() {
    let home = home("prompts");
    home.upstream.script("small", [Reply::answer("hello")]);
    let text = std::fs::read_to_string(home.path("frontdesk.toml")).unwrap();
    std::fs::write(
        home.path("frontdesk.toml"),
        text.replacen("provider = \"up\"", "provider = \"up\"\ncapabilities = [\"tools\"]", 1),
    )
    .unwrap();
    let daemon = home.start();
    let tool = json!({"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}});
    for tools in [json!([tool]), json!([])] {
        let message = json!({"role": "user", "content": "hi"});
        let body = json!({"model": "auto", "messages": [message], "tools": tools}).to_string();
        assert_eq!(daemon.send(&chat("", &body)).answer().status, 200);
    }
    daemon.signal("TERM");
    daemon.end();
    let drawn = run(&home, "sample", "");
    let mut tools: Vec<bool> = drawn.out.lines().map(|line| line.contains(r#""tools":true"#)).collect();
    tools.sort_unstable();
    assert_eq!(tools, [false, true], "{drawn:?}");
    assert_eq!(home.rows("tools"), ["1", "0"]);
}

#[test]
fn labelling_goes_on_where_it_stopped_and_takes_back_what_was_mistyped() {
    let (home, _) = sampled("prompts");
    let file = home.path("rows.jsonl");
    let before = rows(&file);
    // The second is mistyped and undone, the third left for later; then whoever labels has had enough.
    let first = run(&home, "label rows.jsonl --config frontdesk.toml --json", "1 2u1 s q");
    assert_eq!(first.json(), json!({"file": "rows.jsonl", "rows": 8, "labelled": 2, "skipped": 1, "left": 6}));
    assert!(!first.err.contains("the gateway said"), "{}", first.err);
    let half = rows(&file);
    let answers: Vec<_> = half.iter().map(|row| (&row["label"], &row["skipped"])).collect();
    let (simple, yes, none) = (json!("simple"), json!(true), Value::Null);
    assert_eq!(answers[..4], [(&simple, &none), (&simple, &none), (&none, &yes), (&none, &none)]);
    assert_eq!(half[3..], before[3..]);
    // The skipped one comes last; an unknown key means nothing.
    let second = run(&home, "label rows.jsonl --config frontdesk.toml --json", "11111zc");
    assert_eq!(second.json()["left"], 0, "{second:?}");
    let whole = rows(&file);
    assert_eq!((&whole[2]["label"], whole[2].get("skipped")), (&json!("code"), None));
    // The last one can be taken back as well.
    run(&home, "sample -n 2 --out two.jsonl", "");
    let last = run(&home, "label two.jsonl --config frontdesk.toml --json", "11u");
    assert_eq!(last.json()["labelled"], 1, "{last:?}");
}

#[test]
fn the_accuracy_of_a_labelled_sample_is_that_of_the_traffic() {
    let (home, _) = sampled("prompts");
    let file = home.path("rows.jsonl");
    let drawn = rows(&file);
    let wrong = drawn.iter().position(|row| row["said"] == "simple").unwrap();
    let key = |(position, row)| if position == wrong { 'c' } else { agreeing(row) };
    let keys: String = drawn.iter().enumerate().map(key).collect();
    run(&home, "label rows.jsonl --config frontdesk.toml", &keys);
    let evaluation = run(&home, "eval rows.jsonl --json", "").json();
    // What the wrong row stands for, of fourteen.
    let expected = 1.0 - drawn[wrong]["weight"].as_f64().unwrap() / 14.0;
    assert!((evaluation["accuracy"].as_f64().unwrap() - expected).abs() < 1e-9, "{evaluation}");
    assert_eq!((&evaluation["n"], &evaluation["clears_90"]), (&json!(8), &json!("unsure")));
    assert_eq!((&evaluation["unlabelled"], &evaluation["covered"]), (&json!(0), &json!(1.0)));
    assert_eq!(evaluation["confusion"]["code"]["simple"], 1);
    assert!(evaluation["by_source"]["rule"].is_object(), "{evaluation}");
    assert!(evaluation["decision_us"]["p99"].as_f64().is_some_and(|took| took > 0.0), "{evaluation}");
    let table = run(&home, "eval rows.jsonl --min 0.99", "");
    assert!(table.code == 1 && table.out.contains("Whether it clears 90 % is not sure"), "{table:?}");
}

#[test]
fn rows_without_a_label_are_left_out_and_counted() {
    let (home, _) = sampled("full");
    let none = run(&home, "eval rows.jsonl", "");
    assert!(none.code == 1 && none.err.contains("frontdesk label"), "{none:?}");
    run(&home, "label rows.jsonl --config frontdesk.toml", "1");
    let one = run(&home, "eval rows.jsonl --json", "").json();
    assert_eq!((&one["n"], &one["unlabelled"]), (&json!(1), &json!(7)));
    assert!(one["covered"].as_f64().is_some_and(|covered| covered < 1.0), "{one}");
    let again = run(&home, "eval rows.jsonl --classifier embedded --json", "").json();
    assert_eq!((&again["n"], &again["requests"]), (&json!(1), &json!(14.0)));
}

#[test]
fn the_same_seed_draws_the_same_and_small_ledgers_give_all_they_have() {
    let home = home("prompts");
    traffic(&home);
    let draw = |arguments: &str| run(&home, &format!("sample {arguments}"), "");
    assert_eq!(draw("-n 8 --seed 3").out, draw("-n 8 --seed 3").out);
    assert_ne!(draw("-n 8 --seed 3").out, draw("-n 8 --seed 4").out);
    let all = draw("--since 1h");
    assert!(all.out.lines().count() == 14 && all.err.contains("there are no more"), "{all:?}");
    let few = draw("-n 1");
    assert!(few.out.lines().count() == 1 && few.err.contains("1 strata are not in it"), "{few:?}");
    std::fs::write(home.path("labels.jsonl"), "precious").unwrap();
    let refused = draw("--out labels.jsonl");
    assert!(refused.code == 1 && refused.err.contains("left alone"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(home.path("labels.jsonl")).unwrap(), "precious");
}

#[test]
fn what_there_is_to_draw_from_is_said_where_there_is_nothing() {
    let home = home("none");
    let check = |arguments: &str, expected: &str| {
        let said = run(&home, format!("sample {arguments}").trim_end(), "");
        assert!(said.code == 1 && said.out.is_empty() && said.err.contains(expected), "{expected}: {said:?}");
    };
    check("", "there is no ledger at");
    assert!(!home.path("ledger.db").exists());
    serve(&home, "small", [json!("named the model")]);
    check("", "has no request that `auto` gave a category");
    serve(&home, "auto", [json!("hello")]);
    check("", "write text = \"prompts\" under [ledger]");
    check("--router nobody", "there is no router `nobody`");
    home.configure(&[("[ledger]", "[ledger]\ntext = \"prompts\"")]);
    check("", "x-frontdesk-text: none");
}

#[test]
fn texts_do_nothing_to_the_terminal_and_what_was_said_is_shown_on_demand() {
    let home = home("prompts");
    traffic(&home);
    run(&home, "sample --out rows.jsonl", "");
    // Without a configuration the built-in categories: `g` is general.
    let shown = run(&home, "label rows.jsonl --show-said", &"g".repeat(14));
    assert!(shown.err.contains("nasty ␛[2J\u{fffd}1m end␇"), "{}", shown.err);
    assert!(!shown.err.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{}", shown.err);
    assert!(shown.err.contains("the gateway said: code (no confidence)"), "{}", shown.err);
    assert!(shown.out.contains("14 of 14 rows have a label"), "{}", shown.out);
    assert!(rows(&home.path("rows.jsonl")).iter().all(|row| row["label"] == "general"));
    let again = run(&home, "label rows.jsonl", "");
    assert!(again.code == 0 && !again.err.contains("row 1 of"), "{again:?}");
}
