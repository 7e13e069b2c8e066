//! Routers that ask a model for the category: what it is asked, and what becomes of its answer.

use serde_json::json;

use crate::client::{at_once, chat, hi};
use crate::gateway::{ATTEMPTS, Gateway, OUTCOME};
use crate::reply::{Reply, completion};

const CONFIG: &str = r#"
[providers.up]
base_url = "UPSTREAM"
api_key = "env:KEY"
retries = 0
[models.judge]
provider = "up"
price = { input = 0.1, output = 0.2 }
[models.small]
provider = "up"
price = { input = 1.0, output = 2.0 }
[models.large]
provider = "up"
price = { input = 3.0, output = 4.0 }
[routers.auto]
default = "simple"
[routers.auto.classifier]
kind = "llm"
model = "judge"
timeout = "8s"
[routers.auto.categories.simple]
about = "greetings and small talk"
models = ["small"]
[routers.auto.categories.code]
models = ["large"]
"#;

/// A gateway whose judge says this.
fn judged(config: &str, says: &[Reply]) -> Gateway {
    let gateway = Gateway::of(config);
    gateway.upstream.script("judge", says);
    for model in ["small", "large"] {
        gateway.upstream.script(model, [Reply::answer("hello")]);
    }
    gateway
}

/// Asks where the judge says this: what decided, the category, and how asking the judge ended.
fn check(config: &str, says: &Reply, expected: &str) {
    at_once([false, true], |stream| {
        let gateway = judged(config, std::slice::from_ref(says));
        let body = hi("auto", stream).replace("hi", "Write a Python function that reverses a linked list.");
        let answer = gateway.post("", &body);
        assert_eq!((answer.status, answer.body), (200, completion("hello")));
        let row = gateway.row("decided_by, category, model, classifier_model, classifier_outcome");
        assert_eq!(row, expected);
        assert_eq!(gateway.upstream.called()[0], "judge");
        assert_eq!(gateway.upstream.calls().len(), 2);
    });
}

/// A judge that is not waited for long.
fn hurried(config: &str) -> String {
    config.replace("timeout = \"8s\"", "timeout = \"200ms\"")
}

/// The embedded classifier is asked first, and never sure enough.
fn cascade() -> String {
    CONFIG.replace("kind = \"llm\"", "kind = \"cascade\"\nmin_confidence = 1.0")
}

