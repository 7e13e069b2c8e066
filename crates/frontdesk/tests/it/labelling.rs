//! From logged requests to a number: sample, label, eval, as processes of their own over a gateway's ledger.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::client::{chat, eventually};
use crate::daemon::Home;
use crate::gateway::read;
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
    let ledger = home.path("ledger.db").display().to_string();
    let mut expected = json!({"file": "rows.jsonl", "rows": 8, "labelled": 2, "skipped": 1, "left": 6});
    for (name, value) in [("ledger", json!(ledger)), ("in_ledger", json!(2)), ("not_in_ledger", json!(0))] {
        expected[name] = value;
    }
    assert_eq!(first.json(), expected);
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
    std::fs::rename(home.path("frontdesk.toml"), home.path("elsewhere.toml")).unwrap();
    let shown = run(&home, "label rows.jsonl --show-said", &"g".repeat(14));
    assert!(shown.err.contains("so labels go into rows.jsonl only"), "{}", shown.err);
    assert!(shown.err.contains("nasty ␛[2J\u{fffd}1m end␇"), "{}", shown.err);
    assert!(!shown.err.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{}", shown.err);
    assert!(shown.err.contains("the gateway said: code (no confidence)"), "{}", shown.err);
    assert!(shown.out.contains("14 of 14 rows have a label"), "{}", shown.out);
    assert!(rows(&home.path("rows.jsonl")).iter().all(|row| row["label"] == "general"));
    let again = run(&home, "label rows.jsonl", "");
    assert!(again.code == 0 && !again.err.contains("row 1 of"), "{again:?}");
}

/// The labels in the ledger with what was said of their requests.
fn in_ledger(home: &Home) -> Vec<String> {
    let sql = "SELECT category || '=' || label FROM labels JOIN requests USING (id) ORDER BY 1";
    read(&home.path("ledger.db"), sql)
}

/// A home whose sample of eight has the label of what was said, one of `simple` apart which is `code`.
fn labelled() -> (Home, Vec<Value>) {
    let (home, _) = sampled("prompts");
    let drawn = rows(&home.path("rows.jsonl"));
    let wrong = drawn.iter().position(|row| row["said"] == "simple").unwrap();
    let key = |(position, row)| if position == wrong { 'c' } else { agreeing(row) };
    let keys: String = drawn.iter().enumerate().map(key).collect();
    assert_eq!(run(&home, "label rows.jsonl", &keys).code, 0);
    (home, drawn)
}

#[test]
fn labels_are_in_the_ledger_too_and_taking_one_back_takes_it_from_there() {
    let (home, _) = sampled("prompts");
    run(&home, "label rows.jsonl", "cc");
    assert_eq!(in_ledger(&home).len(), 2);
    let said = run(&home, "label rows.jsonl", "1u");
    assert_eq!(in_ledger(&home).len(), 2, "{said:?}");
    let only = run(&home, "label rows.jsonl --file-only --json", "1");
    assert_eq!((&only.json()["ledger"], in_ledger(&home).len()), (&Value::Null, 2));
    // They outlive the gateway, and go with their requests.
    home.start().signal("TERM");
    assert_eq!(in_ledger(&home).len(), 2);
    let text = std::fs::read_to_string(home.path("frontdesk.toml")).unwrap();
    std::fs::write(home.path("frontdesk.toml"), text.replace("[ledger]", "[ledger]\nretention = \"0s\"")).unwrap();
    let daemon = home.start();
    eventually("they are forgotten", || in_ledger(&home).is_empty().then_some(()));
    drop(daemon);
    let gone = run(&home, "label rows.jsonl --json", "1");
    assert_eq!((&gone.json()["in_ledger"], &gone.json()["not_in_ledger"]), (&json!(0), &json!(1)), "{gone:?}");
}

