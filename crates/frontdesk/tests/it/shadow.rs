//! Another classifier beside the router's own: it is asked, recorded, and in nobody's way.

use std::collections::BTreeSet;

use crate::client::{Answer, eventually, hi};
use crate::daemon::Home;
use crate::gateway::{Gateway, read};
use crate::reply::{Reply, completion};

/// The usual configuration with a judge, and this shadow of its router, which itself asks nobody.
fn gateway(shadow: &str) -> Gateway {
    let judge = "[models.judge]\nprovider = \"steady\"\nprice = { input = 0.1, output = 0.2 }\n[routers.auto]";
    let shadow = format!("classifier = {{ kind = \"none\" }}\nshadow = {shadow}");
    let gateway = Gateway::with(&[("[routers.auto]", judge), ("classifier = { kind = \"none\" }", &shadow)]);
    for model in ["small", "large"] {
        gateway.upstream.script(model, [Reply::answer("hello")]);
    }
    gateway
}

/// A shadow that asks the judge, for as long as a test may take.
const LLM: &str = r#"{ classifier = { kind = "llm", model = "judge", timeout = "60s" }, share = 1 }"#;
const CODE: &str = "Write a Python function that reverses a linked list.";

fn ask(gateway: &Gateway, text: &str) -> Answer {
    gateway.post("", &hi("auto", false).replace("hi", text))
}

/// These columns of the shadows, once there are so many.
fn shadows(gateway: &Gateway, columns: &str, count: usize) -> Vec<String> {
    let sql = format!("SELECT concat_ws(' ', {columns}) FROM shadows ORDER BY id");
    eventually("the shadows are written", || Some(gateway.query(&sql)).filter(|rows| rows.len() >= count))
}