#[test]
fn the_judge_is_told_the_categories_and_the_message() {
    let gateway = judged(CONFIG, &[Reply::answer("code")]);
    gateway.post("", &hi("auto", true).replace("hi", "sort a list"));
    let calls = gateway.upstream.calls();
    let asked = &calls[0].body;
    assert_eq!(
        [&asked["model"], &asked["temperature"], &asked["max_tokens"]],
        [&json!("judge"), &json!(0), &json!(10)]
    );
    assert!(asked.get("stream").is_none());
    let messages = asked["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[0]["role"], &messages[1]["role"]), (2, &json!("system"), &json!("user")));
    let system = messages[0]["content"].as_str().unwrap();
    assert!(system.contains("- simple: greetings and small talk\n") && system.contains("- code: code\n"), "{system}");
    assert_eq!(messages[1]["content"], "Message: sort a list");
    assert_eq!(calls[0].headers["authorization"], "Bearer s3cret");
    assert_eq!(calls[1].body["model"], "large");
}

#[test]
fn the_judges_answer_is_trimmed_and_lower_cased() {
    for answer in ["code", " Code\n", "CODE.", "\"code\"", "**code**"] {
        check(CONFIG, &Reply::answer(answer), "llm code large judge answered");
    }
}

#[test]
fn an_answer_that_is_no_category_means_the_default() {
    for answer in ["", "I think it is code", "agent", "code, simple"] {
        check(CONFIG, &Reply::answer(answer), "default simple small judge unknown_label");
    }
}

#[test]
fn a_judge_that_fails_means_the_default() {
    check(CONFIG, &Reply::error(500, "x"), "default simple small judge failed");
    check(CONFIG, &Reply::close(), "default simple small judge failed");
    check(CONFIG, &Reply::json("{}"), "default simple small judge failed");
    check(CONFIG, &Reply::error(422, "x"), "default simple small judge failed");
    check(CONFIG, &Reply::stream(crate::reply::streamed("code")), "default simple small judge failed");
}

#[test]
fn a_judge_that_is_too_slow_means_the_default_and_its_call_is_cancelled() {
    let gateway = judged(&hurried(CONFIG), &[Reply::silent()]);
    let answer = gateway.ask("auto", false);
    assert_eq!((answer.status, answer.header("x-frontdesk-decided-by")), (200, "default"));
    gateway.upstream.wait_for_cancelled(&["judge"]);
    assert_eq!(gateway.row("classifier_outcome, decision_us BETWEEN 190000 AND 1500000"), "timeout 1");
    assert_eq!(gateway.row("overhead_us < 100000"), "1", "waiting for the judge is no overhead of ours");
}

#[test]
fn a_cascade_takes_the_judges_word_where_it_is_unsure() {
    check(&cascade(), &Reply::answer("simple"), "llm simple small judge answered");
}

#[test]
fn a_cascade_whose_judge_is_no_help_takes_the_embedded_answer() {
    check(&cascade(), &Reply::answer("nonsense"), "embedded code large judge unknown_label");
    check(&cascade(), &Reply::error(500, "x"), "embedded code large judge failed");
    check(&hurried(&cascade()), &Reply::silent(), "embedded code large judge timeout");
}

#[test]
fn a_cascade_that_is_sure_asks_nobody() {
    let sure = cascade().replace("min_confidence = 1.0", "min_confidence = 0.1");
    let gateway = judged(&sure, &[Reply::answer("simple")]);
    gateway.post("", &hi("auto", false).replace("hi", "Write a Python function that reverses a linked list."));
    assert_eq!(gateway.upstream.called(), ["large"]);
    assert_eq!(
        gateway.row("decided_by, category, coalesce(classifier_model, '-'), confidence > 0.1"),
        "embedded code - 1"
    );
}

#[test]
fn what_is_settled_already_is_not_judged() {
    let gateway = judged(CONFIG, &[Reply::answer("code")]);
    gateway.post("x-frontdesk-category: simple\r\n", &hi("auto", false));
    gateway.ask("large", false);
    assert_eq!(gateway.upstream.called(), ["small", "large"]);
}

#[test]
fn the_judges_tokens_are_counted_apart() {
    let gateway = judged(CONFIG, &[Reply::answer("code")]);
    let answer = gateway.ask("auto", false);
    assert_eq!(gateway.outcome(), "200 - large 0 10+5 measured 50000");
    assert_eq!(gateway.attempts(), "large:answered");
    assert_eq!((answer.header("x-frontdesk-attempts"), answer.header("x-frontdesk-cost-usd")), ("1", "0.000050000"));
    // Ten tokens at 0.1 $ and five at 0.2 $ a million.
    let judge = "classifier_model, classifier_input_tokens, classifier_output_tokens, classifier_cost_nano_usd";
    assert_eq!(gateway.row(judge), "judge 10 5 2000");
    assert_eq!(
        gateway.row("classifier_us > 0, decision_us >= classifier_us, coalesce(confidence, 'none')"),
        "1 1 none"
    );
    let costs = gateway.metric("frontdesk_classifier_cost_usd_total");
    assert_eq!(costs, [r#"{model="judge"} 0.000002"#]);
}

#[test]
fn a_judge_that_answers_with_its_own_model_uses_one_connection() {
    let own = CONFIG.replace("model = \"judge\"", "model = \"small\"");
    let gateway = judged(&own, &[]);
    gateway.upstream.script("small", [Reply::answer("simple"), Reply::answer("hello")]);
    assert_eq!(gateway.ask("auto", false).body, completion("hello"));
    assert_eq!(gateway.upstream.called(), ["small", "small"]);
    assert_eq!(gateway.upstream.connections(), 1);
}

#[test]
fn a_judge_that_keeps_failing_is_not_asked_for_a_while_and_its_model_still_answers() {
    let own = hurried(CONFIG).replace("model = \"judge\"", "model = \"small\"");
    let gateway = judged(&own, &[]);
    let turns = (0..5).flat_map(|_| [Reply::silent(), Reply::answer("hello")]);
    gateway.upstream.script("small", turns.collect::<Vec<_>>());
    for _ in 0..7 {
        assert_eq!(gateway.ask("auto", false).body, completion("hello"));
    }
    assert_eq!(gateway.upstream.calls().len(), 5 * 2 + 2, "the sixth and seventh request are not judged");
    let rows = gateway.rows("classifier_outcome, decided_by, model");
    assert_eq!(rows[..5], ["timeout default small"; 5]);
    assert_eq!(rows[5..], ["cooling default small"; 2]);
    assert_eq!(gateway.rows(ATTEMPTS), ["small:answered"; 7]);
    assert_eq!(gateway.rows(OUTCOME), ["200 - small 0 10+5 measured 20000"; 7]);
    assert_eq!(gateway.breaker("small"), "0", "a judge that is too slow may be a good answerer");
}

#[test]
fn a_client_that_leaves_while_it_is_judged_cancels_the_judge() {
    let gateway = judged(CONFIG, &[Reply::silent()]);
    let client = gateway.send(&chat("", &hi("auto", true)));
    gateway.upstream.wait_for_calls(1);
    drop(client);
    gateway.upstream.wait_for_cancelled(&["judge"]);
    assert_eq!(gateway.row("status, error, attempts"), "499 client_closed []");
    assert_eq!(gateway.upstream.called(), ["judge"]);
}

#[test]
fn the_clients_time_holds_for_the_judge_too() {
    let gateway = judged(&CONFIG.replace("timeout = \"8s\"", "timeout = \"1800ms\""), &[Reply::silent()]);
    let answer = gateway.post("x-frontdesk-timeout-ms: 100\r\n", &hi("auto", false));
    assert_eq!((answer.status, answer.error_code().as_str()), (504, "timeout"));
    assert_eq!(gateway.row("status, error, total_us < 1000000"), "504 timeout 1");
}