#[test]
fn the_labels_of_the_ledger_measure_the_whole_traffic() {
    let (home, _) = labelled();
    let of_file = run(&home, "eval rows.jsonl --json", "").json();
    let of_ledger = run(&home, "eval --ledger --json", "").json();
    for name in ["n", "clears_90", "confusion"] {
        assert_eq!(of_ledger[name], of_file[name], "{name}");
    }
    for number in ["/accuracy", "/accuracy_ci95/0", "/accuracy_ci95/1", "/requests", "/by_source/rule/accuracy"] {
        let [one, other] = [&of_ledger, &of_file].map(|said| said.pointer(number).unwrap().as_f64().unwrap());
        assert!((one - other).abs() < 1e-9, "{number}: {one} {other}");
    }
    // The file has no rows without a label, the ledger has those that were not drawn.
    assert_eq!((&of_file["unlabelled"], &of_ledger["unlabelled"]), (&json!(0), &json!(6)));
    let table = run(&home, "eval --ledger --min 0.99", "");
    assert!(
        table.code == 1 && table.out.contains("of the 14 requests that the labelled requests stand for"),
        "{table:?}"
    );
    let embedded = run(&home, "eval --ledger --classifier embedded --json", "");
    assert!(embedded.err.contains("has no embedded classifier"), "{embedded:?}");
    let none = run(&home, "eval --ledger --since 0s", "");
    assert!(none.code == 1 && none.err.contains("has a label in that time"), "{none:?}");
}

#[test]
fn a_sample_leaves_out_what_has_a_label_already() {
    let (home, drawn) = labelled();
    let more = run(&home, "sample --out more.jsonl --json", "").json();
    let counts = ["rows", "kept", "labelled"].map(|name| more[name].as_u64().unwrap());
    assert_eq!(counts, [6, 6, 8], "{more}");
    let known = |row: &Value| drawn.iter().any(|drawn| drawn["request_id"] == row["request_id"]);
    assert!(!rows(&home.path("more.jsonl")).iter().any(known));
    let again = run(&home, "sample --again", "");
    assert_eq!(again.out.lines().count(), 14);
    run(&home, "label more.jsonl", "111111");
    let nothing = run(&home, "sample", "");
    assert!(nothing.code == 1 && nothing.err.contains("--again draws from them again"), "{nothing:?}");
}

#[test]
fn what_was_labelled_elsewhere_can_be_brought_in() {
    let (home, _) = sampled("prompts");
    let file = home.path("rows.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    for line in &mut lines[..3] {
        *line = line.replace(r#""label":null"#, r#""label":"code""#);
    }
    std::fs::write(&file, lines.join("\n")).unwrap();
    let said = run(&home, "label --import rows.jsonl --json", "");
    let counts =
        |said: &Said| ["rows", "imported", "unlabelled", "broken"].map(|name| said.json()[name].as_u64().unwrap());
    assert_eq!((said.code, counts(&said)), (0, [8, 3, 5, 0]), "{said:?}");
    assert_eq!(in_ledger(&home).len(), 3);
    lines[3] = lines[3].replace(r#""label":null"#, r#""label":"cod""#);
    lines[4] = lines[4].replace(r#""label":null"#, r#""label":"simple""#);
    lines.push("{".into());
    std::fs::write(&file, lines.join("\n")).unwrap();
    let said = run(&home, "label --import rows.jsonl --json", "");
    assert_eq!((said.code, counts(&said)), (1, [9, 4, 3, 2]), "{said:?}");
    assert!(said.err.contains("line 4: no router has a category `cod`; did you mean `code`?"), "{said:?}");
    assert!(said.err.contains("line 9: it is no row"), "{said:?}");
    assert_eq!(in_ledger(&home).len(), 4, "what is right is used");
}

#[test]
fn commands_that_call_nobody_need_no_secret() {
    let (home, _) = labelled();
    std::fs::remove_file(home.path("key")).unwrap();
    for command in ["sample", "label rows.jsonl", "label --import rows.jsonl", "eval --ledger"] {
        assert_eq!(run(&home, command, "").code, 0, "{command}");
    }
    let checked = run(&home, "check --config frontdesk.toml", "");
    assert!(checked.code != 0, "{checked:?}");
}

#[test]
fn the_labels_of_the_ledger_are_learned_from() {
    let (home, _) = labelled();
    let more = json!({"text": "fn main() {}", "label": "code"}).to_string() + "\n";
    std::fs::write(home.path("own.jsonl"), more.repeat(2)).unwrap();
    let said = run(&home, "train --ledger own.jsonl --out own.fdm", "");
    assert!(said.code == 0 && said.err.contains("own.fdm: 10 rows, 2 labels"), "{said:?}");
    let alone = run(&home, "train own.jsonl --config frontdesk.toml --out other.fdm", "");
    assert!(alone.code == 1 && alone.err.contains("add --ledger"), "{alone:?}");
}