#[test]
fn what_the_embedded_classifier_would_have_said_stands_in_the_ledger() {
    let gateway = gateway(r#"{ classifier = "embedded", share = 1 }"#);
    let answer = ask(&gateway, CODE);
    assert_eq!(answer.header("x-frontdesk-decided-by"), "default");
    let columns = "classifier, shadows.category, confidence BETWEEN 0.5 AND 1, cost_nano_usd, took_us > 0";
    assert_eq!(shadows(&gateway, columns, 1), ["embedded code 1 0 1"]);
    assert_eq!(gateway.row("category, decided_by"), "simple default", "nobody acts on it");
    let same = "SELECT cast(count(*) AS text) FROM shadows JOIN requests USING (id)";
    assert_eq!(gateway.query(same), ["1"]);
}

#[test]
fn what_it_says_too_unsurely_is_the_default() {
    let gateway = gateway(r#"{ classifier = { kind = "embedded", min_confidence = 1.0 }, share = 1 }"#);
    ask(&gateway, CODE);
    assert_eq!(shadows(&gateway, "classifier, category, confidence < 1.0", 1), ["embedded simple 1"]);
}

#[test]
fn what_a_model_says_costs_beside_the_request() {
    let gateway = gateway(LLM);
    gateway.upstream.script("judge", [Reply::answer("code"), Reply::answer("nonsense")]);
    ask(&gateway, "hello");
    // Ten tokens at 0.1 $ and five at 0.2 $ a million.
    assert_eq!(shadows(&gateway, "classifier, category, confidence IS NULL, cost_nano_usd", 1), ["llm code 1 2000"]);
    let own = "cost_nano_usd, classifier_model IS NULL, classifier_cost_nano_usd IS NULL, json_array_length(attempts)";
    assert_eq!(gateway.row(own), "20000 1 1 1");
    ask(&gateway, "hello");
    assert_eq!(shadows(&gateway, "classifier, category IS NULL, cost_nano_usd", 2)[1], "llm 1 2000");
    let calls = gateway.metric("frontdesk_shadow_calls_total");
    assert!(calls.contains(&r#"{model="judge",outcome="answered"} 1"#.to_owned()), "{calls:?}");
    assert_eq!(gateway.metric("frontdesk_shadow_cost_usd_total"), [r#"{model="judge"} 0.000004"#]);
    assert!(gateway.metric("frontdesk_classifier_cost_usd_total").is_empty());
}

#[test]
fn a_cascade_asks_the_model_only_where_it_is_unsure() {
    let gateway = gateway(r#"{ classifier = { kind = "cascade", model = "judge", min_confidence = 0.1 }, share = 1 }"#);
    ask(&gateway, CODE);
    assert_eq!(shadows(&gateway, "classifier, category", 1), ["cascade code"]);
    assert_eq!(gateway.upstream.called(), ["small"]);
    let unsure =
        self::gateway(r#"{ classifier = { kind = "cascade", model = "judge", min_confidence = 1.0 }, share = 1 }"#);
    unsure.upstream.script("judge", [Reply::answer("simple"), Reply::error(500, "x")]);
    ask(&unsure, CODE);
    assert_eq!(shadows(&unsure, "category, confidence IS NULL", 1), ["simple 1"]);
    ask(&unsure, CODE);
    assert_eq!(shadows(&unsure, "category, confidence > 0.5", 2)[1], "code 1", "its own answer stands then");
}

#[test]
fn an_answer_is_the_same_beside_a_shadow_that_hangs() {
    let plain = Gateway::start();
    plain.upstream.script("small", [Reply::answer("hello")]);
    let hanging = gateway(LLM);
    hanging.upstream.script("judge", [Reply::silent()]);
    let (expected, answer) = (ask(&plain, "hello"), ask(&hanging, "hello"));
    assert_eq!((answer.status, &answer.body), (expected.status, &expected.body));
    let names = |answer: &Answer| answer.headers.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&answer), names(&expected));
    hanging.upstream.wait_for_calls(2);
    assert_eq!(hanging.row("status, total_us < 1000000, decision_us < 1000000"), "200 1 1");
    let rows = |gateway: &Gateway| gateway.row("category, decided_by, chain, attempts ->> '$[0].model', cost_nano_usd");
    assert_eq!(rows(&hanging), rows(&plain));
    assert!(hanging.query("SELECT classifier FROM shadows").is_empty(), "it has said nothing yet");
}

#[test]
fn a_share_of_none_asks_nobody_and_named_models_have_no_shadow() {
    let none = gateway(&LLM.replace("share = 1", "share = 0"));
    none.upstream.script("judge", [Reply::answer("code")]);
    for _ in 0..20 {
        ask(&none, "hello");
    }
    assert_eq!(none.upstream.calls().len(), 20);
    let all = gateway(LLM);
    all.upstream.script("judge", [Reply::answer("code")]);
    // A model's own name is an override; hints and rules are not.
    all.ask("small", false);
    all.post("x-frontdesk-category: simple\r\n", &hi("auto", false));
    ask(&all, "rust");
    assert_eq!(shadows(&all, "classifier", 2).len(), 2);
    let by = "SELECT decided_by FROM shadows JOIN requests USING (id) ORDER BY id";
    assert_eq!(all.query(by), ["hint", "rule"]);
}

#[test]
fn a_share_is_of_the_requests() {
    let gateway = gateway(&LLM.replace("share = 1", "share = 0.5"));
    gateway.upstream.script("judge", [Reply::answer("code")]);
    for _ in 0..60 {
        ask(&gateway, "hello");
    }
    let chosen = "SELECT lower(hex(id)) FROM requests ORDER BY id";
    let among = |id: &String| routing::share::among(u128::from_str_radix(id, 16).unwrap(), 0.5);
    let expected: Vec<String> = gateway.query(chosen).into_iter().filter(among).collect();
    assert!((10..50).contains(&expected.len()), "{}", expected.len());
    assert_eq!(shadows(&gateway, "lower(hex(id))", expected.len()), expected);
}

#[test]
fn a_shadow_that_keeps_failing_is_left_alone_and_its_model_still_answers() {
    let gateway = gateway(&LLM.replace("judge", "small"));
    gateway.upstream.script("small judging", [Reply::error(500, "x")]);
    for asked in 1..=7 {
        assert_eq!(ask(&gateway, "hello").body, completion("hello"));
        shadows(&gateway, "classifier", asked);
    }
    assert_eq!(shadows(&gateway, "category IS NULL", 7), ["1"; 7]);
    assert_eq!(gateway.upstream.calls().len(), 7 + 5, "the sixth and seventh are not asked about");
    assert_eq!(gateway.breaker("small"), "0");
}

#[test]
fn where_too_many_wait_for_a_shadow_it_is_skipped_and_counted() {
    let gateway = gateway(LLM);
    gateway.upstream.script("judge", [Reply::silent()]);
    for _ in 0..260 {
        assert_eq!(ask(&gateway, "hello").status, 200);
    }
    assert_eq!(gateway.metric("frontdesk_shadow_skipped_total"), ["4"]);
}

#[test]
fn a_shadow_comes_with_a_reload_and_a_stop_does_not_wait_for_it_beyond_the_grace() {
    let home = Home::new();
    home.upstream.script("small", [Reply::answer("hello")]);
    home.upstream.script("large", [Reply::silent()]);
    let grace = ("shutdown_grace = \"3s\"", "shutdown_grace = \"200ms\"");
    home.configure(&[grace]);
    let daemon = home.start();
    assert_eq!(daemon.ask("auto", false).status, 200);
    let with = LLM.replace("judge", "large");
    let classifier = format!("classifier = {{ kind = \"none\" }}\nshadow = {with}");
    home.configure(&[grace, ("classifier = { kind = \"none\" }", &classifier)]);
    daemon.signal("HUP");
    daemon.wait_for_log("the configuration was loaded again");
    assert_eq!(daemon.ask("auto", false).status, 200);
    // Answer and shadow are asked for at the same time.
    eventually("the shadow is asked", || home.upstream.called().contains(&"large".to_owned()).then_some(()));
    daemon.signal("TERM");
    let (status, log) = daemon.end();
    assert!(status.success() && log.contains("\"shadows\":1"), "{log}");
    assert_eq!(home.rows("status"), ["200", "200"]);
    assert!(read(&home.path("ledger.db"), "SELECT classifier FROM shadows").is_empty());
}
